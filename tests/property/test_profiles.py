"""The order in which events arrive never shows: in states, in views, in what decisions read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plugin.profiles import days
from plugin.profiles import fold as folding
from plugin.profiles import state as states
from plugin.profiles.attributes import put
from plugin.profiles.decay import Decayed
from plugin.profiles.events import Event
from plugin.profiles.fold import View, fold
from plugin.profiles.limits import DAY_MS, DAYS_KEPT, SESSION_GAP_MS
from plugin.profiles.reduce import reduce
from plugin.profiles.state import EMPTY, SourceState
from plugin.profiles.types import BUILT_IN
from plugin.profiles.view import attributes_of, exposures_of
from tests.unit.profiles.support import ENTRIES, NOW, event, state_of

TYPES = ("impression", "click", "view", "view", "dwell", "scroll", "search", "rating", "dismiss", "purchase")
VALUES = {"dwell": (0, 90), "scroll": (0, 100), "rating": (1, 5), "purchase": (0, 200)}
DECLARED = {
    "profile.topics": "string_list",
    "profile.dismissed": "string_list",
    "profile.plan": "string",
    **{
        f"profile.{name}": "number"
        for name in ("engagement", "recency_days", "frequency_30d", "value_30d", "view_7d", "click_30d", "view_decayed")
    },
}
SEEDS = st.integers(0, 2**32)
WEEK_MS, QUARTER_MS = 7 * DAY_MS, 90 * DAY_MS
CASES = settings(max_examples=500, deadline=None)


def stream(seed: int, span_ms: int, most: int = 30) -> list[Event]:
    """Events of a visitor, oldest first, many of them close together and some at the same instant."""
    dice = random.Random(seed)
    made, time = [], NOW - dice.randrange(span_ms)
    for _ in range(dice.randrange(1, most)):
        step = dice.choice((0, 1, 1_000, SESSION_GAP_MS - 1, SESSION_GAP_MS, SESSION_GAP_MS + 1, None))
        time = NOW - dice.randrange(span_ms) if step is None else min(time + step, NOW)
        type_ = dice.choice(TYPES)
        low, high = VALUES.get(type_, (0, 0))
        value = round(dice.uniform(low, high), 3) if high else None
        made.append(event(type_, time, dice.choice((*ENTRIES, None)), value=value))
    return sorted(made, key=lambda one: one.time)


def arrivals(events: Sequence[Event], seed: int, latest_ms: int) -> list[Event]:
    """An order in which they may arrive: none comes later than so long after its time."""
    dice = random.Random(seed)
    return sorted(events, key=lambda one: one.time + dice.randrange(latest_ms))


def alike(one: SourceState, other: SourceState) -> None:
    """Two states are equal, but for the last bits of what halves."""
    for name in SourceState.__struct_fields__:
        left, right = getattr(one, name), getattr(other, name)
        if isinstance(left, Decayed):
            assert (left.cell, left.half_life_ms) == (right.cell, right.half_life_ms)
            assert left.weights == pytest.approx(right.weights, rel=1e-12, abs=1e-9)
        else:
            assert left == right, name


def seen(view: View, now_ms: int = NOW) -> dict[str, object]:
    return attributes_of(view, now_ms, None, DECLARED)  # type: ignore[arg-type]


def view(*sources: SourceState) -> View:
    return fold(((f"s-{index}", state) for index, state in enumerate(sources)), uid="u")


@CASES
@given(SEEDS, SEEDS)
def test_a_week_in_any_order_is_the_same_week(seed: int, order: int) -> None:
    events = stream(seed, WEEK_MS)
    shuffled = random.Random(order).sample(events, len(events))
    one, other = state_of(*events), state_of(*shuffled)
    alike(one, other)
    assert seen(view(one)) == seen(view(other))


@CASES
@given(SEEDS, SEEDS, SEEDS)
def test_a_quarter_is_the_same_however_late_events_come_up_to_a_week(seed: int, order: int, another: int) -> None:
    events = stream(seed, QUARTER_MS)
    states_ = [state_of(*arrivals(events, one, WEEK_MS)) for one in (order, another)]
    for one, other in pairwise([state_of(*events), *states_]):
        alike(one, other)
        assert seen(view(one)) == seen(view(other))


@CASES
@given(SEEDS, SEEDS, st.integers(2, 4))
def test_events_split_among_sources_make_the_same_person(seed: int, cut: int, parts: int) -> None:
    events = stream(seed, WEEK_MS)
    dice = random.Random(cut)
    sources: list[list[Event]] = [[] for _ in range(parts)]
    for one in events:
        dice.choice(sources).append(one)
    whole, folded = view(state_of(*events)), view(*(state_of(*part) for part in sources))
    alike(whole.state, folded.state)
    assert seen(whole) == seen(folded)


@CASES
@given(SEEDS, SEEDS)
def test_a_fold_does_not_depend_on_the_order_of_its_sources(seed: int, order: int) -> None:
    parts = [(f"s-{index}", state_of(*stream(seed + index, QUARTER_MS, 10))) for index in range(4)]
    shuffled = random.Random(order).sample(parts, len(parts))
    assert folding.encode(fold(parts, uid="u")) == folding.encode(fold(shuffled, uid="u"))


@CASES
@given(SEEDS)
def test_an_overlay_shows_what_the_worker_will_have_done(seed: int) -> None:
    *before, last = stream(seed, WEEK_MS)
    last = replace(last, time=last.time + 1)  # two words of one instant about one entry a view cannot rank
    entry = ENTRIES.get(last.content_id or "")
    kept = state_of(*before)
    applied = view(reduce(kept, last, entry) or kept)
    shown = view(kept)
    assert seen(replace(shown, state=reduce(shown.state, last, entry) or shown.state)) == seen(applied)


@CASES
@given(SEEDS)
def test_states_and_views_are_read_back_as_they_were_written(seed: int) -> None:
    state = state_of(*stream(seed, QUARTER_MS))
    assert states.decode(states.encode(state)) == state
    made = view(state)
    assert folding.decode(folding.encode(made)) == made
    assert folding.hot(made.state) == made.state


@CASES
@given(SEEDS)
def test_attributes_are_those_that_counting_by_hand_gives(seed: int) -> None:
    """The oracle looks at all events at once, as the reducer never can."""
    events = stream(seed, QUARTER_MS)
    found = seen(view(state_of(*arrivals(events, seed, WEEK_MS))))
    today = NOW // DAY_MS

    def age(one: Event) -> int:
        return today - one.time // DAY_MS

    views = [one for one in events if one.type == "view"]
    # What is 31 days older than the newest of its type is forgotten, so no window of 30 days can miss it.
    assert DAYS_KEPT > 30
    assert found["profile.view_7d"] == sum(age(one) < 7 for one in views)
    assert found["profile.click_30d"] == sum(one.type == "click" and age(one) < 30 for one in events)
    spent = sum(one.value or 0 for one in events if one.type == "purchase" and age(one) < 30)
    assert found["profile.value_30d"] == pytest.approx(spent)
    halved = sum(2 ** ((one.time - NOW) / WEEK_MS) for one in views)
    assert found["profile.view_decayed"] == pytest.approx(halved, abs=2e-6)

    own = [one for one in events if BUILT_IN[one.type].purpose == "personalization"]
    times = [one.time for one in own]
    starts = [later for earlier, later in pairwise([-QUARTER_MS, *times]) if later - earlier > SESSION_GAP_MS]
    going_on = bool(times) and NOW - times[-1] <= SESSION_GAP_MS
    assert found["visitor.visits"] == len(starts) + (not going_on)
    assert found["visitor.new"] == (found["visitor.visits"] == 1)
    assert found["profile.frequency_30d"] == sum(today - start // DAY_MS < 30 for start in starts)
    current = [one for one in own if starts and going_on and one.time >= starts[-1]]
    assert found["session.page_views"] == sum(one.type == "view" for one in current)
    assert found["session.seconds"] == ((NOW - starts[-1]) // 1_000 if current else 0)
    assert found.get("profile.recency_days") == ((NOW - times[-1]) // DAY_MS if times else None)
    impressions = [one for one in events if one.type == "impression" and one.content_id is not None]
    shown = exposures_of(view(state_of(*events)))
    assert sum(map(len, shown.values())) == len(impressions)


@CASES
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 3), st.integers(0, 9)), max_size=8),
    SEEDS,
)
def test_attributes_set_in_any_order_end_as_the_last_that_was_said(
    said: list[tuple[str, int, int, int]], order: int
) -> None:
    def told(words: Sequence[tuple[str, int, int, int]]) -> SourceState:
        state = EMPTY
        for name, time, identifier, value in words:
            state = put(state, {name: value}, time_ms=time, identifier=f"e-{identifier}")
        return state

    state = told(said)
    assert told(random.Random(order).sample(said, len(said))) == state
    for name, there in state.attributes.items():
        assert (there.time, there.id) == max((time, f"e-{by}") for which, time, by, _value in said if which == name)


@given(st.lists(st.tuples(st.integers(0, 70), st.integers(1, 3), st.sampled_from([0, 0, 0, 250, -250])), max_size=60))
def test_one_more_of_a_day_is_what_adding_two_rows_gives(added: list[tuple[int, int, int]]) -> None:
    found = whole = days.Days()
    for day, count, thousandths in added:
        one = days.Days(day, (count,), (thousandths,) if thousandths else ())
        found, whole = days.add(found, day, count, thousandths), days.merge(whole, one)
        assert found == whole
