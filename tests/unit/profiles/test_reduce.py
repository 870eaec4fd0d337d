"""What each type of event does to what is kept."""

from __future__ import annotations

import pytest

from plugin.profiles import state as states
from plugin.profiles.events import BOT, PREFETCH
from plugin.profiles.limits import MOST_INSTANTS, MOST_INSTANTS_OF_ENTRY, MOST_PREFERENCES, MOST_TOPICS
from plugin.profiles.preferences import DISMISSED, ENTRY
from plugin.profiles.reduce import reduce
from plugin.profiles.state import EMPTY
from tests.unit.profiles.support import DAY, ENTRIES, MINUTE, NOW, event, state_of


@pytest.mark.parametrize("flags", [BOT, PREFETCH, BOT | PREFETCH])
def test_robots_and_prefetches_change_nothing(flags: int) -> None:
    assert reduce(EMPTY, event(flags=flags), ENTRIES["dune"]) is None


def test_a_state_is_never_changed_in_place() -> None:
    before = state_of(event("impression", content_id="dune"), event("view", content_id="dune"))
    octets = states.encode(before)
    state_of(event("impression", content_id="dune"), event("rating", content_id="dune", value=5.0), start=before)
    assert states.encode(before) == octets


@pytest.mark.parametrize(
    ("type_", "value", "weight"),
    [
        ("view", None, 1),
        ("click", None, 1),
        ("dwell", 15.0, 0.5),
        ("dwell", 3_600.0, 2),
        ("rating", 5.0, 2),
        ("rating", 1.0, -2),
        ("dismiss", None, -2),
        ("add_to_cart", 12.0, 2),
        ("purchase", 12.0, 4),
    ],
)
def test_topics_are_learned_by_what_was_done(type_: str, value: float | None, weight: float) -> None:
    interests = state_of(event(type_, content_id="dune", value=value)).interests
    assert {name: interests.at(name, NOW) for name in interests.weights} == {"sci-fi": weight, "desert": weight}


@pytest.mark.parametrize("type_", ["impression", "search", "scroll", "signup"])
def test_other_events_teach_no_topics(type_: str) -> None:
    assert not state_of(event(type_, content_id="dune", value=1.0)).interests.weights


def test_counters_halve_in_a_week() -> None:
    state = state_of(event("view", NOW - 7 * DAY), event("view", NOW))
    assert state.counters.at("view", NOW) == 1.5
    assert state.counters.at("view", NOW + 7 * DAY) == 0.75
    assert state.totals["view"].events == 2


def test_counters_outlive_many_half_lives() -> None:
    state = state_of(event("view", NOW - 3_000 * DAY), event("view", NOW))
    assert state.counters.at("view", NOW) == 1
    late = state_of(event("view", NOW), event("view", NOW - 3_000 * DAY))
    assert (late.counters.at("view", NOW), late.counters.cell) == (1, state.counters.cell)


def test_days_hold_counts_and_amounts_of_a_month() -> None:
    state = state_of(
        event("purchase", NOW - 31 * DAY, value=99.0),
        event("purchase", NOW - 29 * DAY, value=19.99),
        event("purchase", NOW, value=0.015),
    )
    days = state.days["purchase"]
    today = NOW // DAY
    assert (days.within(today, 7), days.within(today, 30)) == (1, 2)
    assert days.sum_within(today, 30) == 20.005
    assert days.within(today + 40, 30) == 0
    assert state.totals["purchase"] == (3, 119_005)


def test_visits_are_stretches_without_half_an_hour_of_nothing() -> None:
    state = state_of(event(time=NOW), event(time=NOW + 61 * MINUTE), event("click", NOW + 30 * MINUTE, "dune"))
    assert [(one.end - one.start, one.views) for one in state.sessions.open] == [(30 * MINUTE, 1), (0, 1)]
    joined = state_of(event(time=NOW + 45 * MINUTE), start=state)
    assert [(one.end - one.start, one.views) for one in joined.sessions.open] == [(61 * MINUTE, 3)]


def test_old_visits_are_only_counted() -> None:
    state = state_of(*(event(time=NOW + index * DAY) for index in range(40)))
    assert (state.sessions.count, len(state.sessions.open)) == (40, 9)
    assert state.sessions.within((NOW + 39 * DAY) // DAY, 30) == 30
    assert state_of(event(time=NOW), start=state).sessions.count == 40  # far too late to tell which visit it was of


def test_first_and_last_seen() -> None:
    state = state_of(event(time=NOW), event(time=NOW - DAY), event(time=NOW - MINUTE))
    assert (state.first_seen, state.last_seen) == (NOW - DAY, NOW)


def test_events_of_another_purpose_touch_their_counters_alone() -> None:
    state = state_of(event("scroll", value=50.0, content_id="dune"))
    assert state.counters.at("scroll", NOW) == 1
    assert (state.last_seen, state.sessions.count, state.exposures) == (0, 0, {})


def test_exposures_keep_the_newest() -> None:
    many = [event("impression", NOW + index * 1_000, "dune") for index in range(MOST_INSTANTS_OF_ENTRY + 5)]
    shown = state_of(*many).exposures["dune"]
    assert (len(shown), shown[-1]) == (MOST_INSTANTS_OF_ENTRY, many[-1].time // 1_000)
    others = [event("impression", NOW + index * 1_000, f"a-{index}") for index in range(MOST_INSTANTS + 3)]
    kept = state_of(*others).exposures
    assert len(kept) == MOST_INSTANTS
    assert "a-2" not in kept


def test_ratings_and_dismissals_are_remembered_the_last_one_of_each_entry() -> None:
    said = state_of(
        event("dismiss", NOW, "dune"),
        event("rating", NOW - 1, "dune", value=4.0),
        event("rating", NOW, "lem", value=2.0),
    ).preferences
    assert {key: one.value for key, one in said.items()} == {ENTRY + "dune": DISMISSED, ENTRY + "lem": 2.0}


def test_no_part_grows_for_ever() -> None:
    state = EMPTY
    for index in range(2_000):
        topics = {"topics": [f"t-{index}-{number}" for number in range(3)]}
        for type_ in ("rating", "impression"):
            state = reduce(state, event(type_, NOW + index * DAY, f"c-{index}", value=5.0), topics) or state
    assert len(state.interests.weights) == MOST_TOPICS
    assert len(state.preferences) == MOST_PREFERENCES
    assert len(states.encode(state)) < 40_000


def test_a_state_is_stored_and_read_back() -> None:
    state = state_of(
        event("impression", content_id="dune"), event("purchase", value=3.0), event("dismiss", content_id="lem")
    )
    assert states.decode(states.encode(state)) == state
    for octets in (b"", b"\x90", b"\xc1", b"\x92\x02\x80", states.encode(state)[:-1]):
        with pytest.raises(states.BadStateError):
            states.decode(octets)
    assert "dune" not in repr(state)
