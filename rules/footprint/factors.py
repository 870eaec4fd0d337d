"""What is known of a visitor, apart into what does not depend on each other: the classes of each part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import NamedTuple

from rules.analysis.goals import Literal
from rules.bits import union
from rules.conditions import Ago, All, InSegment, Not, Percent, Ref, Test
from rules.effects import canonical
from rules.footprint.clock import LOCAL
from rules.footprint.draws import Draws
from rules.footprint.inputs import LOCALE
from rules.footprint.people import CLOCK, CONSENT, VISITOR, ZONED, People, attributes_of
from rules.footprint.rows import Item, Need
from rules.index import Index
from rules.locales import preference
from rules.ruleset import Ruleset
from rules.schedule import ALWAYS_ON, Schedule

SEGMENT, OPAQUE = "@segment:", "@opaque:"
MOST_CONSENTS = 4
_MOST_FREE = 10
Known = Mapping[str, object]


class Class(NamedTuple):
    """Visitors whom nothing in one part tells apart.

    Attributes:
        rows: those that it leaves possible, and the marks of its values.
        attributes, segments, now: of one of them; of several parts together they make a visitor. None: nobody of the
            class was found, and there may be none.
    """

    rows: int
    attributes: Known | None
    segments: tuple[str, ...] = ()
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Factor:
    """One part.

    Attributes:
        names: attributes, in order; `@clock`, `@segment:NAME`.
        classes: of visitors that were found.
        free: where these are not known to be all: what can be true or not, each by itself, as masks of rows lost.
        marks: where they are not all: the masks of the values that they have.
    """

    names: tuple[str, ...]
    touched: int
    classes: tuple[Class, ...]
    complete: bool
    free: tuple[int, ...] = ()
    marks: tuple[int, ...] = ()


@dataclass(slots=True)
class _Part:
    names: list[str] = field(default_factory=list)
    needs: dict[int, list[Literal]] = field(default_factory=dict)
    schedules: dict[int, Schedule] = field(default_factory=dict)
    drawn: list[int] = field(default_factory=list)


class Marks:
    """Bits beyond those of rows: one for each value of the attributes that keys hold."""

    def __init__(self, first: int, names: Iterable[str], tags: Sequence[str], chain: Sequence[str]) -> None:
        self.names = frozenset(names)
        self.tags, self._chain = tuple(tags), chain
        self._first = self._next = first
        self.values: dict[str, dict[str, int]] = {}
        self.orders: dict[str, int] = {}

    def of(self, names: Sequence[str], facts: Mapping[str, object]) -> int:
        """The marks of a visitor, as far as these attributes go."""
        found = 0
        derived = [name for name in sorted(self.names) if name.startswith("time.")] if CLOCK in names else []
        for name in (*names, *derived):
            if name in self.names:
                found |= self._bit(self.values.setdefault(name, {}), canonical(facts[name]))
            if name == LOCALE and self.tags:
                order = ">".join(one for one in preference(facts[name], self._chain) if one in self.tags)
                found |= self._bit(self.orders, order)
        return found

    @property
    def all(self) -> int:
        """Every mark there is so far."""
        return (1 << self._next) - (1 << self._first)

    def _bit(self, known: dict[str, int], text: str) -> int:
        bit = known.get(text)
        if bit is None:
            bit = known[text] = 1 << self._next
            self._next += 1
        return bit


def names_of(one: Literal) -> list[str]:
    """What a literal is about."""
    leaf = one.leaf
    if isinstance(leaf, InSegment):
        return [SEGMENT + leaf.names[0]]
    if not isinstance(leaf, Test):
        return [CLOCK]
    if isinstance(leaf.operand, Percent):
        return [VISITOR]
    found = [leaf.attribute]
    if isinstance(leaf.operand, Ref):
        found.append(leaf.operand.name)
    elif isinstance(leaf.operand, Ago):
        found.append(CLOCK)
    return list(dict.fromkeys(CLOCK if name.startswith("time.") else name for name in found))


class Factors:
    """The parts of one slot. Consent is asked first: without it what has its purpose is missing."""

    def __init__(
        self,
        ruleset: Ruleset,
        items: Sequence[Item],
        needs: Sequence[Need],
        marks: Marks,
        draws: Draws,
        now: datetime,
    ) -> None:
        self._ruleset, self._items, self._needs = ruleset, items, needs
        self._marks, self._draws, self._now = marks, draws, now
        self._catalogue, self._zone = ruleset.document.catalogue, ruleset.document.zone
        self._all = (1 << len(needs)) - 1
        self._parts = list(self._split())
        asked = {name for part in self._parts for name in part.names if name.startswith(CONSENT)}
        for need in needs:
            for one in need.literals:
                if isinstance(one.leaf, Test):
                    asked.update(name for name in attributes_of(one.leaf) if name.startswith(CONSENT))
                    if isinstance(one.leaf.operand, Percent):
                        draws.add(one.leaf.operand)
        self._consents = sorted(asked)
        self._made: dict[tuple[int, tuple[tuple[str, object], ...]], Factor] = {}

    def _split(self) -> Iterator[_Part]:
        """Needs by the attributes that no test joins, ordered by name."""
        joined: dict[str, str] = {}

        def root(name: str) -> str:
            while joined.setdefault(name, name) != name:
                name = joined[name]
            return name

        def join(names: Sequence[str]) -> None:
            for name in names:
                joined[root(name)] = root(names[0])

        local = any(one.visitor for one in (need.schedule for need in self._needs))
        for need in self._needs:
            for one in need.literals:
                names = names_of(one)
                # Consent is a circumstance of all parts; what compares with it is asked under each.
                join([name for name in names if not name.startswith(CONSENT)] or names)
                local = local or (isinstance(one.leaf, Test) and bool(LOCAL & attributes_of(one.leaf)))
            if need.schedule != ALWAYS_ON:
                root(CLOCK)
            if need.drawn:
                root(VISITOR)
        for name in sorted(self._marks.names):
            root(CLOCK if name.startswith("time.") else name)
        if self._marks.tags:
            root(LOCALE)
        if local:
            join([CLOCK, *(name for name in ZONED if name in joined)])
        parts: dict[str, _Part] = {}
        for name in sorted(joined):
            parts.setdefault(root(name), _Part()).names.append(name)
        for number, need in enumerate(self._needs):
            for one in need.literals:
                names = names_of(one)
                home = next((name for name in names if not name.startswith(CONSENT)), names[0])
                parts[root(home)].needs.setdefault(number, []).append(one)
            if need.schedule != ALWAYS_ON:
                parts[root(CLOCK)].schedules[number] = need.schedule
            if need.drawn:
                parts[root(VISITOR)].drawn.append(number)
        yield from parts.values()

    def scenarios(self) -> list[dict[str, object]]:
        """What may be known of the consents that conditions ask."""
        answers = product((None, True, False), repeat=min(len(self._consents), MOST_CONSENTS))
        return [
            {name: said for name, said in zip(self._consents, one, strict=False) if said is not None} for one in answers
        ]

    def of(self, consents: Known) -> list[Factor]:
        """The parts, under these consents."""
        found = [self._under(place, part, consents) for place, part in enumerate(self._parts)]
        found.extend(
            Factor((f"{OPAQUE}{number}",), 1 << number, (), complete=False, free=(1 << number,), marks=(0,))
            for number, need in enumerate(self._needs)
            if need.opaque
        )
        return found

    def _under(self, place: int, part: _Part, consents: Known) -> Factor:
        """One part, made once for all consents that do not bear on it."""
        purposes = {self._catalogue[name].purpose for name in part.names if "@" not in name}
        bearing = {CONSENT + purpose for purpose in purposes if purpose is not None}
        for literals in part.needs.values():
            for one in literals:
                if isinstance(one.leaf, Test):
                    bearing |= attributes_of(one.leaf)
        key = place, tuple((name, said) for name, said in consents.items() if name in bearing or name in part.names)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._factor(part, consents)
        return found

    def _factor(self, part: _Part, consents: Known) -> Factor:
        numbers = sorted({*part.needs, *part.schedules, *part.drawn})
        touched = 0
        for number in numbers:
            touched |= 1 << number
        asked: dict[object, int] = {}
        wants: list[tuple[All, Schedule]] = []
        for number in sorted({*part.needs, *part.schedules}):
            literals, schedule = part.needs.get(number, []), part.schedules.get(number, ALWAYS_ON)
            key = (tuple((one.key, one.negated) for one in literals), schedule)
            if key not in asked:
                wants.append((_together(literals), schedule))
            asked[key] = asked.get(key, 0) | 1 << number
        lost = list(asked.values())
        if part.names[0].startswith(SEGMENT):
            return self._membership(part, touched)
        drawn = 0
        for number in part.drawn:
            drawn |= 1 << number
        index = Index(wants, self._catalogue, self._zone)
        holding = index.values(range(len(wants)))
        classes: dict[int, Class] = {}
        drawn_alone = drawn & ~union(lost)
        people = People(
            self._ruleset.document,
            part.names,
            [one for found in part.needs.values() for one in found],
            list(dict.fromkeys(part.schedules.values())),
            self._marks.names,
            self._marks.tags,
            self._draws,
            self._now,
        )
        for attributes, now in people.invented(consents):
            facts = self._ruleset.facts({**attributes, **consents}, now=now)
            alive = 0
            for place in holding(index.alive(facts)):
                alive |= lost[place]
            alive |= drawn_alone
            for number in part.drawn:
                if alive >> number & 1 and not self._draws.drawn(self._items[self._needs[number].item], facts):
                    alive ^= 1 << number
            rows = (self._all & ~touched) | alive | self._marks.of(part.names, facts)
            classes.setdefault(rows, Class(rows, attributes, (), now if CLOCK in part.names else None))
        found = tuple(classes.values())
        clipped = len(self._consents) > MOST_CONSENTS and any(name.startswith(CONSENT) for name in part.names)
        marks = tuple(dict.fromkeys(one.rows & ~self._all for one in found))
        free = (*lost, *(1 << number for number in part.drawn))
        # What is not known to be all may be so all the same: there are no more ways to be true or not.
        every = len(free) <= _MOST_FREE and len(found) == len(marks) << len(free)
        complete = every or (people.complete and not clipped)
        return Factor(tuple(part.names), touched, found, complete, () if complete else free, () if complete else marks)

    def _membership(self, part: _Part, touched: int) -> Factor:
        name = part.names[0].removeprefix(SEGMENT)
        held = outside = self._all & ~touched
        for number, literals in part.needs.items():
            negated = {one.negated for one in literals}
            if negated == {False}:
                held |= 1 << number
            elif negated == {True}:
                outside |= 1 << number
        return Factor((part.names[0],), touched, (Class(outside, {}), Class(held, {}, (name,))), complete=True)


def _together(literals: Sequence[Literal]) -> All:
    return All(tuple(Not(one.leaf) if one.negated else one.leaf for one in literals))  # type: ignore[misc, arg-type]  # schedules stand apart
