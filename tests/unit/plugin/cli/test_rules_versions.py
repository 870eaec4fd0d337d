"""`tessera rules publish`, `list`, `diff` and `rollback` on a database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.plugin.cli.conftest import CONTENT, RULES, TESTS, Tessera


@pytest.fixture
def site(here: Path, run: Tessera) -> Path:
    """A migrated database and a synced content folder."""
    (here / "content" / "hero").mkdir(parents=True)
    (here / "content" / "hero" / "welcome.yaml").write_text("title: Welcome\n")
    (here / "content" / "hero" / "gold.yaml").write_text("title: Gold\ntags: [vip]\n")
    (here / "tessera.toml").write_text('[sources.site]\nadapter = "files"\npath = "content"\n')
    assert run("db", "upgrade").exit_code == 0
    assert run("cms", "sync").exit_code == 0
    return here


def test_publishing_keeps_a_version_and_serves_it(run: Tessera, site: Path, rules: Path) -> None:
    result = run("rules", "publish", str(rules), "--author", "ines", "--note", "first")
    assert result.exit_code == 0
    assert result.stdout.startswith("published version 1 (")
    (listed,) = json.loads(run("rules", "list", "--format", "json").stdout)
    assert (listed["number"], listed["published"], listed["author"], listed["note"]) == (1, True, "ines", "first")


def test_publishing_the_same_document_again_changes_nothing(run: Tessera, site: Path, rules: Path) -> None:
    run("rules", "publish", str(rules))
    again = run("rules", "publish", str(rules))
    assert (again.exit_code, again.stdout) == (0, "version 1 is this document already\n")
    assert len(json.loads(run("rules", "list", "--format", "json").stdout)) == 1


def test_a_failing_test_blocks_publishing_at_its_place(run: Tessera, site: Path, rules: Path) -> None:
    (rules / "20-tests.yaml").write_text(TESTS.replace("first: gold", "first: silver"))
    result = run("rules", "publish", str(rules))
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{rules}/20-tests.yaml:2:5: the test 'the French see the vip hero' fails")
    assert "cms sync" not in result.stderr
    assert json.loads(run("rules", "list", "--format", "json").stdout) == []


def test_where_there_is_no_content_yet_the_failure_says_how_to_get_it(run: Tessera, here: Path, rules: Path) -> None:
    run("db", "upgrade")
    result = run("rules", "publish", str(rules))
    assert result.exit_code == 1
    assert "'tessera cms sync' brings it" in result.stderr


def test_difference_and_the_way_back(run: Tessera, site: Path, rules: Path) -> None:
    run("rules", "publish", str(rules))
    changed = RULES.replace("id: home.hero,", "id: home.hero, limit: 2,").replace("geo.country: FR", "geo.country: BE")
    (rules / "10-rules.yaml").write_text(changed)
    (rules / "20-tests.yaml").write_text(TESTS.replace("geo.country: FR", "geo.country: BE"))
    assert run("rules", "publish", str(rules)).exit_code == 0
    shown = run("rules", "diff", "1", "published").stdout.splitlines()
    assert "~ slots home.hero" in shown
    assert "    limit: + 2" in shown
    assert '    when/geo.country: "FR" -> "BE"' in shown
    assert run("rules", "diff", "1", "1").stdout == "no difference\n"
    found = json.loads(run("rules", "diff", "1", "2", "--format", "json").stdout)
    assert [item["id"] for item in found["sections"]["slots"]["changed"]] == ["home.hero"]
    back = run("rules", "rollback", "1")
    assert (back.exit_code, back.stdout) == (0, "published version 1 in place of version 2\n")
    marked = [line for line in run("rules", "list").stdout.splitlines() if line.startswith("*")]
    assert len(marked) == 1
    assert marked[0].split()[1] == "1"


def test_versions_that_there_are_not_are_sentences(run: Tessera, site: Path) -> None:
    for arguments in (("rollback", "7"), ("diff", "1", "2")):
        result = run("rules", *arguments)
        assert result.exit_code == 1
        assert "no rule-set version" in result.stderr.lower()
    assert run("rules", "diff", "1", "newest").exit_code == 2


def test_a_database_that_was_never_migrated_is_told_how(run: Tessera, rules: Path) -> None:
    result = run("rules", "list")
    assert result.exit_code == 1
    assert "run 'tessera db upgrade'" in result.stderr


def test_content_file_and_folder_mean_the_same(run: Tessera, site: Path, rules: Path) -> None:
    """`check` with the folder, `check` with a file, and publishing agree on what the tests see."""
    (site / "content.yaml").write_text(CONTENT)
    assert run("rules", "check", str(rules), "--content", "content").exit_code == 0
    assert run("rules", "check", str(rules), "--content", "content.yaml").exit_code == 0
    assert run("rules", "check", str(rules)).exit_code == 0  # what is published here


def test_a_version_and_files_are_exported_alike(run: Tessera, site: Path, rules: Path) -> None:
    run("rules", "publish", str(rules))
    published = json.loads(run("rules", "export").stdout)
    assert published == json.loads(run("rules", "export", "1").stdout)
    assert published["ruleset"]["number"] == 1
    assert [one["id"] for one in published["slots"]] == ["home.hero"]
    files = json.loads(run("rules", "export", str(rules), "--content", "content").stdout)
    assert {**files, "ruleset": None} == {**published, "ruleset": None}
    assert json.loads(run("rules", "export", str(rules)).stdout)["slots"][0]["languages"] is None
    assert json.loads(run("rules", "export", "draft").stdout)["ruleset"]["number"] is None


def test_what_cannot_be_exported_is_told(run: Tessera, site: Path, rules: Path) -> None:
    assert run("rules", "export").exit_code == 1
    assert run("rules", "export", "7").exit_code == 1
    assert run("rules", "export", "1", "--content", "content").exit_code == 2
    (rules / "20-tests.yaml").write_text("slots: [{id: x, limit: 0}]\n")
    broken = run("rules", "export", str(rules))
    assert broken.exit_code == 1
    assert "20-tests.yaml:1:" in broken.stderr
