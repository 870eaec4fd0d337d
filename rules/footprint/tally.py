"""How many outcomes a slot can have, with all of its rules and without each: what bears on nothing else multiplies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from rules.actors import Actor, telling
from rules.bits import iterate, union
from rules.compiled import CompiledSlot
from rules.footprint.boxes import united
from rules.footprint.factors import Class, Factor, Marks
from rules.footprint.inputs import LOCALE
from rules.footprint.people import CLOCK
from rules.footprint.rows import Item, Need
from rules.footprint.states import Budget, Walk

_Node = tuple[str, int]
_Outcome = tuple[int, int, int]
_Parts = Sequence[Sequence[tuple[int, Factor]]]


class Number(NamedTuple):
    """How many outcomes.

    Attributes:
        most: there are no more.
        counted: whether each of these is that of some state; else they are a bound, whatever the states are.
    """

    most: int
    counted: bool


class Without(NamedTuple):
    """How many outcomes there are without a rule or an experiment.

    Attributes:
        number: of outcomes.
        met: whether it may hold for anybody.
        same: whether it is certain that there are as many with it, even if some of the states are nobody's.
    """

    number: Number
    met: bool
    same: bool


@dataclass(frozen=True, slots=True)
class _Component:
    """Items and what they follow from, in which no other component has a part.

    Attributes:
        items: by their places.
        rows, marks: the bits that count.
        parts: by circumstance, what they follow from, each with its place among all parts.
    """

    items: tuple[int, ...]
    rows: int
    marks: int
    parts: _Parts


@dataclass(frozen=True, slots=True)
class _Column:
    """What one component comes to.

    Attributes:
        which: by circumstance, equal where it comes to the same.
        most: by circumstance, of sets of its items with values.
        boxes: by circumstance and case, the outcomes as bits; None where that was too much work.
        told: by circumstance and case, the items that some outcome tells.
        met: the items that hold in some state.
    """

    which: tuple[int, ...]
    most: tuple[int, ...]
    boxes: tuple[int, ...] | None
    told: tuple[int, ...]
    met: int


class _Followed(NamedTuple):
    """A component in one circumstance."""

    most: int
    boxes: Sequence[int] | None
    told: Sequence[int]
    met: int


class Tally:
    """Counts the outcomes of one slot.

    Who remains after `stop` follows from the first actor that stops. So each of these is a case, as is nobody, and as
    is the holdout; within a case components are free of each other, and the outcomes are a product of theirs. What all
    cases and circumstances come to is the union of the products.
    """

    def __init__(
        self,
        compiled: CompiledSlot,
        items: Sequence[Item],
        needs: Sequence[Need],
        marks: Marks,
        walk: Walk,
        circumstances: Sequence[Sequence[Factor]],
        budget: Budget,
    ) -> None:
        """Count all.

        Args:
            circumstances: the parts, under each answer to the consents that are asked.
            budget: for this count.
        """
        self._items, self._walk = items, walk
        self._item_of = [need.item for need in needs]
        self._rows = [0] * len(items)
        for number, need in enumerate(needs):
            self._rows[need.item] |= 1 << number
        owned: dict[str, set[int]] = {}
        for place, item in enumerate(items):
            if item.owner is not None:
                owned.setdefault(item.owner, set()).add(place)
        self._owned = {owner: frozenset(places) for owner, places in owned.items()}
        self._bits = [rows | walk.settled.get(place, 0) for place, rows in enumerate(self._rows)]
        self._of_slot = {*compiled.slot.select_refs, *compiled.slot.default_refs}
        self._read_marks(marks, [found.names for found in circumstances[0]])
        self._read_actors()
        every = (1 << len(needs)) - 1 | marks.all
        made: dict[int, list[Factor]] = {}
        for factor in (one for found in circumstances for one in found):
            if id(factor) not in made:
                made[id(factor)] = list(_apart(factor, every))
        parts = [
            [(place, one) for place, factor in enumerate(found) for one in made[id(factor)]] for found in circumstances
        ]
        self._circumstances = len(parts)
        self._components = list(self._split(range(len(items)), parts))
        self._columns = [self._column(one, budget) for one in self._components]
        self._home = {item: place for place, one in enumerate(self._components) for item in one.items}
        varying = [place for place, one in enumerate(self._columns) if one.boxes is None or len(set(one.boxes)) > 1]
        self._varying = frozenset(varying)
        self._times = prod(
            one.boxes[0].bit_count()
            for place, one in enumerate(self._columns)
            if one.boxes and place not in self._varying
        )
        self._bounded = frozenset(place for place in varying if self._columns[place].boxes is None)
        self._differing = frozenset(place for place, one in enumerate(self._columns) if len(set(one.which)) > 1)
        self._times_most = prod(one.most[0] for place, one in enumerate(self._columns) if place not in self._differing)
        self.number = self._counted([], None, frozenset(), budget)

    def named(self) -> set[str]:
        """The attributes whose values some outcome has."""
        told = self._acting
        if not self._bounded:
            told = 0
            for box, sets in enumerate(zip(*(one.boxes or () for one in self._columns), strict=True)):
                if all(sets):
                    told |= union(one.told[box] for one in self._columns)
        refs = (name for place, actor in self._ordered if told >> place & 1 for name in actor.refs)
        return self._of_slot | set(refs)

    def without(self, owner: str, budget: Budget) -> Without:
        """The count where one is left out: of its component anew, and of the others as it was.

        Args:
            owner: `rule ID` or `experiment ID`.
            budget: for this; where it is used up, what is known without more work.
        """
        gone = self._owned[owner]
        home = self._home[min(gone)]
        column, component = self._columns[home], self._components[home]
        # Then what is told without it follows from what is told with it, so that there are no more without.
        follows = not any(place in self._entangled for place in gone)
        if budget.take(len(component.items)):
            kept = [place for place in component.items if place not in gone]
            own = [self._column(one, budget) for one in self._split(kept, component.parts)]
            found = self._counted(own, home, gone, budget)
        else:
            found = Number(self._most([], None), counted=False)
        if follows and found.most > self.number.most:
            found = Number(self.number.most, counted=False)
        met = column.boxes is None or any(column.met >> place & 1 for place in gone)
        equal = found.counted and self.number.counted and found.most == self.number.most
        return Without(found, met, not met or (follows and equal))

    def _read_marks(self, marks: Marks, names: Sequence[Sequence[str]]) -> None:
        values = {name: sum(known.values()) for name, known in marks.values.items()}
        orders = sum(marks.orders.values())
        self._always = orders | union(values.get(name, 0) for name in self._of_slot)
        self._refs = [
            union(values.get(name, 0) for name in one.actor.refs) if one.actor is not None else 0 for one in self._items
        ]
        self._own = [
            union(mask for name, mask in values.items() if name in own or (name.startswith("time.") and CLOCK in own))
            | (orders if LOCALE in own else 0)
            for own in names
        ]

    def _read_actors(self) -> None:
        items = self._items
        named = [(place, one.actor) for place, one in enumerate(items) if one.actor is not None]
        self._ordered = sorted(named, key=lambda one: one[1].order)
        self._acting = union(1 << place for place, _actor in named)
        self._digests = union(1 << place for place, actor in named if actor.digest is not None)
        self._segments = union(1 << place for place, one in enumerate(items) if one.segment is not None)
        self._arms = union(1 << place for place, one in enumerate(items) if one.arm is not None)
        self._holdout = next((place for place, one in enumerate(items) if not one.owner and one.segment is None), None)
        lowest = min((actor.priority for _place, actor in named), default=0.0)
        stopping = [
            (place, actor.priority) for place, actor in self._ordered if actor.stops and actor.priority > lowest
        ]
        self._case_of = {place: case for case, (place, _priority) in enumerate(stopping)}
        self._limits = list(self._remaining([priority for _place, priority in stopping]))
        self._cases = len(self._limits) + (self._holdout is not None)
        self._beside = list(_beside(self._ordered))
        self._hidden = union(1 << place for place, _other in self._beside)
        self._entangled = {*self._case_of, *(place for pair in self._beside for place in pair)}

    def _remaining(self, priorities: Sequence[float]) -> Iterator[int]:
        """By case, who has the priority to remain; all where nobody stops."""
        mask, at = 0, 0
        for priority in priorities:
            while at < len(self._ordered) and self._ordered[at][1].priority >= priority:
                mask |= 1 << self._ordered[at][0]
                at += 1
            yield mask
        yield self._acting

    def _split(self, items: Iterable[int], parts: _Parts) -> Iterator[_Component]:
        """The components of some items and parts."""
        roots: dict[_Node, _Node] = {("item", place): ("item", place) for place in items}
        rows = union(self._rows[place] for _kind, place in roots)
        wanted = self._always | union(self._refs[place] for _kind, place in roots)

        def root(one: _Node) -> _Node:
            while roots.setdefault(one, one) != one:
                roots[one] = one = roots[roots[one]]
            return one

        def join(nodes: Sequence[_Node]) -> None:
            for node in nodes:
                roots[root(node)] = root(nodes[0])

        marked = {part for found in parts for part, _factor in found if self._own[part] & wanted}
        for part in sorted(marked):
            join(
                [
                    ("marks", part),
                    *(node for node in list(roots) if node[0] == "item" and self._refs[node[1]] & self._own[part]),
                ]
            )
        for place, other in self._beside:
            if ("item", place) in roots and ("item", other) in roots:
                join([("item", place), ("item", other)])
        homes: dict[int, _Node] = {}
        for part, factor in (one for found in parts for one in found):
            if id(factor) not in homes:
                nodes: list[_Node] = [("item", place) for place in self._touched(factor.touched & rows)]
                if part in marked and _tells(factor, self._own[part] & wanted):
                    nodes.append(("marks", part))
                if nodes:
                    join(nodes)
                    homes[id(factor)] = nodes[0]
        groups: dict[_Node, tuple[list[int], list[int], list[list[tuple[int, Factor]]]]] = {}
        for kind, place in list(roots):
            group = groups.setdefault(root((kind, place)), ([], [], [[] for _found in parts]))
            group[kind == "marks"].append(place)  # type: ignore[arg-type]
        for circumstance, found in enumerate(parts):
            for part, factor in found:
                if id(factor) in homes:
                    groups[root(homes[id(factor)])][2][circumstance].append((part, factor))
        for places, own, mine in groups.values():
            marks = union(self._own[place] for place in own) & wanted
            yield _Component(tuple(places), union(self._rows[place] for place in places), marks, mine)

    def _touched(self, rows: int) -> list[int]:
        found = []
        while rows:
            place = self._item_of[(rows & -rows).bit_length() - 1]
            found.append(place)
            rows &= ~self._rows[place]
        return found

    def _column(self, one: _Component, budget: Budget) -> _Column:
        """Follow a component in each circumstance."""
        known: dict[_Outcome, int] = {}
        made: dict[tuple[int, ...], _Followed] = {}
        which: list[int] = []
        for found in one.parts:
            key = tuple([id(factor) for _part, factor in found])
            if key not in made:
                made[key] = self._followed(one, [factor for _part, factor in found], known, budget)
            which.append(list(made).index(key))
        all_ = list(made.values())
        boxes: list[int] | None = []
        for number in which:
            its = all_[number].boxes
            boxes = None if boxes is None or its is None else [*boxes, *its]
        return _Column(
            tuple(which),
            tuple(all_[number].most for number in which),
            None if boxes is None else tuple(boxes),
            tuple(told for number in which for told in all_[number].told),
            union(each.met for each in all_),
        )

    def _followed(
        self,
        one: _Component,
        factors: Sequence[Factor],
        known: dict[_Outcome, int],
        budget: Budget,
    ) -> _Followed:
        keep = one.rows | one.marks
        fewer = [_reduced(factor, one.rows, keep) for factor in factors]
        states = self._walk.states(fewer, budget, relaxed=True)
        values = prod(len({each.rows & one.marks for each in factor.classes}) for factor in fewer)
        most = min(states.most, values << len(one.items))
        if not states.complete or not budget.take(len(states.found) * len(one.items)):
            return _Followed(most, None, (), 0)
        masks = [(1 << place, self._bits[place]) for place in one.items]
        pairs = {(union(bit for bit, mask in masks if state & mask), state & one.marks) for state in states.found}
        met = union(held for held, _marks in pairs)
        own = {
            place: case
            for place, case in ((place, self._case_of.get(place)) for place in one.items)
            if case is not None
        }
        if not budget.take(len(pairs) * self._cases):
            return _Followed(len(pairs), None, (), met)
        boxes, told = [0] * self._cases, [0] * self._cases
        within = union(1 << place for place in one.items)
        ordered = (
            [(place, actor) for place, actor in self._ordered if within >> place & 1] if within & self._hidden else []
        )
        for held, marks in pairs:
            for case in self._cases_of(held, own):
                outcome = self._told(case, held, marks, ordered)
                told[case] |= outcome[0]
                boxes[case] |= 1 << known.setdefault(outcome, len(known))
        return _Followed(len(pairs), boxes, told, met)

    def _cases_of(self, held: int, own: dict[int, int]) -> Iterator[int]:
        """The cases in which a component can have these items: those of which it has no earlier one, nor another."""
        if self._holdout is not None:
            yield self._cases - 1
            if held >> self._holdout & 1:
                return
        nobody = len(self._limits) - 1
        first = min((case for place, case in own.items() if held >> place & 1), default=nobody)
        mine = set(own.values())
        yield from (case for case in range(first) if case not in mine)
        yield first

    def _told(self, case: int, held: int, marks: int, ordered: Sequence[tuple[int, Actor]]) -> _Outcome:
        """What is left to see of these items and values. `ordered` are actors of which some may hide behind others."""
        if case == len(self._limits):
            return 0, held & self._segments, marks & self._always
        remaining = held & self._limits[case]
        told = remaining & self._digests
        if told & self._hidden:
            acting = {id(actor): place for place, actor in ordered if told >> place & 1}
            seen = telling([actor for place, actor in ordered if told >> place & 1])
            told = union(1 << acting[id(actor)] for actor in seen)
        asked = self._always
        for place in iterate(told):
            asked |= self._refs[place]
        return told, held & (self._segments | self._arms), marks & asked

    def _counted(self, own: Sequence[_Column], home: int | None, gone: frozenset[int], budget: Budget) -> Number:
        """The outcomes with columns of its own in place of one."""
        if self._bounded - {home} or any(one.boxes is None for one in own):
            return Number(self._most(own, home), counted=False)
        times = self._times
        if home is not None and home not in self._varying:
            times //= (self._columns[home].boxes or (1,))[0].bit_count()
        columns = [self._columns[place].boxes or () for place in sorted(self._varying - {home})]
        columns += [one.boxes or () for one in own]
        if not columns:
            return Number(times, counted=True)
        if not budget.take(len(columns) * len(columns[0])):
            return Number(self._most(own, home), counted=False)
        over = {self._case_of[place] for place in gone if place in self._case_of}
        boxes = {sets for box, sets in enumerate(zip(*columns, strict=True)) if box % self._cases not in over}
        size = united(boxes, budget)
        if size is None:
            apart = sum(prod(one.bit_count() for one in sets) for sets in boxes)
            return Number(min(times * apart, self._most(own, home)), counted=False)
        return Number(times * size, counted=True)

    def _most(self, own: Sequence[_Column], home: int | None) -> int:
        """No more than this: as if `stop` hid nothing, and those in the holdout had rules."""
        times = self._times_most
        if home is not None and home not in self._differing:
            times //= self._columns[home].most[0]
        columns = [self._columns[place] for place in sorted(self._differing - {home})] + list(own)
        found = {}
        for circumstance in range(self._circumstances):
            which = tuple([one.which[circumstance] for one in columns])
            found[which] = prod(one.most[circumstance] for one in columns)
        return times * sum(found.values())


def _apart(factor: Factor, every: int) -> Iterator[Factor]:
    """What of a part is free of the rest of it: where its classes are not all known, each thing that it asks."""
    if factor.complete:
        yield factor
        return
    for mask in factor.free:
        yield Factor(factor.names, mask, (Class(every, None), Class(every & ~mask, None)), complete=True)
    rows = every & ~union(factor.marks) if any(factor.marks) else every
    yield Factor(factor.names, 0, tuple(Class(rows | mark, None) for mark in factor.marks or (0,)), complete=True)


def _reduced(factor: Factor, rows: int, keep: int) -> Factor:
    """A part as far as a component goes: what only others tell apart is one."""
    classes = {one.rows & keep: None for one in factor.classes} or {keep: None}
    return Factor(factor.names, factor.touched & rows, tuple(Class(mask, None) for mask in classes), complete=True)


def _tells(factor: Factor, marks: int) -> bool:
    return len({one.rows & marks for one in factor.classes}) > 1


def _beside(ordered: Sequence[tuple[int, Actor]]) -> Iterator[tuple[int, int]]:
    """Rules that only set hints which others before them may all have set, each with one of these; pairs that join."""
    before: dict[str, list[int]] = {}
    paired: dict[str, int] = {}
    for place, actor in ordered:
        if actor.only_hints and all(name in before for name in actor.hints):
            for name in actor.hints:
                yield from ((place, other) for other in before[name][paired.get(name, 0) :])
                paired[name] = len(before[name]) - 1
        for name in actor.hints:
            before.setdefault(name, []).append(place)
