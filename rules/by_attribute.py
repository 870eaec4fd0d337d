"""What rows of literals ask, sorted by the attribute that can answer it, so that a table can be made of each."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rules.attributes import Catalogue
from rules.conditions import Absent, Ago, InSegment, Percent, Ref, Test
from rules.facts import BUCKET, NOW, SEGMENTS
from rules.normal_form import Literal
from rules.schedule import Schedule
from rules.tables import ElementTable, Interval, RangeTable, ValueTable

_SETS = frozenset({"eq", "ne", "in", "not_in"})
_RANGES = frozenset({"gt", "gte", "lt", "lte", "between"})
_OPPOSITE = {"gt": "lte", "gte": "lt", "lt": "gte", "lte": "gt"}
_HASHED = frozenset({"string", "number", "boolean", "version", "ip"})


class Asked:
    """Everything that is asked of one attribute.

    Attributes:
        missing_fails: the rows that do not hold where the attribute is missing.
        values, elements, ranges: what tables answer.
        others: by key, literals that no table answers, each with its rows.
    """

    def __init__(self, size: int) -> None:
        self.missing_fails: list[int] = []
        self.values = ValueTable(size)
        self.elements = ElementTable(size)
        self.ranges = RangeTable(size)
        self.others: dict[str, tuple[Literal, list[int]]] = {}


class ByAttribute(dict[str, Asked]):
    """What is asked of each attribute, by name, made when first asked for; and what is asked of none alone.

    Attributes:
        whole: by key, literals that read several attributes, or a condition left whole, each with its rows.
        timed: schedules that no interval tells, each with its rows.
    """

    def __init__(self, size: int, catalogue: Catalogue, zone: ZoneInfo) -> None:
        """Nothing is asked yet.

        Args:
            size: how many rows there will be; they are numbered from 0.
            catalogue: the attributes that they read.
            zone: of the document.
        """
        super().__init__()
        self._size = size
        self._catalogue = catalogue
        self._zone = zone
        self.whole: dict[str, tuple[Literal, list[int]]] = {}
        self.timed: dict[Schedule, list[int]] = {}

    def __missing__(self, name: str) -> Asked:
        found = self[name] = Asked(self._size)
        return found

    def add(self, literal: Literal, number: int) -> None:
        """A literal that a row needs."""
        leaf, negated = literal.leaf, literal.negated
        if isinstance(leaf, InSegment):
            self[SEGMENTS].elements.add(leaf.names, number, accepts=not negated)
            return
        if not isinstance(leaf, Test) or isinstance(leaf.operand, Ref | Ago | Absent):
            self.whole.setdefault(literal.key, (literal, []))[1].append(number)
            return
        if isinstance(leaf.operand, Percent):
            self._add_share(literal, leaf.operand, number)
            return
        attribute = self[leaf.attribute]
        if leaf.when_missing is negated:
            attribute.missing_fails.append(number)
        declared = self._catalogue.resolve(leaf.attribute)
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

    def _add_share(self, literal: Literal, percent: Percent, number: int) -> None:
        bucket = self[BUCKET + percent.salt]
        if literal.negated:
            bucket.others.setdefault(literal.key, (literal, []))[1].append(number)
        else:
            bucket.ranges.add(Interval(percent.gte, True, percent.lt, False), number)
            bucket.missing_fails.append(number)

    def schedule(self, schedule: Schedule, number: int) -> None:
        """The schedule of a row; one that is always on asks nothing."""
        if schedule.visitor or schedule.recurs:
            self.timed.setdefault(schedule, []).append(number)
        elif schedule.start is not None or schedule.until is not None:
            start, until = schedule.span(self._zone)
            clock = self[NOW]
            clock.ranges.add(Interval(_seconds(start), True, _seconds(until), False), number)
            clock.missing_fails.append(number)


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


def _seconds(instant: datetime | None) -> float | None:
    return instant.astimezone(UTC).timestamp() if instant is not None else None
