"""The condition tree, and what it means for one visitor or one content entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from rules.attributes import Order
from rules.operators import TRUE_WHERE_MISSING, Predicate
from rules.predicates import predicate


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of another attribute of the same visitor and moment."""

    name: str


@dataclass(frozen=True, slots=True)
class Ago:
    """An instant so long before the decision's clock."""

    duration: timedelta


@dataclass(frozen=True, slots=True)
class Absent:
    """What a bound `ref` becomes where the attribute it names is missing."""


@dataclass(frozen=True, slots=True)
class Percent:
    """The range of `bucket(salt, visitor.id) / 100`; both ends in percent, the upper one exclusive."""

    salt: str
    gte: float
    lt: float


@dataclass(frozen=True, slots=True)
class Test:
    """One test of one attribute.

    Attributes:
        operand: a scalar, a tuple, or Ref, Ago, Percent, Absent; for `within_km` (lat, lon, km).
        order: of the attribute, for comparisons; see Attribute.order.
    """

    attribute: str
    op: str
    operand: object
    any_case: bool = False
    order: Order | None = None

    @property
    def when_missing(self) -> bool:
        """The result where the attribute, or the one that a `ref` names, is missing."""
        return self.op in TRUE_WHERE_MISSING or (self.op == "exists" and self.operand is False)

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes that it reads."""
        return (self.attribute, self.operand.name) if isinstance(self.operand, Ref) else (self.attribute,)

    @property
    def key(self) -> str:
        """Equal for equal tests; a plain hash would confuse 1 and True."""
        return f"{self.attribute} {self.op} {self.operand!r} {self.any_case}"


@dataclass(frozen=True, slots=True)
class InSegment:
    """Membership in any of the segments."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """True where every item is; so it is where there are none."""

    items: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where an item is."""

    items: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of the result, whatever was missing."""

    item: Condition


Condition = Test | InSegment | All | AnyOf | Not
ALWAYS = All()


class Reading(Protocol):
    """What a condition reads: typed values by name (None: missing), the clock, the segments held."""

    @property
    def now(self) -> datetime | None:
        """The decision's clock."""

    @property
    def held(self) -> frozenset[str]:
        """The segments that the visitor is in."""

    def __getitem__(self, name: str, /) -> object:
        """The typed value of an attribute, None where it is missing."""

    def bucket(self, salt: str, *, person: bool = False) -> int | None:
        """The visitor's bucket for a salt, of the device or of the person; None without a visitor id."""


Holds = Callable[[Reading], bool]


def walk(condition: Condition) -> Sequence[Test | InSegment]:
    """Every leaf, in the order written."""
    if isinstance(condition, Test) or isinstance(condition, InSegment):  # noqa: SIM101 - a union is made at each call
        return (condition,)
    if isinstance(condition, Not):
        return walk(condition.item)
    found: list[Test | InSegment] = []
    for item in condition.items:
        if isinstance(item, Test):  # most are, and need no call
            found.append(item)
        else:
            found += walk(item)
    return found


def compile_condition(condition: Condition, zone: ZoneInfo) -> Holds:
    """A function that says whether the condition holds; the literals are read once, here."""
    match condition:
        case All(items):
            parts = [compile_condition(item, zone) for item in items]
            if len(parts) == 1:
                return parts[0]
            return lambda reading: all(part(reading) for part in parts)
        case AnyOf(items):
            parts = [compile_condition(item, zone) for item in items]
            return lambda reading: any(part(reading) for part in parts)
        case Not(item):
            inner = compile_condition(item, zone)
            return lambda reading: not inner(reading)
        case InSegment(names):
            wanted = frozenset(names)
            return lambda reading: not wanted.isdisjoint(reading.held)
        case Test():
            return compile_test(condition, zone)


def value_test(test: Test, zone: ZoneInfo) -> Predicate:
    """The predicate of a test whose operand is a literal."""
    operand = test.operand
    if test.op == "within_km":
        circle: tuple[float, float, float] = operand  # type: ignore[assignment]
        operand = {"lat": circle[0], "lon": circle[1], "km": circle[2]}
    return predicate(test.op, operand, any_case=test.any_case, order=test.order, zone=zone)


def compile_test(test: Test, zone: ZoneInfo) -> Holds:
    """One test as a function of what is read."""
    name, missing = test.attribute, test.when_missing
    match test.operand:
        case Absent():
            return lambda _reading: missing
        case Ref(other):
            return _compile_ref(test, other, zone)
        case Ago(duration):
            return _compile_ago(test, duration, zone)
        case Percent(salt, gte, lt):

            def in_range(reading: Reading) -> bool:
                position = reading.bucket(salt)
                return position is not None and gte <= position / 100 < lt

            return in_range
    holds = value_test(test, zone)

    def plain(reading: Reading) -> bool:
        value = reading[name]
        return missing if value is None else holds(value)

    return plain


def _compile_ref(test: Test, other: str, zone: ZoneInfo) -> Holds:
    missing = test.when_missing

    def with_ref(reading: Reading) -> bool:
        value, operand = reading[test.attribute], reading[other]
        if value is None or operand is None:
            return missing
        op = bare_op(test.op, operand)
        try:
            return predicate(op, operand, any_case=test.any_case, order=test.order, zone=zone)(value)
        except ValueError:  # the other attribute's value does not suit the test: as good as missing
            return missing

    return with_ref


def bare_op(op: str, operand: object) -> str:
    """A bare value of a list kind means what a bare list does."""
    return "bare_list" if op == "bare" and isinstance(operand, tuple | list) else op


def _compile_ago(test: Test, duration: timedelta, zone: ZoneInfo) -> Holds:
    def compared(reading: Reading) -> bool:
        value, now = reading[test.attribute], reading.now
        if value is None or now is None:
            return False
        return predicate(test.op, now - duration, zone=zone)(value)

    return compared
