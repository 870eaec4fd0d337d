"""What patterns mean, in plain Python: the oracle of the engine, and its stand-in where it cannot be asked.

One rule of time holds for all of them: a span that begins at an instant takes that instant in, and not its own end.
Events of one instant may serve steps in either order, each event one step; for an absence, an event at the very instant
of the step before counts as coming after it, unless it could itself have been that step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from rules.patterns.forms import Chain, Tally
from rules.patterns.windows import Entry


class Match(NamedTuple):
    """One way in which the steps of a chain are met.

    Attributes:
        last: the time of the last step, milliseconds; of several matches with the same, that with the latest `first`.
        first: the time of the first step.
        places: which entries, by their place in what was given, step by step.
    """

    last: int
    first: int
    places: tuple[int, ...]


class Found(NamedTuple):
    """The latest match of a form.

    Attributes:
        at: its instant, milliseconds.
        until: when the last of all matches ends, not included; None: it has no end of its own.
        event_ids: the events that made it, in the order of the steps.
    """

    at: int
    until: int | None
    event_ids: tuple[str, ...]


def tallied(tally: Tally, entries: Sequence[Entry]) -> Found | None:
    """The latest match of a count among events up to now, in order."""
    fitting = [one for one in entries if tally.letter in one.letters]
    for last in range(len(fitting) - 1, tally.count - 2, -1):
        counted = fitting[last - tally.count + 1 : last + 1]
        ends = counted[0].time + tally.within
        if counted[-1].time < ends:
            return Found(counted[-1].time, ends, tuple(one.id for one in counted))
    return None


def matches(chain: Chain, entries: Sequence[Entry], now: int) -> list[Match]:
    """The matches of a chain among events up to now, in order, one for each instant of a last step."""
    reached: list[list[Match]] = [[] for _step in chain.steps]
    asked = frozenset(chain.steps)
    fitting = [(place, one) for place, one in enumerate(entries) if not asked.isdisjoint(one.letters)]
    for time, group in groupby(fitting, lambda item: item[1].time):
        here = list(group)
        found = [_best(chain, step, time, here, reached) for step in range(len(chain.steps))]
        for step, match in enumerate(found):
            if match is not None:
                reached[step].append(match)
    if chain.absent is None:
        return reached[-1]
    return [
        match
        for match in reached[-1]
        if match.last + chain.duration <= now
        and (chain.within is None or match.last + chain.duration < match.first + chain.within)
        and not broken(chain, match.last, entries)
    ]


def _best(
    chain: Chain, step: int, time: int, here: Sequence[tuple[int, Entry]], reached: Sequence[Sequence[Match]]
) -> Match | None:
    """The steps up to this one, it and perhaps some before it at this instant; the latest first step wins."""
    best: Match | None = None
    for start in range(step, -1, -1):
        placed = _placed(chain.steps[start : step + 1], here)
        if placed is None:
            break
        if start == 0:
            return Match(time, time, placed)
        span = chain.withins[start]
        for before in reversed(reached[start - 1]):
            if span is not None and time >= before.last + span:
                break
            if chain.within is not None and time >= before.first + chain.within:
                continue
            if best is None or before.first > best.first:
                best = Match(time, before.first, (*before.places, *placed))
    return best


def _placed(steps: Sequence[str], here: Sequence[tuple[int, Entry]]) -> tuple[int, ...] | None:
    """A different event of one instant for each step, by augmenting paths; None where there are too few."""
    taken: dict[int, int] = {}

    def seat(step: int, tried: set[int]) -> bool:
        for place, entry in here:
            if steps[step] in entry.letters and place not in tried:
                tried.add(place)
                if place not in taken or seat(taken[place], tried):
                    taken[place] = step
                    return True
        return False

    if len(here) < len(steps) or not all(seat(step, set()) for step in range(len(steps))):
        return None
    seats = {step: place for place, step in taken.items()}
    return tuple(seats[step] for step in range(len(steps)))


def broken(chain: Chain, last: int, entries: Sequence[Entry]) -> bool:
    """Whether what must be absent came within the span that begins with a last step."""
    return any(
        last <= one.time < last + chain.duration
        and chain.absent in one.letters
        and not (one.time == last and chain.steps[-1] in one.letters)
        for one in entries
    )


def concluded(chain: Chain, found: Sequence[Match], entries: Sequence[Entry]) -> Found | None:
    """The latest of a chain's matches, and when the last of them ends.

    A plain sequence holds until its window, which begins with the first step, is over; one with an absence at most
    until the absent event comes after all.
    """
    if not found:
        return None
    latest = max(found, key=lambda match: (match.last, match.first))
    ends = [_end(chain, match, entries) for match in found]
    known = [end for end in ends if end is not None]
    until = max(known) if len(known) == len(ends) else None
    return Found(latest.last + chain.duration, until, tuple(entries[place].id for place in latest.places))


def _end(chain: Chain, match: Match, entries: Sequence[Entry]) -> int | None:
    total = chain.total
    end = None if total is None else match.first + total
    if chain.absent is not None:
        at = match.last + chain.duration
        came = next((one.time for one in entries if one.time >= at and chain.absent in one.letters), None)
        if came is not None:
            return came if end is None else min(came, end)
    return end


def ticks(chain: Chain, entries: Sequence[Entry], now: int) -> Iterator[int]:
    """When absences that have begun will have lasted: never too late, though it may turn out to be for nothing."""
    if chain.absent is None:
        return
    for one in reversed(entries):
        if one.time + chain.duration <= now:
            return
        if chain.steps[-1] in one.letters and not broken(chain, one.time, entries):
            yield one.time + chain.duration
