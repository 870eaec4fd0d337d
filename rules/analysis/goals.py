"""What an analysis asks to hold at once: conditions and schedules, with segments written out, taken apart into rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rules.conditions import All, AnyOf, Condition, InSegment, Not, Test
from rules.schedule import Schedule
from rules.segments import Segment

MOST_STEPS = 400
"""How many branches of disjunctions are followed for one question."""


@dataclass(frozen=True, slots=True)
class During:
    """The clock is within the span of a schedule."""

    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Recurring:
    """The clock is within the recurring hours of a schedule."""

    schedule: Schedule


@dataclass(frozen=True, slots=True)
class Literal:
    """A test, membership in one segment, or a part of a schedule; or the negation of one.

    Attributes:
        key: equal for equal leaves, negated or not.
    """

    leaf: Test | InSegment | During | Recurring
    negated: bool
    key: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    parts: tuple[Goal, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Goal, ...]


Goal = Literal | Every | Either
Row = tuple[Literal, ...]


def literal(leaf: Test | InSegment | During | Recurring, negated: bool) -> Literal:
    """A literal with its key."""
    return Literal(leaf, negated, leaf.key if isinstance(leaf, Test) else repr(leaf))


class Goals:
    """Makes goals; segments with a condition are replaced by it, and disabled ones are never held.

    That a caller may claim membership in such a segment as well is left out: claims that depend on it say so, see
    `claimable`. Of pattern, computed and listed segments a caller may say anything.
    """

    def __init__(self, segments: Mapping[str, Segment]) -> None:
        self._segments = segments
        self._made: dict[tuple[str, bool], Goal] = {}

    def condition(self, condition: Condition, *, negated: bool = False) -> Goal:
        """That a condition holds, or does not."""
        match condition:
            case Test():
                return literal(condition, negated)
            case InSegment(names):
                parts = tuple(self._member(name, negated) for name in names)
                return Every(parts) if negated else Either(parts)
            case Not(item):
                return self.condition(item, negated=not negated)
            case All(items) | AnyOf(items):
                parts = tuple(self.condition(item, negated=negated) for item in items)
                return Every(parts) if isinstance(condition, All) is not negated else Either(parts)

    def _member(self, name: str, negated: bool) -> Goal:
        found = self._made.get((name, negated))
        if found is None:
            found = self._made[name, negated] = self._membership(name, negated)
        return found

    def _membership(self, name: str, negated: bool) -> Goal:
        segment = self._segments.get(name)
        if segment is None or not segment.enabled:
            return Every(()) if negated else Either(())
        if segment.kind == "when":
            return self.condition(segment.when, negated=negated)
        given = literal(InSegment((name,)), negated)
        if not segment.members:
            return given
        listed = literal(Test("visitor.id", "in", tuple(sorted(segment.members))), negated)
        return Every((given, listed)) if negated else Either((given, listed))


def on(schedule: Schedule, *, negated: bool = False) -> Goal:
    """That a schedule is on, or off."""
    parts: list[Goal] = []
    if schedule.start is not None or schedule.until is not None:
        parts.append(literal(During(schedule), negated))
    if schedule.recurs:
        parts.append(literal(Recurring(schedule), negated))
    return Either(tuple(parts)) if negated else Every(tuple(parts))


def claimable(condition: Condition, segments: Mapping[str, Segment]) -> list[str]:
    """The enabled segments with a condition of their own that a condition names, also by way of others; sorted."""
    found: set[str] = set()
    waiting: list[Condition] = [condition]
    while waiting:
        match waiting.pop():
            case InSegment(names):
                for name in names:
                    segment = segments.get(name)
                    if segment is not None and segment.enabled and segment.kind == "when" and name not in found:
                        found.add(name)
                        waiting.append(segment.when)
            case All(items) | AnyOf(items):
                waiting.extend(items)
            case Not(item):
                waiting.append(item)
            case _:
                pass
    return sorted(found)


class Rows:
    """The rows of a goal, found one after another: it holds where every literal of one of them does.

    Attributes:
        complete: whether all rows were given; False once the limit of steps was met.
        clashes: pairs of opposite literals that closed a branch.
    """

    def __init__(self, goal: Goal) -> None:
        self._goal = goal
        self._steps = 0
        self.complete = True
        self.clashes: list[Row] = []

    def __iter__(self) -> Iterator[Row]:
        return self._rows([self._goal], {})

    def _rows(self, pending: list[Goal], chosen: dict[str, Literal]) -> Iterator[Row]:
        self._steps += 1
        if self._steps > MOST_STEPS:
            self.complete = False
            return
        open_: list[Either] = []
        while pending:
            goal = pending.pop()
            match goal:
                case Every(parts):
                    pending.extend(reversed(parts))
                case Either(parts):
                    open_.append(goal)
                case Literal(key=key):
                    other = chosen.setdefault(key, goal)
                    if other.negated is not goal.negated:
                        self.clashes.append((other, goal))
                        return
        left = [either for either in open_ if not any(_chosen(part, chosen) for part in either.parts)]
        if not left:
            yield tuple(chosen.values())
            return
        first = min(left, key=lambda either: len(either.parts))
        rest: list[Goal] = [either for either in left if either is not first]
        for part in first.parts:
            yield from self._rows([*rest, part], dict(chosen))


def _chosen(goal: Goal, chosen: Mapping[str, Literal]) -> bool:
    if not isinstance(goal, Literal):
        return False
    other = chosen.get(goal.key)
    return other is not None and other.negated is goal.negated
