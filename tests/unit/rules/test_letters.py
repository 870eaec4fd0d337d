"""Letters: which steps of patterns an event serves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import rules
from rules.patterns.letters import PatternSet, patterns_of


def made(*patterns: Any, **document: Any) -> PatternSet:
    """The patterns, as segments s0, s1, …"""
    segments = [{"id": f"s{place}", "pattern": one} for place, one in enumerate(patterns)]
    return patterns_of(rules.load({"segments": segments, **document}))


def count(where: Any = None, event: str = "view") -> dict[str, Any]:
    return {"event": event, "within": "30m", "count": {"gte": 3}, **({} if where is None else {"where": where})}


def serves(where: Any, event: dict[str, Any], entry: dict[str, Any] | None = None) -> bool:
    found = made(count(where)).letters({"event.type": "view", "event.time": "2026-11-20T10:00:00Z", **event}, entry)
    assert len(found) <= 1
    return bool(found)


def test_a_letter_is_the_same_in_every_process() -> None:
    """Windows are stored; a letter that moved would forget what visitors did."""
    event = {"event.type": "view"}
    assert made(count()).letters(event, None) == ("NzNKhu1G",)
    assert made(count({"content.topics": "sci-fi"})).letters(event, {"id": "a", "topics": ["sci-fi"]}) == ("JuawCrUA",)


def test_steps_that_ask_the_same_share_a_letter() -> None:
    """However the condition is written."""
    one = {"all": [{"content.topics": "a"}, {"event.value": {"gt": 2}}]}
    other = {"all": [{"event.value": {"gt": 2}}, {"all": [{"content.topics": "a"}]}]}
    found = made(count(one), count(other), count(one, "click"))
    assert len(found.limits) == 2
    assert found.event_types == {"view", "click"}


def test_types_and_conditions_are_told_apart() -> None:
    """1 and true are equal in Python, and not here."""
    found = made(count(), count({}), count({"event.value": 1}), count({"event.properties.x": True}), count(None, "x"))
    assert len(found.limits) == 4
    assert found.letters({"event.type": "search"}, None) == ()
    assert len(found.letters({"event.type": "view", "event.value": 1}, None)) == 2


@pytest.mark.parametrize(
    ("where", "event", "entry", "wanted"),
    [
        ({"content.topics": "sci-fi"}, {}, {"id": "a", "topics": ["sci-fi", "b"]}, True),
        ({"content.topics": "sci-fi"}, {}, {"id": "a", "topics": "sci-fi"}, True),
        ({"content.topics": "sci-fi"}, {}, None, False),
        ({"not": {"content.topics": "sci-fi"}}, {}, None, True),
        ({"content.tags": ["x", "y"]}, {}, {"id": "a", "tags": ["y"]}, True),
        ({"event.value": {"gte": 3}}, {"event.value": 3}, None, True),
        ({"event.value": {"gte": 3}}, {"event.value": "3"}, None, False),
        ({"event.value": {"gte": 3}}, {"event.value": True}, None, False),
        ({"event.value": {"ne": 3}}, {}, None, True),
        ({"event.properties.price": {"lt": 9.5}}, {"event.properties.price": 9}, None, True),
        ({"event.properties.price": {"lt": 9.5}}, {"event.properties": {"price": 9}}, None, True),
        ({"event.properties.a.b": "c"}, {"event.properties": {"a": {"b": "c"}}}, None, True),
        ({"event.slot": "home.hero"}, {"event.slot": "home.hero"}, None, True),
        ({"event.content_id": {"ref": "content.id"}}, {"event.content_id": "a"}, {"id": "a"}, True),
        ({"content.published_at": {"after": {"ago": "7d"}}}, {}, {"id": "a", "published_at": "2026-11-14"}, True),
        ({"content.published_at": {"after": {"ago": "7d"}}}, {}, {"id": "a", "published_at": "2026-11-12"}, False),
        ({"content.a.b": 1}, {}, {"id": "a", "a": {"b": 1}}, True),
    ],
)
def test_where_reads_the_event_and_its_entry(
    where: Any, event: dict[str, Any], entry: dict[str, Any] | None, wanted: bool
) -> None:
    """`ago` counts from the event's own time; of an unknown entry every field is missing."""
    assert serves(where, event, entry) is wanted


def test_the_time_may_be_a_date_time() -> None:
    """As the worker has it."""
    event = {"event.time": datetime(2026, 11, 20, 10, tzinfo=UTC)}
    assert serves({"event.time": {"after": "2026-11-20T09:59:59Z"}}, event)


def test_disabled_segments_ask_for_nothing() -> None:
    """They have no members."""
    document = {"segments": [{"id": "s", "enabled": False, "pattern": count()}]}
    assert not patterns_of(rules.load(document)).patterns


def test_windows_keep_what_the_widest_pattern_needs() -> None:
    """Ten minutes more for events that come late or are ahead; for ever where a sequence has no end."""
    minute = 60_000
    found = made(count(), {**count(), "count": {"gte": 40}, "within": "2h"})
    assert [(one.newest, one.horizon) for one in found.limits.values()] == [(80, 130 * minute)]
    steps = [{"event": "view"}, {"event": "click", "within": "5m"}, {"event": "view", "within": "6m"}]
    found = made({"sequence": steps})
    assert {one.horizon for one in found.limits.values()} == {21 * minute}
    found = made({"sequence": steps[:2]}, {"sequence": [{"event": "view"}, {"event": "search"}]})
    assert sorted(str(one.horizon) for one in found.limits.values()) == ["900000", "None", "None"]


def test_an_absence_is_kept_for_its_span_where_it_lasts_and_else_until_it_ends() -> None:
    """Without `lasts` the event that was absent ends the membership, whenever it comes."""
    pattern = {"sequence": [{"event": "add_to_cart"}, {"absent": "purchase", "for": "30m"}]}
    assert {one.horizon for one in made(pattern).limits.values()} == {None}
    lasting = patterns_of(rules.load({"segments": [{"id": "s", "lasts": "2d", "pattern": pattern}]}))
    assert {one.horizon for one in lasting.limits.values()} == {40 * 60_000}
