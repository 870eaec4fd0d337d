"""What differs between two documents, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin.editor.changes import Change, count_of, told
from plugin.editor.phrases import plain
from plugin.editor.vocabulary import vocabulary_of
from plugin.editor.words import Words
from plugin.service.rulesets.diff import compare
from rules.attributes import BUILT_IN
from tests.unit.plugin.editor.texts import DOCUMENT


def changes(after: Mapping[str, Any]) -> list[Change]:
    words = [(one, Words(vocabulary_of(one, BUILT_IN))) for one in (DOCUMENT, after)]
    diff = compare(DOCUMENT, after)
    found = told(diff, words[0], words[1])
    assert len(found) == count_of(diff)
    return found


def lines(change: Change) -> list[tuple[str, str | None, str | None]]:
    return [
        (one.label, None if one.before is None else plain(one.before), None if one.after is None else plain(one.after))
        for one in change.lines
    ]


def with_rule(**fields: object) -> Mapping[str, Any]:
    first, *others = DOCUMENT["rules"]
    return {**DOCUMENT, "rules": [{**first, **fields}, *others]}


def test_equal_documents_have_no_changes() -> None:
    assert changes(DOCUMENT) == []


def test_a_changed_rule_is_told_by_the_facts_that_differ() -> None:
    (change,) = changes(with_rule(priority=60, when={"segment": "new"}))
    assert (change.kind, change.what) == ("changed", "rule")
    assert lines(change) == [
        ("When", "the visitor is in Big spenders", "the visitor is in new"),
        ("Priority", "50", "60"),
    ]


def test_switching_off_and_renaming_are_changes_too() -> None:
    (off,) = changes(with_rule(enabled=False))
    assert lines(off) == [("State", None, "switched off")]
    (renamed,) = changes(with_rule(name="Another name"))
    assert lines(renamed) == [("Name", "The best for the best", "Another name")]


def test_a_change_that_no_fact_tells_shows_the_field_itself() -> None:
    slot, other = DOCUMENT["slots"]
    (change,) = changes({**DOCUMENT, "slots": [{**slot, "limit": 1, "blend": {"model": {"name": "m"}}}, other]})
    assert ("Ranked with", None, "the model m") in lines(change)
    (bare,) = changes({**DOCUMENT, "slots": [{**slot, "limit": 1}, other]})
    assert lines(bare) == [("Limit", None, "1")]


def test_new_items_come_first_and_those_gone_last() -> None:
    segments = [one for one in DOCUMENT["segments"] if one["id"] != "friends"]
    after = {**DOCUMENT, "segments": segments, "slots": [*DOCUMENT["slots"], {"id": "page.foot"}], "timezone": "UTC"}
    assert [(one.kind, one.what) for one in changes(after)] == [
        ("added", "slot"),
        ("changed", "settings of the site"),
        ("removed", "segment"),
    ]
