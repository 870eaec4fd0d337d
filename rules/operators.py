"""The tests that a condition can make of one value: which there are, for which types, and what each means."""

from __future__ import annotations

import ipaddress
import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import re2

from rules.attributes import Order, Type
from rules.clock import WEEKDAYS, as_instant, parse_instant
from rules.durations import parse_duration
from rules.values import as_location, is_number, parse_ip
from rules.versions import version_key

Predicate = Callable[[object], bool]
EARTH_RADIUS_KM = 6371.0088
"""Mean radius (2a + b) / 3 of WGS 84, as the IUGG defines it."""

_TEXTS: frozenset[Type] = frozenset({"string", "version", "ip"})
_SCALARS: frozenset[Type] = frozenset({"string", "number", "boolean", "date", "datetime", "version", "ip"})
_ORDERED: frozenset[Type] = frozenset({"number", "date", "datetime"})
_DATES: frozenset[Type] = frozenset({"date", "datetime"})
_LISTS: frozenset[Type] = frozenset({"string_list", "number_list"})
_ALL: frozenset[Type] = _SCALARS | _LISTS | {"location"}

FOR_TYPES: Mapping[str, frozenset[Type]] = {
    "eq": _SCALARS,
    "ne": _SCALARS,
    "in": _SCALARS,
    "not_in": _SCALARS,
    "gt": _ORDERED,
    "gte": _ORDERED,
    "lt": _ORDERED,
    "lte": _ORDERED,
    "between": _ORDERED,
    "contains": _LISTS | {"string"},
    "contains_any": _LISTS,
    "contains_all": _LISTS,
    "starts_with": _TEXTS,
    "ends_with": _TEXTS,
    "matches": _TEXTS,
    "exists": _ALL,
    "version_eq": frozenset({"string", "version"}),
    "version_gt": frozenset({"string", "version"}),
    "version_gte": frozenset({"string", "version"}),
    "version_lt": frozenset({"string", "version"}),
    "version_lte": frozenset({"string", "version"}),
    "in_network": frozenset({"string", "ip"}),
    "within_km": frozenset({"location"}),
    "before": _DATES,
    "after": _DATES,
    "percent": frozenset({"string"}),
}
"""The types to which each test applies."""

TRUE_WHERE_MISSING = frozenset({"ne", "not_in"})
ANY_CASE = frozenset(
    {"eq", "ne", "in", "not_in", "contains", "contains_any", "contains_all", "starts_with", "ends_with"}
)
BARE, BARE_LIST = "bare", "bare_list"
"""A value without a test, where the type is only known when it is read: `eq` or `contains`, `in` or `contains_any`."""


def fold(text: str) -> str:
    """For comparisons in any case: NFC and case-folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def same(left: object, right: object) -> bool:
    """Equality of scalars: strings exactly, numbers as numbers, booleans only with booleans."""
    if is_number(left):
        return is_number(right) and left == right
    return type(left) is type(right) and left == right


def applies(test: str, type_: Type, order: Order | None) -> bool:
    """Whether a test makes sense for an attribute; times of day and weekdays are strings with an order of their own."""
    if type_ in FOR_TYPES[test]:
        return True
    if order == "clock":
        return test in ("between", "gt", "gte", "lt", "lte")
    return order == "weekday" and test == "between"


def _equal(operand: object, zone: ZoneInfo) -> Predicate:
    def test(value: object) -> bool:
        if isinstance(value, str) or not hasattr(value, "year"):
            return same(value, operand)
        wanted = parse_instant(operand, zone) if isinstance(operand, str) else as_instant(operand, zone)
        return wanted is not None and as_instant(value, zone) == wanted

    return test


def _one_of(operands: Sequence[object], zone: ZoneInfo) -> Predicate:
    texts = frozenset(operand for operand in operands if isinstance(operand, str))
    tests = [_equal(operand, zone) for operand in operands]
    return lambda value: value in texts if isinstance(value, str) else any(test(value) for test in tests)


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


def place(operand: object, order: Order | None, zone: ZoneInfo) -> object:
    """An operand on its scale. Raises ValueError where it has no place there."""
    if order is None and isinstance(operand, str):
        found: object | None = parse_instant(operand, zone)
    else:
        found = _rank(operand, order, zone)(operand)
    if found is None:
        raise ValueError(f"{operand!r} cannot be compared")
    return found


def _compared(op: str, operand: object, order: Order | None, zone: ZoneInfo) -> Predicate:
    limit, rank, compare = place(operand, order, zone), _rank(operand, order, zone), _COMPARE[op]

    def test(value: object) -> bool:
        found = rank(value)
        return found is not None and compare(found, limit)  # type: ignore[arg-type]

    return test


def _between(operand: object, order: Order | None, zone: ZoneInfo) -> Predicate:
    low_text, high_text = _sequence(operand)
    low: float = place(low_text, order, zone)  # type: ignore[assignment]
    high: float = place(high_text, order, zone)  # type: ignore[assignment]
    rank = _rank(low_text, order, zone)
    wraps = order is not None and low > high

    def test(value: object) -> bool:
        found: float | None = rank(value)  # type: ignore[assignment]
        if found is None:
            return False
        return found >= low or found <= high if wraps else low <= found <= high

    return test


def _before(operand: object, zone: ZoneInfo) -> Predicate:
    limit = as_instant(operand, zone) if isinstance(operand, datetime) else place(operand, None, zone)
    return lambda value: (found := as_instant(value, zone)) is not None and found < limit  # type: ignore[operator]


def _after(operand: object, zone: ZoneInfo) -> Predicate:
    limit = as_instant(operand, zone) if isinstance(operand, datetime) else place(operand, None, zone)
    return lambda value: (found := as_instant(value, zone)) is not None and found > limit  # type: ignore[operator]


def _contains(operand: object) -> Predicate:
    def test(value: object) -> bool:
        if isinstance(value, str):
            return isinstance(operand, str) and operand in value
        return isinstance(value, tuple | list) and any(same(item, operand) for item in value)

    return test


def _contains_any(operands: Sequence[object]) -> Predicate:
    texts = frozenset(operand for operand in operands if isinstance(operand, str))
    others = [operand for operand in operands if not isinstance(operand, str)]

    def test(value: object) -> bool:
        if not isinstance(value, tuple | list):
            return False
        return any(
            item in texts if isinstance(item, str) else any(same(item, other) for other in others) for item in value
        )

    return test


def _contains_all(operands: Sequence[object]) -> Predicate:
    tests = [_contains(operand) for operand in operands]
    return lambda value: isinstance(value, tuple | list) and all(test(value) for test in tests)


_VERSION: Mapping[str, Callable[[object, object], bool]] = {
    "version_eq": lambda left, right: left == right,
    "version_gt": lambda left, right: left > right,  # type: ignore[operator]
    "version_gte": lambda left, right: left >= right,  # type: ignore[operator]
    "version_lt": lambda left, right: left < right,  # type: ignore[operator]
    "version_lte": lambda left, right: left <= right,  # type: ignore[operator]
}


def _version(op: str, operand: str) -> Predicate:
    wanted, compare = version_key(operand), _VERSION[op]
    if wanted is None:
        raise ValueError(f"{operand!r} is not a version")
    return lambda value: isinstance(value, str) and (key := version_key(value)) is not None and compare(key, wanted)


def network_of(text: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A CIDR range; raises ValueError with a sentence for the editor."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a network; write a CIDR range such as 192.0.2.0/24")
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        try:
            meant = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise ValueError(f"{text!r} is not a network; write a CIDR range such as 192.0.2.0/24") from error
        raise ValueError(f"{text!r} has bits beyond its prefix; did you mean {str(meant)!r}?") from error


def _in_network(operand: object) -> Predicate:
    networks = [network_of(text) for text in (operand if isinstance(operand, list | tuple) else [operand])]

    def test(value: object) -> bool:
        address = parse_ip(value) if isinstance(value, str) else None
        return address is not None and any(address in network for network in networks)

    return test


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Great-circle distance in km, rounded to the metre, of two (lat, lon) in degrees, by the haversine formula."""
    lat1, lon1, lat2, lon2 = map(math.radians, (*here, *there))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return round(2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half))), 3)


def _within_km(operand: Mapping[str, float]) -> Predicate:
    centre, km = as_location(operand), operand["km"]
    if centre is None:
        raise ValueError("lat or lon is out of range")

    def test(value: object) -> bool:
        place = as_location(value)
        return place is not None and distance_km(place, centre) <= km

    return test


def expression(pattern: str) -> Predicate:
    """An RE2 search anywhere in the text; raises ValueError with RE2's reason."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        compiled = re2.compile(pattern, options=options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else "unknown"
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{pattern!r} is not an expression that RE2 reads: {reason}") from error

    def test(value: object) -> bool:
        if not isinstance(value, str):
            return False
        try:
            return compiled.search(value) is not None
        except UnicodeEncodeError:  # a lone surrogate is no text
            return False

    return test


def _folded(operand: object) -> object:
    if isinstance(operand, str):
        return fold(operand)
    if isinstance(operand, list | tuple):
        return [_folded(item) for item in operand]
    return operand


def predicate(
    op: str, operand: object, *, any_case: bool = False, order: Order | None = None, zone: ZoneInfo
) -> Predicate:
    """What a test means for a value that is there. A value of another type gives what absence would.

    Args:
        op: a key of FOR_TYPES (not `percent`), or BARE, BARE_LIST.
        operand: a literal of the document, or the value of the attribute that a `ref` named.
        any_case: compare strings NFC and case-folded.
        order: see Attribute.order.
        zone: of the document, for dates and for date-times without an offset.
    Raises:
        ValueError: the operand does not suit the test.
    """
    if any_case:
        plain = predicate(op, _folded(operand), order=order, zone=zone)
        return lambda value: plain(_folded(value))
    match op:
        case "eq":
            return _scalar_only(_equal(operand, zone), missing=False)
        case "ne":
            equal = _equal(operand, zone)
            return _scalar_only(lambda value: not equal(value), missing=True)
        case "in":
            return _scalar_only(_one_of(_sequence(operand), zone), missing=False)
        case "not_in":
            among = _one_of(_sequence(operand), zone)
            return _scalar_only(lambda value: not among(value), missing=True)
        case "gt" | "gte" | "lt" | "lte":
            return _compared(op, operand, order, zone)
        case "between":
            return _between(operand, order, zone)
        case "contains":
            return _contains(operand)
        case "contains_any":
            return _contains_any(_sequence(operand))
        case "contains_all":
            if not _sequence(operand):
                raise ValueError("an empty list is never meant")
            return _contains_all(_sequence(operand))
        case "starts_with":
            return lambda value: isinstance(value, str) and isinstance(operand, str) and value.startswith(operand)
        case "ends_with":
            return lambda value: isinstance(value, str) and isinstance(operand, str) and value.endswith(operand)
        case "matches":
            return expression(str(operand))
        case "exists":
            return lambda _value: bool(operand)
        case "in_network":
            return _in_network(operand)
        case "within_km":
            return _within_km(operand)  # type: ignore[arg-type]
        case "before":
            return _before(operand, zone)
        case "after":
            return _after(operand, zone)
        case "bare":
            equal, contains = _equal(operand, zone), _contains(operand)
            return lambda value: contains(value) if isinstance(value, list | tuple) else equal(value)
        case "bare_list":
            among, overlaps = _one_of(_sequence(operand), zone), _contains_any(_sequence(operand))
            return lambda value: overlaps(value) if isinstance(value, list | tuple) else among(value)
        case _ if op in _VERSION:
            return _version(op, str(operand))
    raise ValueError(f"no test {op!r}")


def _sequence(operand: object) -> Sequence[object]:
    if not isinstance(operand, list | tuple):
        raise ValueError(f"{operand!r} is not a list")
    return operand


def _scalar_only(test: Predicate, *, missing: bool) -> Predicate:
    """`eq`, `ne`, `in` and `not_in` are of scalars: to them a list or a mapping is of the wrong type."""
    return lambda value: missing if isinstance(value, list | tuple | dict) else test(value)


def ago(operand: object) -> timedelta | None:
    """The duration of `{ago: 7d}`, or None where the operand is an instant. Raises ValueError for a bad duration."""
    if isinstance(operand, Mapping) and set(operand) == {"ago"}:
        return parse_duration(operand["ago"])
    return None
