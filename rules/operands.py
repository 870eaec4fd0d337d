"""Reading the literal that a test compares with, by the type of the attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from rules.attributes import Attribute, Order, Type
from rules.clock import parse_instant
from rules.predicates import fold, network_of, predicate
from rules.scales import is_time_of_day, on_scale
from rules.values import as_location, is_number, parse_ip
from rules.versions import version_key

_LISTED = frozenset({"in", "not_in", "contains_any", "contains_all", "bare_list"})
_OF_TEXT = frozenset({"contains", "starts_with", "ends_with", "matches"})
_LARGEST_LIST = 100_000


class OperandError(ValueError):
    """A literal that does not suit its test, and which part of it."""

    def __init__(
        self, message: str, path: tuple[str | int, ...] = (), word: object = None, known: Iterable[str] = ()
    ) -> None:
        super().__init__(message)
        self.path = path
        self.word = None if word is None else str(word)
        self.known = tuple(known)


def read_operand(
    op: str,
    operand: object,
    attribute: Attribute | None,
    order: Order | None,
    zone: ZoneInfo,
    *,
    any_case: bool,
) -> object:
    """The literal in the form that `Test.operand` holds. Raises OperandError."""
    type_ = attribute.type if attribute else None
    if op == "exists":
        if not isinstance(operand, bool):
            raise OperandError("'exists' is true or false", word=operand)
        return operand
    if op == "within_km":
        return _circle(operand)
    if op == "in_network":
        ranges = operand if isinstance(operand, list | tuple) else [operand]
        if not ranges:
            raise OperandError("'in_network' needs a range")
        for index, text in enumerate(ranges):
            try:
                network_of(text)
            except ValueError as error:
                raise OperandError(str(error), (index,) if isinstance(operand, list | tuple) else (), text) from error
        return tuple(ranges)
    if op == "between":
        return _range(operand, type_, order, zone)
    if op in _LISTED:
        return _list(op, operand, attribute, order, zone, any_case=any_case)
    if isinstance(operand, list | tuple):
        raise OperandError(f"{op!r} takes one value, not a list", word=op)
    if isinstance(operand, Mapping):
        raise OperandError(f"{op!r} takes a value, not a mapping", word=op)
    _scalar(op, operand, attribute, order, zone, any_case=any_case)
    return operand


def _list(
    op: str,
    operand: object,
    attribute: Attribute | None,
    order: Order | None,
    zone: ZoneInfo,
    *,
    any_case: bool,
) -> tuple[object, ...]:
    if not isinstance(operand, list | tuple):
        raise OperandError(f"{op!r} takes a list", word=op)
    if not operand and op.startswith("contains"):
        raise OperandError(f"{op!r} with an empty list is never meant")
    if len(operand) > _LARGEST_LIST:
        raise OperandError(f"the list is longer than {_LARGEST_LIST}; make it a segment with members")
    for index, item in enumerate(operand):
        try:
            _scalar(op, item, attribute, order, zone, any_case=any_case)
        except OperandError as error:
            raise OperandError(str(error), (index,), error.word, error.known) from error
    return tuple(operand)


def _scalar(
    op: str,
    value: object,
    attribute: Attribute | None,
    order: Order | None,
    zone: ZoneInfo,
    *,
    any_case: bool,
) -> None:
    if type(value) is not str:  # most are
        if value is None:
            raise OperandError("null is no value; ask for absence with {exists: false}")
        if isinstance(value, list | tuple | Mapping):
            raise OperandError("a list holds plain values here")
        if isinstance(value, int | float) and not isinstance(value, bool) and not is_number(value):
            raise OperandError(f"{value!r} is no number that every system reads alike; the limit is 2**53", word=value)
    type_ = _element(attribute.type) if attribute else None
    if op in ("starts_with", "ends_with", "matches") or op.startswith("version_") or any_case:
        type_ = "string"
    if op in ("gt", "gte", "lt", "lte", "before", "after"):
        _comparable(op, value, type_, order, zone)
    elif order == "hour":
        _hour(value)
    elif order == "clock" and op not in _OF_TEXT and not (isinstance(value, str) and is_time_of_day(value)):
        raise OperandError(f'{value!r} is no time of day; write it as "18:30"', word=value)
    elif type_ and not _is_of(value, type_, zone):
        raise OperandError(f"{value!r} is not a {type_}, which {attribute.name if attribute else ''!r} is", word=value)
    if op == "matches" or op.startswith("version_"):
        predicate(op, value, zone=zone)
    if attribute and attribute.values is not None and op in _ENUMERATED:
        _known(value, attribute, any_case=any_case)


_ENUMERATED = frozenset({"eq", "ne", "in", "not_in", "contains_any", "contains_all"})


def _known(value: object, attribute: Attribute, *, any_case: bool) -> None:
    values = attribute.values or ()
    if value in values or (any_case and isinstance(value, str) and fold(value) in map(fold, values)):
        return
    raise OperandError(
        f"{value!r} is not one of the values of {attribute.name!r}: {', '.join(values)}",
        word=value,
        known=values,
    )


def _element(type_: Type) -> Type:
    if type_ == "string_list":
        return "string"
    return "number" if type_ == "number_list" else type_


def _is_of(value: object, type_: Type, zone: ZoneInfo) -> bool:
    match type_:
        case "number":
            return is_number(value)
        case "boolean":
            return isinstance(value, bool)
        case "date" | "datetime":
            return isinstance(value, str) and parse_instant(value, zone) is not None
        case "ip":
            return isinstance(value, str) and parse_ip(value) is not None
        case "version":
            return isinstance(value, str) and version_key(value) is not None
        case _:
            return isinstance(value, str)


def _hour(value: object) -> None:
    if not (is_number(value) and 0 <= value <= 23):  # type: ignore[operator]
        raise OperandError(f"{value!r} is no hour from 0 to 23", word=value)


def _comparable(op: str, value: object, type_: Type | None, order: Order | None, zone: ZoneInfo) -> None:
    if order == "hour":
        return _hour(value)
    if order == "clock":
        good = isinstance(value, str) and is_time_of_day(value)
    elif order == "weekday":
        good = False
    elif type_ == "number":
        good = is_number(value)
    elif type_ in ("date", "datetime") or op in ("before", "after") or isinstance(value, str):
        good = isinstance(value, str) and parse_instant(value, zone) is not None
    else:
        good = is_number(value)
    if not good:
        wanted = {"clock": 'a time of day such as "18:30"'}.get(order or "", "") or (
            "a number" if type_ == "number" else "a number, a date or a date-time"
        )
        raise OperandError(f"{op!r} compares with {wanted}, not {value!r}", word=value)
    return None


def _range(operand: object, type_: Type | None, order: Order | None, zone: ZoneInfo) -> tuple[object, object]:
    if not isinstance(operand, list | tuple) or len(operand) != 2:
        raise OperandError("'between' takes two values, [low, high], both included")
    low, high = operand
    for index, end in enumerate(operand):
        if end is None:
            raise OperandError("null is no value", (index,))
        try:
            if order == "weekday":
                predicate("between", (end, end), order=order, zone=zone)
            else:
                _comparable("between", end, type_, order, zone)
        except OperandError as error:
            raise OperandError(str(error), (index,), error.word) from error
        except ValueError as error:
            raise OperandError(f"{end!r} is no weekday; write mon to sun", (index,), end) from error
    if order is None:
        if is_number(low) != is_number(high):
            raise OperandError("'between' takes two values of one kind")
        if on_scale(low, None, zone) > on_scale(high, None, zone):  # type: ignore[operator]
            raise OperandError(f"'between' has its lower end first: {low!r} is above {high!r}", word=low)
    return low, high


def _circle(operand: object) -> tuple[float, float, float]:
    if not isinstance(operand, Mapping) or set(operand) != {"lat", "lon", "km"}:
        raise OperandError("'within_km' takes {lat, lon, km}")
    place, km = as_location(operand), operand["km"]
    if place is None:
        raise OperandError("lat is a number from -90 to 90, lon one from -180 to 180")
    if not is_number(km) or km < 0:
        raise OperandError("km is a number from 0 up", ("km",), km)
    return (*place, float(km))
