"""`tessera segments` on a database: a list in, who is in it, out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.plugin.cli.conftest import CONTENT, Tessera

RULES = """\
version: 1
slots:
  - {id: home.hero, default: {id: welcome}}
segments:
  - {id: french, when: {geo.country: FR}}
  - {id: beta, members: [v-listed]}
rules:
  - {id: vip-first, slot: home.hero, when: {segment: beta}, then: [{pin: {content.tags: vip}}]}
"""


@pytest.fixture
def published(here: Path, run: Tessera) -> Tessera:
    """A database with a published version."""
    (here / "rules.yaml").write_text(RULES, "utf-8")
    (here / "content.yaml").write_text(CONTENT, "utf-8")
    assert run("db", "upgrade").exit_code == 0
    assert run("rules", "publish", "rules.yaml").exit_code == 0
    return run


def test_a_list_goes_in_and_comes_out(published: Tessera, here: Path) -> None:
    (here / "a.csv").write_text("visitor_id,plan\nv-1,pro\nv-2,free\n")
    done = published("segments", "import", "beta", "a.csv", "--author", "ada")
    assert (done.exit_code, done.stdout) == (0, "beta: 2 lines, 2 entered, 0 were in, 0 left\n")
    (here / "b.csv").write_text("v-2\nv-3\n")
    assert "1 entered, 1 were in, 1 left" in published("segments", "import", "beta", "b.csv", "--replace").stdout

    table = published("segments", "list").stdout.splitlines()
    assert [line.split() for line in table[1:]] == [["beta", "members", "3"], ["french", "when", "-"]]
    sizes = {one["id"]: one["size"] for one in json.loads(published("segments", "list", "--format", "json").stdout)}
    assert sizes == {"beta": 3, "french": None}

    lines = published("segments", "export", "beta").stdout.splitlines()
    assert lines[0] == "id,source,from,since,until,score"
    assert lines[1].startswith("v-listed,")
    assert len(lines) == 4
    assert "v-2" not in "".join(lines[2:])
    assert len(json.loads(published("segments", "members", "beta", "--format", "json").stdout)) == 2
    shown = published("segments", "members", "beta", "--limit", "1")
    assert len(shown.stdout.splitlines()) == 2
    assert "there are more" in shown.stderr


def test_bad_lines_are_printed_with_their_places(published: Tessera, here: Path) -> None:
    (here / "a.csv").write_text("v-1\nv,2\nv-3\n")
    refused = published("segments", "import", "beta", "a.csv")
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[0].startswith("a.csv:2: more than one column")
    assert "--skip-bad" in refused.stderr
    assert json.loads(published("segments", "members", "beta", "--format", "json").stdout) == []
    skipped = published("segments", "import", "beta", "a.csv", "--skip-bad")
    assert (skipped.exit_code, skipped.stdout) == (1, "beta: 2 lines, 2 entered, 0 were in, 0 left\n")


def test_what_uses_a_segment_and_names_that_are_wrong(published: Tessera, here: Path) -> None:
    assert "vip-first" in published("segments", "uses", "beta").stdout
    assert published("segments", "uses", "french").stdout == "nothing uses 'french'\n"
    (here / "a.csv").write_text("v-1\n")
    wrong = published("segments", "import", "bета", "a.csv")
    assert wrong.exit_code == 1
    assert "no segment" in wrong.stderr
    assert "condition" in published("segments", "import", "french", "a.csv").stderr
