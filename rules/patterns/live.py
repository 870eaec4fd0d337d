"""Live segments: who is in them by what they did, and when to look again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rules.patterns.forms import LATE, Chain, LivePattern, Tally
from rules.patterns.letters import PatternSet
from rules.patterns.reference import Found, Match, concluded, matches, tallied, ticks
from rules.patterns.windows import Entry, Window


@dataclass(frozen=True, slots=True)
class Membership:
    """That a visitor is, or was, in a live segment.

    Attributes:
        at: the instant of the latest match, milliseconds since the epoch.
        until: when it ends, not included; None: as long as evaluating finds it.
        event_ids: the events that made the latest match, in the order of its steps.
    """

    segment: str
    at: int
    until: int | None
    event_ids: tuple[str, ...]

    def holds(self, now: int) -> bool:
        """Whether the visitor is in the segment at an instant."""
        return self.at <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the patterns say of one window.

    Attributes:
        memberships: the latest match of each segment that has one in the window, by segment; it may have ended.
        due: when to evaluate again though no event comes, milliseconds; None: never.
        quarantined: whether the engine was ended twice by this window, so that the reference answered.
    """

    memberships: Mapping[str, Membership]
    due: int | None
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine found in one window.

    Attributes:
        matches: of chains, by (pattern, form), with places in the entries up to now; a chain that is missing has none.
        left: the chains that the engine did not carry; the reference answers for them.
        quarantined: whether the window ended the engine twice; the reference answers for all.
    """

    matches: Mapping[tuple[int, int], Sequence[Match]]
    left: frozenset[tuple[int, int]] = frozenset()
    quarantined: bool = False


class Engine(Protocol):
    """What evaluates the chains of a pattern set."""

    def evaluate(self, batch: Sequence[tuple[Sequence[Entry], int]]) -> Sequence[Answer]:
        """An answer for each (entries up to now in order, now)."""


def evaluate(
    patterns: PatternSet, windows: Sequence[tuple[Window, int]], engine: Engine | None = None
) -> list[Verdict]:
    """What the patterns say of windows, each at an instant of its own.

    Counts are plain Python. Sequences and absences are asked of the engine; of the reference where there is none, where
    it did not carry one, and where a window ended it twice.

    Args:
        windows: with the instant, milliseconds since the epoch; events after it are not seen yet.
        engine: made for the same patterns.
    """
    seen = [([one for one in window.entries if one.time <= now], now) for window, now in windows]
    answers: Sequence[Answer | None] = engine.evaluate(seen) if engine is not None else [None] * len(seen)
    return [
        _verdict(patterns, window, entries, now, answer)
        for (window, now), (entries, _now), answer in zip(windows, seen, answers, strict=True)
    ]


def _verdict(
    patterns: PatternSet, window: Window, entries: Sequence[Entry], now: int, answer: Answer | None
) -> Verdict:
    due = next((one.time for one in window.entries[len(entries) :]), None)
    memberships: dict[str, Membership] = {}
    there = {letter for one in entries for letter in one.letters}
    for number, pattern in enumerate(patterns.patterns):
        found: list[Found] = []
        for place, form in enumerate(pattern.forms):
            if isinstance(form, Tally):
                one = tallied(form, entries) if form.letter in there else None
            elif not there.issuperset(form.steps):
                continue
            else:
                due = min((tick for tick in (due, *ticks(form, entries, now)) if tick is not None), default=None)
                one = concluded(form, _matches(form, (number, place), entries, now, answer), entries)
            if one is not None:
                found.append(one)
        if found:
            memberships[pattern.segment] = _membership(pattern, found)
    return Verdict(memberships, due, answer is not None and answer.quarantined)


def _matches(
    form: Chain, key: tuple[int, int], entries: Sequence[Entry], now: int, answer: Answer | None
) -> Sequence[Match]:
    if answer is None or answer.quarantined or key in answer.left:
        return matches(form, entries, now)
    return answer.matches.get(key, ())


def _membership(pattern: LivePattern, found: Sequence[Found]) -> Membership:
    latest = max(found, key=lambda one: one.at)
    if pattern.lasts is not None:
        until: int | None = latest.at + pattern.lasts
    else:
        ends = [one.until for one in found if one.until is not None]
        until = max(ends) if len(ends) == len(found) else None
    return Membership(pattern.segment, latest.at, until, latest.event_ids)


def settle(before: Membership | None, found: Membership | None, now: int) -> Membership | None:
    """The membership to keep, of what was announced and what evaluating finds now.

    What was announced within the last five minutes is recomputed, and may be retracted. What was announced before
    stands until its end; where it has none of its own it ends as soon as evaluating no longer finds it.
    """
    if before is None or (found is not None and found.at >= before.at) or now - before.at <= LATE:
        return found
    if before.until is not None:
        return before
    return found if found is not None and found.holds(now) else replace(before, until=now)
