"""What live segments mean, one sentence of the reference a test; times are seconds."""

from __future__ import annotations

from typing import Any

import pytest

import rules
from rules.patterns.letters import patterns_of
from rules.patterns.live import Membership, evaluate, settle
from rules.patterns.windows import Entry, Window

VIEWS = {"event": "view", "count": {"gte": 3}, "within": "30s"}
CART = {"sequence": [{"event": "cart"}, {"absent": "purchase", "for": "30s"}]}
BOTH = {"sequence": [{"event": "view"}, {"event": "cart"}]}


def told(pattern: Any, events: str, now: int, lasts: str | None = None) -> tuple[object, ...]:
    """(at, until, ids, due) of `view@3 cart@5`; an event's id is its place."""
    segment = {"id": "s", "pattern": pattern, **({"lasts": lasts} if lasts else {})}
    patterns = patterns_of(rules.load({"segments": [segment]}))
    entries = []
    for place, text in enumerate(events.split()):
        type_, _at, time = text.partition("@")
        letters = patterns.letters({"event.type": type_}, None)
        if letters:
            entries.append(Entry(round(float(time) * 1000), str(place), letters))
    verdict = evaluate(patterns, [(Window().add(entries, patterns.limits), now * 1000)])[0]
    due = None if verdict.due is None else verdict.due / 1000
    one = verdict.memberships.get("s")
    if one is None:
        return None, None, "", due
    return one.at / 1000, None if one.until is None else one.until / 1000, "".join(one.event_ids), due


@pytest.mark.parametrize(
    ("pattern", "events", "now", "wanted"),
    [
        pytest.param(VIEWS, "view@1 view@2", 5, (None, None, "", None), id="two are not three"),
        pytest.param(VIEWS, "view@1 view@2 view@9", 10, (9, 31, "012", None), id="until the first of them is too old"),
        pytest.param(VIEWS, "view@1 view@2 view@9 view@20", 21, (20, 32, "123", None), id="of more, the newest"),
        pytest.param(VIEWS, "view@1 view@2 view@31", 31, (None, None, "", None), id="a span's own end is outside"),
        pytest.param(VIEWS, "view@1 view@2 view@3 view@90", 99, (3, 31, "012", None), id="a match that has ended"),
        pytest.param(VIEWS, "view@1 view@2 view@9", 8, (None, None, "", 9), id="what is ahead is due then"),
        pytest.param(
            BOTH, "view@1 cart@900", 1000, (900, None, "01", None), id="without within, any time and for ever"
        ),
        pytest.param(BOTH, "cart@1 view@2", 1000, (None, None, "", None), id="in the order of time"),
        pytest.param(BOTH, "cart@1 view@1", 1000, (1, None, "10", None), id="of one instant, in either order"),
        pytest.param({**BOTH, "within": "9s"}, "view@1 cart@9", 9, (9, 10, "01", None), id="until the window ends"),
        pytest.param({**BOTH, "within": "9s"}, "view@1 cart@10", 10, (None, None, "", None), id="sooner than within"),
        pytest.param({**BOTH, "within": "9s"}, "view@1 view@4 cart@5", 6, (5, 13, "12", None), id="the latest first"),
        pytest.param(
            {"sequence": [{"event": "view"}, {"event": "cart", "within": "4s"}, {"event": "cart", "within": "5s"}]},
            "view@1 cart@2 cart@3",
            3,
            (3, 10, "012", None),
            id="steps with spans make a window of their sum",
        ),
        pytest.param(
            {"sequence": [{"event": "view"}] * 2}, "view@1", 9, (None, None, "", None), id="an event is one step only"
        ),
        pytest.param(CART, "cart@1", 30, (None, None, "", 31), id="an absence is due when it has lasted"),
        pytest.param(CART, "cart@1", 31, (31, None, "0", None), id="and is met at that instant"),
        pytest.param(CART, "cart@1 purchase@30", 40, (None, None, "", None), id="broken before it has"),
        pytest.param(CART, "cart@1 purchase@1", 40, (None, None, "", None), id="broken at the very instant"),
        pytest.param(CART, "cart@1 purchase@31", 40, (31, 31, "0", None), id="ended by the event at its end"),
        pytest.param(CART, "cart@1 purchase@50", 60, (31, 50, "0", None), id="ended by the event when it comes"),
        pytest.param(CART, "cart@1 purchase@5 cart@9", 20, (None, None, "", 39), id="begun anew"),
        pytest.param({**CART, "within": "40s"}, "cart@1", 35, (31, 41, "0", None), id="within holds for the whole"),
        pytest.param(
            {"sequence": [{"event": "view"}, {"absent": "view", "for": "9s"}]},
            "view@1 view@1 view@4",
            13,
            (13, None, "2", None),
            id="what starts an absence does not break it",
        ),
        pytest.param(
            {"any": [BOTH, VIEWS]}, "view@1 view@2 view@3 cart@4", 5, (4, None, "23", None), id="any: the latest of all"
        ),
    ],
)
def test_when_a_visitor_is_in(pattern: Any, events: str, now: int, wanted: tuple[object, ...]) -> None:
    """(at, until, the events that made it, when to look again)."""
    assert told(pattern, events, now) == wanted


def test_lasts_counts_from_the_latest_match_whatever_follows() -> None:
    """A purchase does not end what was promised for a minute."""
    assert told(CART, "cart@1 purchase@50", 60, lasts="1m")[:2] == (31, 91)
    assert told(VIEWS, "view@1 view@2 view@3 view@4", 60, lasts="1m")[:2] == (4, 64)


def member(at: int, until: int | None) -> Membership:
    """Minutes."""
    return Membership("s", at * 60_000, None if until is None else until * 60_000, ())


@pytest.mark.parametrize(
    ("before", "found", "now", "kept"),
    [
        pytest.param(None, member(1, 9), 2, member(1, 9), id="the first"),
        pytest.param(member(1, 9), member(3, 11), 4, member(3, 11), id="a later match"),
        pytest.param(member(1, None), member(1, 20), 30, member(1, 20), id="the same match, which has ended now"),
        pytest.param(member(1, 90), None, 6, None, id="retracted within five minutes"),
        pytest.param(member(1, 90), None, 7, member(1, 90), id="later never"),
        pytest.param(member(9, 90), member(4, 14), 40, member(9, 90), id="nor moved back"),
        pytest.param(member(1, None), None, 40, member(1, 40), id="without an end: as long as it is found"),
        pytest.param(None, None, 40, None, id="nothing"),
    ],
)
def test_what_was_announced_stands(
    before: Membership | None, found: Membership | None, now: int, kept: Membership | None
) -> None:
    """Late by five minutes recomputes; later does not."""
    assert settle(before, found, now * 60_000) == kept


def test_a_membership_begins_with_its_match_and_does_not_take_in_its_end() -> None:
    """As every span."""
    assert [member(1, 3).holds(minute * 60_000) for minute in range(4)] == [False, True, True, False]
    assert member(1, None).holds(10**15)


@pytest.mark.parametrize("name", ["event.properties.shop.price", "event.shop.price"])
def test_a_property_is_named_in_full_or_for_short(name: str) -> None:
    segment = {"id": "s", "pattern": {"event": "view", "where": {name: {"gte": 3}}, "within": "1h"}}
    patterns = patterns_of(rules.load({"segments": [segment]}))
    read = {"event.type": "view", "event.properties": {"shop": {"price": 4}}}
    assert patterns.letters(read, None)
    assert not patterns.letters({**read, "event.properties": {"shop": {"price": 2}}}, None)
    assert not patterns.letters({**read, "event.properties": {"shop": 4}}, None)


def test_what_an_event_has_is_compared_by_its_type() -> None:
    segment = {"id": "s", "pattern": {"event": "view", "where": {"event.value": {"gte": "much"}}, "within": "1h"}}
    goal = {"id": "e", "slot": "s", "arms": [{"id": "a"}], "goal": {"event": "view", "where": {"event.value": "much"}}}
    with pytest.raises(rules.RuleError) as caught:
        rules.load({"slots": [{"id": "s"}], "segments": [segment], "experiments": [goal]})
    assert [problem.pointer for problem in caught.value.problems] == [
        "/segments/0/pattern/where/event.value/gte",
        "/experiments/0/goal/where/event.value",
    ]
