"""Visitor classes: what only the origin knows of a visitor, reduced to what a rule set can tell apart.

Visitors of one class are alike in every condition, bucket and selector that the rules ask, whatever else is known of
them; so the class, and not the visitor, is what an edge needs. A class is made of representative values: for each
attribute one for which every test says what it says of the visitor's own, for each bucket the first of those that no
share and no arm tells apart.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from math import ceil
from typing import Any, NamedTuple

from rules.buckets import BUCKETS
from rules.conditions import Ago, Condition, InSegment, Percent, Ref, Test, walk
from rules.content import Content
from rules.effects import canonical
from rules.experiments import Experiment
from rules.facts import Facts, bucket_name, consent_to
from rules.footprint.causes import reads_of
from rules.footprint.inputs import carrier_of
from rules.footprint.values import values_of
from rules.index import Index
from rules.keeping import keep
from rules.ruleset import Ruleset
from rules.schedule import ALWAYS_ON

_SOME_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)  # no test of a class's attributes reads the clock
_NOTHING: tuple[Any, ...] = ([], [], [])


class BadClassError(ValueError):
    """The text is not of a visitor class."""


class VisitorClass(NamedTuple):
    """What an edge may be told of a visitor.

    Attributes:
        attributes: representative values by name, and consents.
        segments: those held that neither conditions nor the request give.
        buckets: by `rules.facts.bucket_name`.
    """

    attributes: Mapping[str, object]
    segments: tuple[str, ...]
    buckets: Mapping[str, int]


_MOST_READ = 4_096
NOBODY = VisitorClass({}, (), {})
"""The class of visitors of whom nothing is known."""


class Classes:
    """The classes of one rule set and content, as far as some slots tell visitors apart."""

    def __init__(self, ruleset: Ruleset, content: Content, slots: Collection[str]) -> None:
        """``slots``: those whose answers visitors of a class may share."""
        self._ruleset = ruleset
        self._read: dict[str, VisitorClass] = {"": NOBODY}  # visitors of a class come again and again
        document = ruleset.document
        tests: dict[str, Test] = {}
        whole: set[str] = set()
        consents: set[str] = set()
        for slot in slots:
            compiled = ruleset.compiled(slot)
            reads = reads_of(ruleset, content, slot)
            tests.update((test.key, test) for test in reads.tests)
            whole.update(compiled.reads, compiled.slot.select_refs, compiled.slot.default_refs)
            named = (cause.attribute for cause in reads.causes if cause.attribute is not None)
            consents.update(name for name in named if name.startswith(consent_to("")))
        carried = [test for test in tests.values() if carrier_of(test.attribute) == "class"]
        for test in tests.values():
            if isinstance(test.operand, Ref):
                whole.update(test.names)
            elif isinstance(test.operand, Ago):
                whole.add(test.attribute)
        self._experiments = _experiments(ruleset, slots)
        if any(one.unit == "person" for one in self._experiments):
            whole.add("visitor.known")
        self._whole = sorted(name for name in whole if carrier_of(name) == "class")
        self._consents = sorted(consents)
        plain = [test for test in carried if not isinstance(test.operand, Ref | Ago | Percent)]
        self._tests = sorted((one for one in plain if one.attribute not in whole), key=lambda one: one.key)
        self._index = Index([(test, ALWAYS_ON) for test in self._tests], document.catalogue, document.zone)
        self._holding = self._index.values(range(len(self._tests)))
        self._segments = _segments_named(ruleset, content, slots)
        self._shares = _shares([test for test in tests.values() if isinstance(test.operand, Percent)])
        if document.holdout is not None and slots:
            self._shares.setdefault(document.holdout.salt, set()).add(_first(document.holdout.percent * 100))

    @cached_property
    def digest(self) -> str:
        """Names what is told apart: classes of rule sets with equal ones mean the same. 12 hexadecimal digits."""
        arms = [
            (one.id, one.salt, one.group, one.traffic, one.unit, [(arm.id, arm.weight) for arm in one.arms])
            for one in self._experiments
        ]
        groups = [(name, group.experiments) for name, group in sorted(self._ruleset.document.groups.items())]
        parts = [
            self._whole,
            self._consents,
            [test.key for test in self._tests],
            sorted(self._segments),
            sorted((salt, sorted(cuts)) for salt, cuts in self._shares.items()),
            arms,
            groups,
        ]
        return blake2b(canonical(parts).encode(), digest_size=6).hexdigest()

    def write(self, one: VisitorClass) -> str:
        """A class as text: canonical JSON, places in place of names; "" for one of which nothing is known."""
        names, segments, buckets = self._names
        parts: list[object] = [
            [(names[name], value) for name, value in sorted(one.attributes.items())],
            [segments[name] for name in one.segments],
            [(buckets[name], position) for name, position in sorted(one.buckets.items())],
        ]
        while parts and not parts[-1]:
            parts.pop()
        return canonical(parts) if parts else ""

    def read(self, text: str) -> VisitorClass:
        """A class from the text that classes of the same digest wrote. Raises BadClassError."""
        known = self._read.get(text)
        if known is None:
            known = self._read_anew(text)
            keep(self._read, text, known, _MOST_READ)
        return known

    def _read_anew(self, text: str) -> VisitorClass:
        try:
            parts: list[Any] = json.loads(text)
            attributes, segments, buckets = [*parts, *_NOTHING[len(parts) :]]
            names, by_segment, by_bucket = (tuple(one) for one in self._names)
            return VisitorClass(
                {names[place]: value for place, value in attributes},
                tuple(by_segment[place] for place in segments),
                {by_bucket[place]: int(position) for place, position in buckets},
            )
        except (ValueError, TypeError, IndexError, RecursionError) as fault:
            raise BadClassError("not a visitor class") from fault

    @cached_property
    def _names(self) -> tuple[Mapping[str, int], Mapping[str, int], Mapping[str, int]]:
        """The places of attributes, segments and buckets: what a class may name, in an order that the digest fixes."""
        attributes = sorted({*self._whole, *self._consents, *(test.attribute for test in self._tests)})
        buckets = {bucket_name(salt, person=False) for salt in self._shares}
        for one in self._experiments:
            person = one.unit == "person"
            buckets.update(bucket_name(f"{one.salt}:{part}", person=person) for part in ("traffic", "arm"))
            if one.group is not None:
                buckets.add(bucket_name(f"{self._ruleset.document.groups[one.group].name}:group", person=False))
        listed = (attributes, sorted(self._segments), sorted(buckets))
        first, second, third = ({name: place for place, name in enumerate(names)} for names in listed)
        return first, second, third

    def of(self, facts: Facts) -> VisitorClass:
        """The class of a visitor, from everything that is known of them."""
        attributes = dict(self._representatives(facts))
        segments = tuple(sorted(facts.held & self._segments))
        return VisitorClass(attributes, segments, dict(self._buckets(facts)))

    def _representatives(self, facts: Facts) -> Iterator[tuple[str, object]]:
        holding = self._truths(facts)
        for name, (mine, known) in self._attributes.items():
            value = facts[name]
            if value is None:
                continue
            truths = holding & mine
            value = known[truths] if truths in known else facts.attributes[name]
            if value is not None:
                yield name, value
        for name in self._whole:
            if facts[name] is not None:
                yield name, facts.attributes[name]
        for name in self._consents:  # what is kept of it, for requests that say nothing
            if isinstance(said := facts.attributes.get(name), bool):
                yield name, said

    def prepare(self) -> None:
        """Work out now what the first visitor would have to wait for."""
        len(self._attributes)
        len(self.digest)

    @cached_property
    def _attributes(self) -> dict[str, tuple[frozenset[int], Mapping[frozenset[int], object]]]:
        """By name: the places of its tests, and for each combination of true ones a value that gives it."""
        catalogue, zone = self._ruleset.document.catalogue, self._ruleset.document.zone
        found: dict[str, tuple[frozenset[int], Mapping[frozenset[int], object]]] = {}
        for name in dict.fromkeys(test.attribute for test in self._tests):
            attribute = catalogue.resolve(name)
            if attribute is None:
                continue
            places = [place for place, test in enumerate(self._tests) if test.attribute == name]
            mine = frozenset(places)
            known: dict[frozenset[int], object] = {}
            for value in values_of(attribute, [self._tests[place] for place in places], zone).values:
                facts = Facts({} if value is None else {name: value}, _SOME_MOMENT, zone, catalogue)
                if value is None or facts[name] is not None:
                    known.setdefault(self._truths(facts) & mine, value)
            found[name] = (mine, known)
        return found

    def _truths(self, facts: Facts) -> frozenset[int]:
        return frozenset(self._holding(self._index.alive(facts)))

    def _buckets(self, facts: Facts) -> Iterator[tuple[str, int]]:
        cuts: dict[tuple[str, bool], set[int]] = {(salt, False): set(found) for salt, found in self._shares.items()}
        groups = self._ruleset.document.groups
        for one in self._experiments:
            person = one.unit == "person"
            if person and facts["visitor.known"] is not True:
                continue
            if one.group is not None:
                group = groups[one.group]
                size = len(group.experiments)
                shares = {ceil(number * BUCKETS / size) for number in range(1, size)}
                cuts.setdefault((f"{group.name}:group", False), set()).update(shares)
                if group.chosen(facts) != one.id:
                    continue
            traffic, most = f"{one.salt}:traffic", _first(one.traffic * 100)
            cuts.setdefault((traffic, person), set()).add(most)
            entered = facts.bucket(traffic, person=person)
            if entered is not None and entered < most:
                cuts.setdefault((f"{one.salt}:arm", person), set()).update(_arm_cuts(one))
        for (salt, person), found in sorted(cuts.items()):
            position = facts.bucket(salt, person=person)
            if position is not None:
                ends = sorted({0, *(cut for cut in found if 0 < cut < BUCKETS)})
                yield bucket_name(salt, person=person), ends[bisect_right(ends, position) - 1]


def _experiments(ruleset: Ruleset, slots: Collection[str]) -> list[Experiment]:
    found = {one.id: one for slot in slots for one in ruleset.compiled(slot).experiments}
    return [one for _id, one in sorted(found.items())]


def _segments_named(ruleset: Ruleset, content: Content, slots: Collection[str]) -> frozenset[str]:
    """The segments that rules, experiments, other segments or audience tags name, and no condition gives."""
    segments = {one.id: one for one in ruleset.document.segments if one.enabled}
    named: set[str] = set()
    waiting: list[Condition] = []
    for slot in slots:
        compiled = ruleset.compiled(slot)
        waiting.extend(rule.when for rule in compiled.rules)
        waiting.extend(one.when for one in compiled.experiments)
        named.update(content.pool(slot).audiences)
    while waiting or named & segments.keys():
        for condition in waiting:
            named.update(name for leaf in walk(condition) if isinstance(leaf, InSegment) for name in leaf.names)
        waiting = []
        for name in sorted(named & segments.keys()):
            waiting.append(segments.pop(name).when)
    kinds = {one.id: one.kind for one in ruleset.document.segments if one.enabled}
    return frozenset(name for name in named if kinds.get(name, "when") != "when")


def _shares(tests: Collection[Test]) -> dict[str, set[int]]:
    """By salt, the buckets at which a `percent` begins or ends to hold."""
    found: dict[str, set[int]] = {}
    for test in tests:
        operand: Any = test.operand
        found.setdefault(operand.salt, set()).update(map(_first_percent, (operand.gte, operand.lt)))
    return found


def _first_percent(percent: float) -> int:
    """The first bucket that is at least so many percent, as tests compare: bucket / 100."""
    place = max(0, min(BUCKETS, ceil(percent * 100)))
    while place > 0 and (place - 1) / 100 >= percent:
        place -= 1
    while place < BUCKETS and place / 100 < percent:
        place += 1
    return place


def _first(limit: float) -> int:
    """The first bucket that is not below a limit in buckets."""
    return max(0, min(BUCKETS, ceil(limit)))


def _arm_cuts(one: Experiment) -> Iterator[int]:
    """Where one arm ends and the next begins."""
    total, cumulative = sum(arm.weight for arm in one.arms), 0
    for arm in one.arms:
        cumulative += arm.weight
        yield -(-cumulative * BUCKETS // total)
