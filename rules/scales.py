"""Values that come in an order: numbers, instants, times of day and weekdays, and the tests that ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.attributes import Order
from rules.clock import WEEKDAYS, as_instant, parse_instant
from rules.operators import Predicate
from rules.values import is_number

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}


def _rank(operand: object, order: Order | None, zone: ZoneInfo) -> Callable[[object], object | None]:
    """How a value is put on the scale of the operand; None where it has no place there."""
    if order == "weekday":
        return lambda value: WEEKDAYS.index(value) if value in WEEKDAYS else None
    if order == "clock":
        return lambda value: value if isinstance(value, str) and is_time_of_day(value) else None
    if is_number(operand):
        return lambda value: value if is_number(value) else None
    return lambda value: as_instant(value, zone)


def is_time_of_day(text: str) -> bool:
    """Whether the text is a time of day, HH:MM from 00:00 to 23:59."""
    return (
        len(text) == 5
        and text[2] == ":"
        and text[:2].isdigit()
        and text[3:].isdigit()
        and text.isascii()
        and text[:2] < "24"
        and text[3:] < "60"
    )


def on_scale(operand: object, order: Order | None, zone: ZoneInfo) -> object:
    """An operand on its scale. Raises ValueError where it has no place there."""
    if order is None and isinstance(operand, str):
        found: object | None = parse_instant(operand, zone)
    else:
        found = _rank(operand, order, zone)(operand)
    if found is None:
        raise ValueError(f"{operand!r} cannot be compared")
    return found


def compared(op: str, operand: object, order: Order | None, zone: ZoneInfo) -> Predicate:
    """`gt`, `gte`, `lt` and `lte`. Raises ValueError where the operand has no place on a scale."""
    limit, rank, compare = on_scale(operand, order, zone), _rank(operand, order, zone), _COMPARE[op]

    def test(value: object) -> bool:
        found = rank(value)
        return found is not None and compare(found, limit)  # type: ignore[arg-type]

    return test


def between(ends: Sequence[object], order: Order | None, zone: ZoneInfo) -> Predicate:
    """Both ends belong to it; times of day and weekdays go on past midnight and Sunday.

    Raises:
        ValueError: there are not two ends, or one has no place on a scale.
    """
    low_text, high_text = ends
    low: float = on_scale(low_text, order, zone)  # type: ignore[assignment]
    high: float = on_scale(high_text, order, zone)  # type: ignore[assignment]
    rank = _rank(low_text, order, zone)
    wraps = order is not None and low > high

    def test(value: object) -> bool:
        found: float | None = rank(value)  # type: ignore[assignment]
        if found is None:
            return False
        return found >= low or found <= high if wraps else low <= found <= high

    return test


def before(operand: object, zone: ZoneInfo) -> Predicate:
    """Earlier than an instant. Raises ValueError where the operand is none."""
    limit = as_instant(operand, zone) if isinstance(operand, datetime) else on_scale(operand, None, zone)
    return lambda value: (found := as_instant(value, zone)) is not None and found < limit  # type: ignore[operator]


def after(operand: object, zone: ZoneInfo) -> Predicate:
    """Later than an instant. Raises ValueError where the operand is none."""
    limit = as_instant(operand, zone) if isinstance(operand, datetime) else on_scale(operand, None, zone)
    return lambda value: (found := as_instant(value, zone)) is not None and found > limit  # type: ignore[operator]
