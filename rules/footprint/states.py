"""What can hold at once: every set of rows that some visitor has, found part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from rules.footprint.factors import Class, Factor, Marks
from rules.footprint.rows import Need


class Visitor(NamedTuple):
    """An invented visitor at a moment."""

    attributes: Mapping[str, object]
    segments: tuple[str, ...]
    now: datetime


class Budget:
    """How much work is left, in steps; shared by whoever is given it."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def take(self, steps: int) -> bool:
        """Whether there was so much; else what is left stays for others."""
        if steps > self.left:
            return False
        self.left -= steps
        return True


@dataclass(frozen=True, slots=True)
class States:
    """Sets of rows, with marks.

    Attributes:
        found: each state with the choices that led to it, one class for each part.
        complete: whether these are all; else there are at most `most`.
    """

    found: Mapping[int, _Trail]
    complete: bool
    most: int


class _Trail(NamedTuple):
    before: _Trail | None
    choice: Class | None


class _Step(NamedTuple):
    """One choice among masks; `decided` are rows that it is the last to bear on, each with those of its
    item and what stands for any of them."""

    choices: Sequence[tuple[int, Class | None]]
    decided: Sequence[tuple[int, int, int]]


class Walk:
    """Follows the parts of one slot, one after another, merging what comes to the same."""

    def __init__(self, needs: Sequence[Need], marks: Marks) -> None:
        self._rows = (1 << len(needs)) - 1
        self._marks = marks
        self._next = (self._rows | marks.all).bit_length()
        self._settled: dict[int, tuple[int, int]] = {}
        self.settled: dict[int, int] = {}
        """By item of several rows, the bit that stands for any of them, once one is known to hold."""
        start = 0
        while start < len(needs):
            end = start
            while end < len(needs) and needs[end].item == needs[start].item:
                end += 1
            if end - start > 1:
                bit = self.settled[needs[start].item] = 1 << self._next + len(self.settled)
                whole = (1 << end) - (1 << start)
                self._settled.update(dict.fromkeys(range(start, end), (whole, bit)))
            start = end
        self._bits = sum(self.settled.values())

    def states(self, factors: Sequence[Factor], budget: Budget, *, relaxed: bool) -> States:
        """The states of all visitors.

        Args:
            relaxed: whether parts whose classes are not all known count as anything that they could be; then every
                visitor has one of the states, and some may be nobody's. Else each is that of a visitor.
        """
        current: dict[int, _Trail] = {self._rows | self._marks.all: _Trail(None, None)}
        ordered = sorted(factors, key=lambda one: (-len(one.classes), one.names))
        steps = list(self._steps(ordered, relaxed=relaxed))
        for place, step in enumerate(steps):
            if not budget.take(len(current) * (len(step.choices) + len(step.decided))):
                most = len(current)
                for rest in steps[place:]:
                    most *= len(rest.choices)
                return States(current, complete=False, most=most)
            current = _following(current, step)
        return States(current, complete=True, most=len(current))

    def _steps(self, factors: Sequence[Factor], *, relaxed: bool) -> Iterator[_Step]:
        marks = self._marks.all
        last: dict[int, int] = {}
        for place, factor in enumerate(factors):
            for number in self._settled:
                if factor.touched >> number & 1:
                    last[number] = place
        for place, factor in enumerate(factors):
            decided = [(1 << number, *found) for number, found in self._settled.items() if last.get(number) == place]
            own = 0
            for one in (*(found.rows for found in factor.classes), *factor.marks):
                own |= one & marks
            rest = (marks & ~own) | self._bits
            if factor.complete or not relaxed:
                nobody: list[tuple[int, Class | None]] = [(self._rows | rest | own, None)]
                yield _Step([(one.rows | rest, one) for one in factor.classes] or nobody, decided)
                continue
            for mask in factor.free:
                every = self._rows | marks | self._bits
                yield _Step([(every, None), (every & ~mask, None)], ())
            yield _Step([(self._rows | rest | mark, None) for mark in factor.marks or (0,)], decided)


def _following(states: Mapping[int, _Trail], step: _Step) -> dict[int, _Trail]:
    """Where the choices of a step lead, each state by the first way to it."""
    found: dict[int, _Trail] = {}
    for state, trail in states.items():
        for mask, chosen in step.choices:
            after = state & mask
            for row, whole, bit in step.decided:
                if after & row:
                    after = after & ~whole | bit
            if after not in found:
                found[after] = _Trail(trail, chosen)
    return found


def visitor_of(trail: _Trail, consents: Mapping[str, object], now: datetime) -> Visitor:
    """The visitor whose choices these are."""
    attributes = dict(consents)
    segments: list[str] = []
    step: _Trail | None = trail
    while step is not None:
        if step.choice is not None:
            attributes.update(step.choice.attributes or {})
            segments.extend(step.choice.segments)
            now = step.choice.now or now
        step = step.before
    return Visitor(attributes, tuple(sorted(segments)), now)
