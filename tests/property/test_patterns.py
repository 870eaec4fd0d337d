"""Patterns: the reference against the oracle, the engine against the reference, and windows against every order."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from plugin.live.pattern_engine import PatternEngine
from rules.patterns.forms import Chain, Limit
from rules.patterns.letters import PatternSet
from rules.patterns.live import Membership, Verdict, evaluate, settle
from rules.patterns.windows import Entry, Window
from tests.oracle.patterns import latest, spans
from tests.strategies.patterns import MOMENT, pattern_set, stream
from tests.strategies.profiles import searched

RANDOM = st.integers(0, 2**32).map(Random)
SETS, STREAMS = 8, 300


def told(verdict: Verdict) -> dict[str, tuple[int, int | None]]:
    """When each match was, and until when it holds; which of several equal ones made it is free."""
    return {name: (one.at, one.until) for name, one in verdict.memberships.items()}


def moment(random: Random, seconds: int) -> int:
    return MOMENT + 1000 * random.randrange(seconds)


@searched(300)
@given(RANDOM)
def test_the_reference_says_what_trying_everything_says(random: Random) -> None:
    """For every segment of random patterns, over a short stream."""
    patterns = pattern_set(random, 6, 3)
    window = Window().add(stream(random, patterns, 7, 12), patterns.limits)
    now = moment(random, 16)
    found = told(evaluate(patterns, [(window, now)])[0])
    wanted = {one.segment: latest(one.forms, one.lasts, window.entries, now) for one in patterns.patterns}
    assert found == {name: span for name, span in wanted.items() if span is not None}


@searched(200)
@given(RANDOM)
def test_nothing_changes_before_it_is_due(random: Random) -> None:
    """Between now and `due` no match appears by itself."""
    patterns = pattern_set(random, 6, 3)
    window = Window().add(stream(random, patterns, 8, 12), patterns.limits)
    now = moment(random, 12)
    first = evaluate(patterns, [(window, now)])[0]
    assert first.due is None or first.due > now
    last = now + 30_000 if first.due is None else first.due - 1
    later = evaluate(patterns, [(window, last)])[0]
    assert {name: one.at for name, one in later.memberships.items()} == {
        name: one.at for name, one in first.memberships.items()
    }


@searched(200)
@given(RANDOM)
def test_the_order_in_which_events_come_never_matters(random: Random) -> None:
    """One by one, together, twice, or by way of two windows."""
    limits = {name: Limit(random.randint(1, 4), random.choice([None, 3, 9])) for name in "abc"}
    entries = [
        Entry(random.randrange(15), f"e{number}", tuple(sorted(set(random.choices("abcd", k=random.randint(1, 3))))))
        for number in range(random.randrange(25))
    ]
    together = Window().add(entries, limits)
    apart = (Window(), Window())
    one_by_one = Window()
    for entry in random.sample([*entries, *entries[:5]], len(entries) + len(entries[:5])):
        one_by_one = one_by_one.add([entry], limits)
        side = random.randrange(2)
        apart = tuple(part.add([entry], limits) if side == place else part for place, part in enumerate(apart))  # type: ignore[assignment]
    assert one_by_one.entries == together.entries
    assert apart[0].merge(apart[1], limits).entries == together.entries
    assert Window.decode(together.encode()) == together


@searched(100)
@given(RANDOM)
def test_events_late_by_minutes_come_to_the_same(random: Random) -> None:
    """What is kept after each event, and announced, is at the end what the whole window says."""
    patterns = pattern_set(random, 5, 3)
    entries = stream(random, patterns, 8, 12)
    now = MOMENT + 40_000
    window, kept = Window(), dict[str, Membership | None]()
    for entry in entries:
        window = window.add([entry], patterns.limits)
        found = evaluate(patterns, [(window, now)])[0].memberships
        kept = {one.segment: settle(kept.get(one.segment), found.get(one.segment), now) for one in patterns.patterns}
    whole = evaluate(patterns, [(Window().add(entries, patterns.limits), now)])[0].memberships
    assert {name: one for name, one in kept.items() if one is not None} == whole


def test_the_engine_says_what_the_reference_says() -> None:
    """Thousands of streams, with ties, exact ends, absences and ticks; and the events it names are a match."""
    compared = met = 0
    for seed in range(SETS):
        random = Random(seed)
        patterns = pattern_set(random, 12)
        windows = [
            (
                Window().add(stream(random, patterns, random.choice((5, 10, 20)), 20), patterns.limits),
                moment(random, 26),
            )
            for _ in range(STREAMS)
        ]
        with PatternEngine(patterns) as engine:
            answered = evaluate(patterns, windows, engine)
            assert engine.counts.ended == engine.counts.quarantined == 0
            assert engine.counts.carried > STREAMS / 2
        for (window, now), found, wanted in zip(windows, answered, evaluate(patterns, windows), strict=True):
            assert (told(found), found.due) == (told(wanted), wanted.due), (seed, window, now)
            compared, met = compared + 1, met + len(wanted.memberships)
            if compared % 5 == 0:
                assert_made_by(patterns, found, window, now)
    assert compared == SETS * STREAMS
    assert met > compared


def assert_made_by(patterns: PatternSet, verdict: Verdict, window: Window, now: int) -> None:
    """The events that a membership names are a match at its instant, the absence after them aside."""
    for pattern in patterns.patterns:
        one = verdict.memberships.get(pattern.segment)
        if one is None:
            continue
        chosen = [entry for entry in window.entries if entry.id in one.event_ids]
        ends = set()
        for form in pattern.forms:
            waits = form.duration if isinstance(form, Chain) else 0
            bare = Chain(form.steps, form.withins, form.within and form.within - waits) if waits else form  # type: ignore[union-attr]
            ends |= {at + waits for at, _until in spans(bare, chosen, now)}
        assert one.at in ends
