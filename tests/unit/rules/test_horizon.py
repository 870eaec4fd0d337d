"""How long a decision holds while only the clock moves: never past the moment at which it changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import rules
from rules.horizon import fresh_for
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

NOON = datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)
DAY_S = 86_400
PIN = [{"pin": {"id": "x"}}]


def fresh(
    *, now: datetime = NOON, longest_s: int = DAY_S, slot: dict[str, Any] | None = None, content: Any = (), **parts: Any
) -> int:
    """Of one slot, for a visitor of whom nothing is known."""
    ruleset = rules.load({"version": 1, "slots": [{"id": "s", **(slot or {})}], **parts})
    return fresh_for(ruleset.plan("s", ruleset.facts({}, now=now), ruleset.prepare(content)), longest_s)


def when(condition: Any) -> list[dict[str, Any]]:
    return [{"id": "r", "slot": "s", "when": condition, "then": PIN}]


def test_what_nothing_can_change_holds_for_as_long_as_may_be() -> None:
    assert fresh(content=[{"id": "x"}], longest_s=60) == 60


def test_a_schedule_ends_it_to_the_second() -> None:
    rules_ = [{"id": "r", "slot": "s", "until": "2026-11-21T12:01:00Z", "then": PIN}]
    assert fresh(rules=rules_) == 50
    assert fresh(rules=rules_, now=NOON + timedelta(seconds=49, microseconds=1)) == 0
    assert fresh(rules=rules_, now=NOON + timedelta(minutes=2)) == DAY_S


def test_the_start_of_an_experiment_ends_it_too() -> None:
    experiments = [{"id": "e", "slot": "s", "from": "2026-11-21T13:00:00+01:00", "arms": [{"id": "a"}]}]
    assert fresh(experiments=experiments, now=NOON - timedelta(seconds=15)) == 5


def test_an_entry_that_becomes_published_ends_it() -> None:
    content = [{"id": "x", "published_at": "2026-11-21T12:00:40Z"}, {"id": "y"}]
    assert fresh(content=content) == 30


def test_so_does_an_entry_of_the_default_alone() -> None:
    slot = {"select": {"content.type": "none"}, "default": {"id": "x"}}
    assert fresh(slot=slot, content=[{"id": "x", "published_at": "2026-11-21T12:00:40Z"}]) == 30


@pytest.mark.parametrize(
    ("condition", "seconds"),
    [
        ({"time.hour": {"gte": 18}}, 14 * 60 + 50),
        ({"time.weekday": ["sat"]}, 14 * 60 + 50),
        ({"time.of_day": {"gt": "18:30"}}, 50),
        ({"time.now": {"after": "2026-11-30"}}, 0),
        ({"profile.seen": {"after": {"ago": "7d"}}}, 0),
        ({"profile.seen": {"before": {"ref": "time.now"}}}, 0),
        ({"profile.day": {"eq": {"ref": "time.date"}}}, 14 * 60 + 50),
    ],
)
def test_conditions_on_the_clock_end_it(condition: Any, seconds: int) -> None:
    attributes = {"profile.seen": {"type": "datetime"}, "profile.day": {"type": "date"}}
    assert fresh(rules=when(condition), attributes=attributes) == seconds
    segments = [{"id": "g", "when": condition}]
    assert fresh(rules=when({"segment": "g"}), segments=segments, attributes=attributes) == seconds


@pytest.mark.parametrize(
    "parts",
    [
        {"rules": [{"id": "r", "slot": "s", "then": [{"hide": {"content.hour": {"ref": "time.hour"}}}]}]},
        {"slot": {"select": {"content.hour": {"ref": "time.hour"}}}},
        {"slot": {"default": {"content.hour": {"ref": "time.hour"}}}},
        {"rules": [{"id": "r", "slot": "s", "on": {"hours": [18, 23]}, "then": PIN}]},
        {"rules": [{"id": "r", "slot": "s", "from": "2026-11-25", "timezone": "visitor", "then": PIN}]},
    ],
)
def test_selectors_that_name_the_clock_and_recurring_hours_end_it_at_a_quarter(parts: dict[str, Any]) -> None:
    assert fresh(**parts) == 14 * 60 + 50


def test_it_is_a_whole_number_from_zero_to_the_longest() -> None:
    assert fresh(rules=when({"time.of_day": "12:00"}), now=NOON + timedelta(seconds=49.5)) == 0


@searched(150)
@given(worlds(1), st.floats(0, 1, exclude_max=True))
def test_a_decision_stays_as_it_is_for_that_long(world: World, share: float) -> None:
    """At any moment before, up to the last second, for random schedules, conditions and dates of content."""
    note(repr(world))
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    person = world.people[0]
    for slot in world.slots:

        def decided(now: datetime, slot: str = slot) -> Any:
            found = ruleset.decide(
                slot, person.attributes, content, segments=person.segments, now=now, scores=world.scores
            )
            return found.blocks, found.presentation, found.fallback, found.audience_key, found.arms

        facts = ruleset.facts(person.attributes, segments=person.segments, now=world.now)
        seconds = fresh_for(ruleset.plan(slot, facts, content), DAY_S)
        note(f"{slot} {seconds} {person}")
        assert 0 <= seconds <= DAY_S
        if seconds:
            first = decided(world.now)
            assert decided(world.now + timedelta(seconds=seconds - 1)) == first
            assert decided(world.now + timedelta(seconds=int(seconds * share))) == first
