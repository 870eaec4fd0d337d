"""The part of the content port that a source gets for its `read` alone; the promises are asked in tests/docs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.cms.port import Entry, Key, NotFound, Ordering, Problem, SourceSpec
from adapters.cms.whole import WholeSource


class Listed(WholeSource):
    spec = SourceSpec(name="listed", ordering=Ordering("none"), incremental=True)

    def __init__(self, *entries: Entry) -> None:
        self.entries = list(entries)
        self.problems: list[Problem] = []

    def read(self) -> tuple[list[Entry], list[Problem]]:
        return self.entries, self.problems


def entry(entry_id: str, locale: str | None = None, title: str = "A") -> Entry:
    return Entry(entry_id, locale, "article", (), {"title": title}, None)


def test_a_problem_without_a_key_holds_up_every_removal() -> None:
    source = Listed(entry("a"), entry("b"))
    first = source.changes(None)
    source.entries.pop()
    source.problems = [Problem("row 7", "no id")]
    second = source.changes(first.cursor)
    assert second.present is None
    assert second.gone([Key("a", None), Key("b", None)]) == frozenset()
    source.problems = [Problem("row 7", "no picture", blocking=False)]
    assert source.changes(second.cursor).gone([Key("a", None), Key("b", None)]) == {Key("b", None)}


def test_the_first_of_two_entries_of_one_key_is_taken_and_the_other_told() -> None:
    changes = Listed(entry("a", title="One"), entry("a", title="Two")).changes(None)
    assert [one.fields["title"] for one in changes.entries] == ["One"]
    assert [(problem.key, problem.blocking) for problem in changes.problems] == [(Key("a", None), False)]


def test_an_entry_is_fetched_in_its_language_or_the_nearest_to_none() -> None:
    source = Listed(entry("a", "fr", "F"), entry("a", "en", "E"), entry("b", None, "N"), entry("b", "en", "E"))
    assert source.fetch("a", "fr").fields["title"] == "F"
    assert source.fetch("a").fields["title"] == "E"
    assert source.fetch("b").fields["title"] == "N"
    for missing in (("a", "de"), ("c", None)):
        with pytest.raises(NotFound):
            source.fetch(*missing)
    with pytest.raises(NotFound):
        source.fetch("a", "fr", content_type="page")
    with pytest.raises(NotFound):
        source.draft("a", "fr")


def test_a_change_of_one_variant_brings_that_one() -> None:
    source = Listed(entry("a", "fr"), entry("a", "en"))
    first = source.changes(None)
    source.entries[1] = replace(source.entries[1], tags=("new",))
    assert [one.key for one in source.changes(first.cursor).entries] == [Key("a", "en")]
