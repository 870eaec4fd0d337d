"""Which of many conditions hold, at a cost that hardly grows with those that do not.

Every condition becomes rows of literals (`normal_form`). For each attribute, a table gives for a value the set of rows
that it leaves possible, as a bit set: equalities by a dictionary, ranges by sorted thresholds, lists by their elements.
The sets of all attributes are intersected; what no table can answer is tested once for each distinct literal, and only
while a row that needs it is still possible. Rows are numbered in the order of the conditions, so that the result comes
sorted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rules.attributes import Catalogue
from rules.bits import mask_of, members_of
from rules.conditions import Absent, Ago, Condition, InSegment, Percent, Ref, Test, compile_condition
from rules.facts import BUCKET, NOW, SEGMENTS, Facts
from rules.normal_form import Literal, rows_of
from rules.schedule import Schedule
from rules.tables import ElementTable, Interval, RangeTable, Table, ValueTable
from rules.values import LARGEST_INTEGER

_SETS = frozenset({"eq", "ne", "in", "not_in"})
_RANGES = frozenset({"gt", "gte", "lt", "lte", "between"})
_KINDS: Mapping[str, type] = {"string": str, "boolean": bool}
_Equality = tuple[str, type, Callable[[object, int], int], int, int]
_HASHED = frozenset({"string", "number", "boolean", "version", "ip"})


class _Attribute:
    """Everything that is asked of one attribute, while the index is built."""

    def __init__(self, size: int) -> None:
        self.missing_fails: list[int] = []
        self.values = ValueTable(size)
        self.elements = ElementTable(size)
        self.ranges = RangeTable(size)
        self.others: dict[str, tuple[Literal, list[int]]] = {}


class Index:
    """The conditions of one slot, compiled. Immutable once built; safe to share between threads."""

    def __init__(self, items: Sequence[tuple[Condition, Schedule]], catalogue: Catalogue, zone: ZoneInfo) -> None:
        """Compile.

        Args:
            items: conditions with their schedules, in the order in which results are wanted.
            catalogue: the attributes that they read.
            zone: of the document.
        """
        rows: list[tuple[int, tuple[Literal, ...], Schedule]] = [
            (position, row, schedule)
            for position, (condition, schedule) in enumerate(items)
            for row in rows_of(condition)
        ]
        size = len(rows)
        self._size = size
        self._positions = [position for position, _row, _schedule in rows]
        self._same = self._positions == list(range(size))
        self._all = (1 << size) - 1
        attributes: dict[str, _Attribute] = {}
        whole: dict[str, tuple[Literal, list[int]]] = {}
        timed: dict[Schedule, list[int]] = {}
        for number, (_position, row, schedule) in enumerate(rows):
            for literal in row:
                _place(literal, number, attributes, whole, catalogue, size)
            if schedule.visitor or schedule.recurs:
                timed.setdefault(schedule, []).append(number)
            elif schedule.start is not None or schedule.until is not None:
                span = _span(schedule, zone)
                attribute = attributes.setdefault(NOW, _Attribute(size))
                attribute.ranges.add(span, number)
                attribute.missing_fails.append(number)
        self._asks_segments = SEGMENTS in attributes or bool(whole)
        self._equalities: list[_Equality] = []
        self._texts: list[tuple[str, Callable[[object, int], int], int]] = []
        self._numbers: list[tuple[str, Table, int]] = []
        self._purposes: set[str] = set()
        self._tables: list[tuple[str, int, tuple[Table, ...]]] = []
        self._literals: list[tuple[Callable[[Facts], bool], int, int]] = []
        for name, attribute in attributes.items():
            self._finish(name, attribute, catalogue, zone)
        for literal, numbers in whole.values():
            self._literal(literal, numbers, zone)
        for schedule, numbers in timed.items():
            mask = mask_of(numbers, size)
            self._literals.append((_on(schedule), mask, self._all ^ mask))

    def _finish(self, name: str, attribute: _Attribute, catalogue: Catalogue, zone: ZoneInfo) -> None:
        missing = self._all ^ mask_of(attribute.missing_fails, self._size)
        declared = catalogue.get(name)
        kind = _KINDS.get(declared.type) if declared is not None and not declared.derived else None
        direct = attribute.values.direct() if kind is not None and attribute.values else None
        parts = (attribute.elements, attribute.ranges)
        plain = declared is not None and not declared.derived
        if kind is str and direct is not None and not any(parts) and direct[1] == missing:
            self._texts.append((name, direct[0].get, missing))
        elif kind is not None and direct is not None and not any(parts):
            self._equalities.append((name, kind, direct[0].get, direct[1], missing))
        elif plain and declared is not None and declared.type == "number" and attribute.ranges and not attribute.values:
            self._numbers.append((name, attribute.ranges.table(), missing))
        else:
            plain = False
            tables = tuple(part.table() for part in (attribute.values, *parts) if part)
            self._tables.append((name, missing, tables))
        if plain and declared is not None and declared.purpose is not None:
            self._purposes.add(declared.purpose)
        for literal, numbers in attribute.others.values():
            self._literal(literal, numbers, zone)

    def _literal(self, literal: Literal, numbers: list[int], zone: ZoneInfo) -> None:
        holds = compile_condition(literal.leaf, zone)
        mask = mask_of(numbers, self._size)
        test = (lambda facts: not holds(facts)) if literal.negated else holds
        self._literals.append((test, mask, self._all ^ mask))

    @property
    def asks_segments(self) -> bool:
        """Whether a condition reads which segments are held."""
        return self._asks_segments

    def rows(self, positions: Collection[int]) -> int:
        """The rows of some of the conditions, for `matching`."""
        return mask_of([number for number, position in enumerate(self._positions) if position in positions], self._size)

    def matching(self, facts: Facts, within: int | None = None) -> list[int]:
        """The positions of the conditions that hold, ascending; of those whose rows are `within` (None: of all).

        What the tables say is kept with the facts, so that slots that share an index ask them once a request.
        """
        alive = facts.tabled.get(id(self))
        if alive is None:
            alive = facts.tabled[id(self)] = self._possible(facts)
        if within is not None:
            alive &= within
        if not alive:
            return []
        for test, mask, others in self._literals:
            if alive & mask and not test(facts):
                alive &= others
        members = members_of(alive, self._size)
        if self._same:
            return members
        positions = self._positions
        return list(dict.fromkeys([positions[number] for number in members]))

    def _possible(self, facts: Facts) -> int:
        """The rows that the tables leave possible."""
        alive = self._all
        # Texts and booleans are taken as they came: most attributes are such, and reading them is most of the work.
        given: Callable[[str], object] = facts.attributes.get
        for purpose in self._purposes:
            if not facts.allows(purpose):
                given = facts.__getitem__
        # For most texts, one that no rule names leaves what an absent one does; so then does a value of another type.
        try:
            for name, masks, default in self._texts:
                alive &= masks(given(name), default)
        except TypeError:  # a list or a mapping, which no dictionary looks up
            for name, masks, default in self._texts:
                value = given(name)
                alive &= masks(value, default) if isinstance(value, str) else default
        for name, kind, masks, default, missing in self._equalities:
            value = given(name)
            if type(value) is kind:
                alive &= masks(value, default)
            else:
                alive &= missing
                if value is not None:
                    facts[name]  # notes the wrong type
        if not alive:
            return 0
        for name, possible, missing in self._numbers:
            value = given(name)
            number: Any = value
            kind = type(value)
            if (kind is float and number - number == 0.0) or (
                kind is int and -LARGEST_INTEGER <= number <= LARGEST_INTEGER
            ):
                alive &= possible(number)
            elif value is None:
                alive &= missing
            else:
                value = facts[name]
                alive &= missing if value is None else possible(value)
        for name, missing, tables in self._tables:
            value = facts[name]
            if value is None:
                alive &= missing
            else:
                for table in tables:
                    alive &= table(value)
            if not alive:
                return 0
        return alive


def _place(
    literal: Literal,
    number: int,
    attributes: dict[str, _Attribute],
    whole: dict[str, tuple[Literal, list[int]]],
    catalogue: Catalogue,
    size: int,
) -> None:
    """Give a literal to the table that can answer it."""
    leaf, negated = literal.leaf, literal.negated
    if isinstance(leaf, InSegment):
        attributes.setdefault(SEGMENTS, _Attribute(size)).elements.add(leaf.names, number, accepts=not negated)
        return
    if not isinstance(leaf, Test) or isinstance(leaf.operand, Ref | Ago | Absent):
        whole.setdefault(literal.key, (literal, []))[1].append(number)
        return
    name = leaf.attribute
    if isinstance(leaf.operand, Percent):
        percent = leaf.operand
        bucket = attributes.setdefault(BUCKET + percent.salt, _Attribute(size))
        if negated:
            bucket.others.setdefault(literal.key, (literal, []))[1].append(number)
        else:
            bucket.ranges.add(Interval(percent.gte, True, percent.lt, False), number)
            bucket.missing_fails.append(number)
        return
    attribute = attributes.setdefault(name, _Attribute(size))
    if leaf.when_missing is negated:
        attribute.missing_fails.append(number)
    declared = catalogue.get(name)
    type_ = declared.type if declared is not None else None
    if leaf.op == "exists":
        if bool(leaf.operand) is negated:  # must be absent
            attribute.ranges.never(number)
        return
    if leaf.op in _SETS and type_ in _HASHED and not leaf.any_case:
        operands: tuple[object, ...] = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
        attribute.values.add(operands, number, accepts=(leaf.op in ("eq", "in")) is not negated)
    elif leaf.op in ("contains", "contains_any") and type_ in ("string_list", "number_list") and not leaf.any_case:
        operands = leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,)
        attribute.elements.add(operands, number, accepts=not negated)
    elif leaf.op in _RANGES and type_ == "number" and (interval := _interval(leaf, negated)) is not None:
        attribute.ranges.add(interval, number)
    else:
        attribute.others.setdefault(literal.key, (literal, []))[1].append(number)


_OPPOSITE = {"gt": "lte", "gte": "lt", "lt": "gte", "lte": "gt"}


def _interval(test: Test, negated: bool) -> Interval | None:
    """The numbers that a test, or its negation, accepts; None where they are not one interval."""
    operand = test.operand
    if test.op == "between":
        ends: tuple[float, float] = operand  # type: ignore[assignment]
        low, high = ends
        return Interval(low, True, high, True) if low <= high and not negated else None
    limit: float = operand  # type: ignore[assignment]
    op = _OPPOSITE[test.op] if negated else test.op
    if op in ("gt", "gte"):
        return Interval(limit, op == "gte", None, False)
    return Interval(None, False, limit, op == "lte")


def _span(schedule: Schedule, zone: ZoneInfo) -> Interval:
    start, until = schedule.span(zone)
    return Interval(_seconds(start), True, _seconds(until), False)


def _seconds(instant: datetime | None) -> float | None:
    return instant.astimezone(UTC).timestamp() if instant is not None else None


def _on(schedule: Schedule) -> Callable[[Facts], bool]:
    return lambda facts: facts.is_on(schedule)
