"""Caches forget who gets what where content tells visitors apart anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from plugin.errors import ServiceUnavailable
from plugin.service.delivery.regrouping import Regrouping
from plugin.service.delivery.sites import Sites
from plugin.store import Store
from tests.unit.plugin.service.site_support import NOW, entry, publish, put

DOCUMENT: Mapping[str, Any] = {
    "version": 1,
    "segments": [{"id": "vip", "when": {"visitor.known": True}}],
    "slots": [
        {"id": "hero", "select": {"content.type": "hero"}, "default": {"id": "welcome"}},
        {"id": "cards", "limit": 3, "select": {"content.type": "card"}},
    ],
}


class Bench:
    """A site, whoever looks at it, and what is in line."""

    def __init__(self, store: Store) -> None:
        self.store = store
        publish(store, DOCUMENT)
        self.sites = Sites(store.rulesets, store.content, poll_s=1)
        self.regrouping = Regrouping(store.purges, clock=lambda: NOW)

    def look(self) -> list[int]:
        """The epochs of the content that are in line after a look."""
        self.sites.refresh()
        self.regrouping.look(self.sites.site)
        return [one.epoch for one in self.store.purges.due(now=NOW) if one.audience and not one.rules]


@pytest.fixture
def bench(sqlite_store: Store) -> Bench:
    made = Bench(sqlite_store)
    put(sqlite_store, entry("a", type_="hero"), entry("welcome", locale="en"))
    assert made.look() == [1], "the first state: nobody knows what was before"
    return made


def test_other_content_for_the_same_visitors_purges_nothing(bench: Bench) -> None:
    put(bench.store, entry("b", type_="hero"), entry("c", tags=("x",)), entry("d", type_="note", locale="fr"))
    put(bench.store, entry("a", type_="hero", title="new"), gone=["c"])
    assert bench.look() == [1]


@pytest.mark.parametrize(
    "change",
    [
        entry("b", type_="hero", tags=("audience:vip",)),
        entry("b", type_="hero", locale="fr"),
        entry("welcome", locale="fr"),
        entry("a", type_="hero", tags=("audience:vip", "x")),
    ],
    ids=["a tag", "a language", "a language of the default", "a tag of an entry that was there"],
)
def test_new_audience_tags_and_languages_purge_who_gets_what(bench: Bench, change: Any) -> None:
    put(bench.store, change)
    assert bench.look() == [1, 2]
    assert bench.look() == [1, 2]
    put(bench.store, gone=[change.id])
    assert bench.look() == [1, 2, 3], "and so does it when they go"


def test_a_publication_is_purged_by_itself(bench: Bench) -> None:
    publish(bench.store, {**DOCUMENT, "slots": [{"id": "hero"}, {"id": "all"}]})
    assert bench.look() == [1]


def test_a_process_that_starts_puts_in_line_what_is_not_there(bench: Bench) -> None:
    bench.regrouping = Regrouping(bench.store.purges, clock=lambda: NOW)
    assert bench.look() == [1], "another said it already"
    put(bench.store, entry("c"))
    bench.regrouping = Regrouping(bench.store.purges, clock=lambda: NOW)
    assert bench.look() == [1, 2]


def test_what_the_database_does_not_take_is_tried_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    class Down:
        def regroup(self, _epoch: int, *, now: datetime) -> None:
            raise ServiceUnavailable(f"not at {now}")

    put(bench.store, entry("b", type_="hero", locale="fr"))
    well, bench.regrouping._purges = bench.regrouping._purges, Down()  # type: ignore[assignment]
    assert [bench.look(), bench.look()] == [[1], [1]]
    assert caplog.text.count("not yet told") == 1
    bench.regrouping._purges = well
    assert bench.look() == [1, 2]


def test_nothing_published_is_nothing_to_tell(sqlite_store: Store) -> None:
    Regrouping(sqlite_store.purges, clock=lambda: NOW).look(None)
    assert sqlite_store.purges.due(now=NOW) == ()
