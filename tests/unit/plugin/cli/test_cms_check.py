"""`tessera cms check`: what was understood of a few entries, and what was ignored, and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugin.cli.conftest import Tessera

CHECKED = """\
site: 3 entries (article 1, hero 2); languages: en 1, fr 2
site: 1 entry ignored, its type 'page' is in mapping.exclude_types: about

  hero sale, language fr
    slots       home.hero  [field slot]
    seen by     only vip, gold  [field segments]
    from        2026-01-01 00:00 UTC  [field publish_from]
    until       2026-01-31 18:00 UTC (over)  [field ends_at]
    field       title: text, “Soldes”
    field       slot: text, “home.hero”
    field       segments: list of 2 (text)
    field       publish_from: text, “2026-01-01”
    field       ends_at: text, “2026-01-31 18:00”
    field       on: yes or no
    field       image: empty

  article platform, language en
    slots       none named: rules alone place it
    seen by     everybody
    topics      cities  [field topics]
    other tags  long-read
    from        2026-10-19 00:00 UTC
    until       no end
    field       title: text, “Platform 14”
    field       topics: list of 1 (text)
    field       minutes: number, 7
    field       author: link that was not followed
    link        entry ines, NOT FOUND at /author
"""


@pytest.fixture
def folder(here: Path) -> Path:
    """A small site with everything that the command has something to say of."""
    entries = {
        "hero/sale.fr.yaml": "title: Soldes\nslot: home.hero\nsegments: [vip, gold]\npublish_from: 2026-01-01\n"
        "ends_at: 2026-01-31 18:00\non: true\nimage: ''\n",
        "hero/plain.fr.yaml": "title: Bonjour\n",
        "article/platform.en.yaml": "title: Platform 14\ntags: [long-read]\ntopics: [cities]\nminutes: 7\n"
        "published_at: 2026-10-19\nauthor: {$ref: ines}\n",
        "page/about.en.yaml": "title: About us\n",
    }
    for name, text in entries.items():
        file = here / "content" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    configure(here)
    return here


def configure(folder: Path, mapping: str = 'exclude_types = ["page"]\n') -> None:
    source = '[sources.site]\nadapter = "files"\npath = "content"\n'
    (folder / "tessera.toml").write_text(f"{source}[sources.site.mapping]\n{mapping}")


def test_a_few_entries_that_differ_are_told_in_plain_words(run: Tessera, folder: Path) -> None:
    result = run("cms", "check", "--entries", "2")
    assert result.stdout == CHECKED
    assert result.exit_code == 0
    assert "platform.en.yaml" in result.stderr, "the link that leads nowhere is a warning"


def test_the_same_as_json(run: Tessera, folder: Path) -> None:
    result = run("cms", "check", "site", "--json", "--entries", "2")
    found: dict[str, Any] = json.loads(result.stdout)["site"]
    assert json.loads(run("cms", "check", "--format", "json", "--entries", "2").stdout)["site"] == found
    assert (found["candidates"], found["types"], found["error"]) == (3, {"article": 1, "hero": 2}, None)
    assert found["ignored"] == [{"reason": "its type 'page' is in mapping.exclude_types", "count": 1, "ids": ["about"]}]
    hero, article = found["entries"]
    assert article["links"] == [{"kind": "entry", "target": "ines", "field": "/author", "found": False}]
    assert (hero["slots"], hero["audiences"], hero["state"]) == (["home.hero"], ["vip", "gold"], "over")
    assert hero["understood_from"][0] == {
        "option": "starts_at",
        "field": "publish_from",
        "values": ["2026-01-01T00:00:00Z"],
    }
    assert [problem["blocking"] for problem in found["problems"]] == [False]


def test_an_entry_that_fails_the_mapping_is_named_with_the_option(run: Tessera, folder: Path) -> None:
    (folder / "content" / "hero" / "plain.fr.yaml").write_text("title: Bonjour\nends_at: demain\n")
    result = run("cms", "check")
    assert result.exit_code == 1
    assert "site: hero/plain (fr): the field ends_at is no date" in result.stderr
    assert "mapping.ends_at = [] leaves the field alone" in result.stderr
    assert "site: 2 entries" in result.stdout


def test_a_field_that_no_entry_has_is_told(run: Tessera, folder: Path) -> None:
    configure(folder, 'audience = ["audiance", "segments"]\nprefixed = {product = "sku"}\n')
    result = run("cms", "check", "--entries", "0")
    assert "warning: mapping.audience: no entry has anything in a field 'audiance'" in result.stderr
    assert "mapping.product: no entry has anything in a field 'sku'" in result.stderr
    assert "'segments'" not in result.stderr


def test_wrong_options_of_the_mapping_are_named_beside_those_of_the_adapter(run: Tessera, folder: Path) -> None:
    source = '[sources.site]\nadapter = "files"\npath = "content"\nlink_depth = 9\n'
    (folder / "tessera.toml").write_text(f'{source}[sources.site.mapping]\nslots = "where"\n')
    result = run("cms", "check")
    assert result.exit_code == 1
    assert "link_depth" in result.stderr
    assert "mapping.slots: unknown option, did you mean slot?" in result.stderr


def test_another_mapping_takes_away_what_it_ignores_at_the_next_sync(run: Tessera, folder: Path) -> None:
    run("db", "upgrade")
    assert "3 added" in run("cms", "sync").stdout
    configure(folder, 'types = ["hero"]\n')
    assert "1 removed" in run("cms", "sync").stdout
