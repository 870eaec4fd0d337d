"""What each test of a condition means for a value that is there."""

from __future__ import annotations

import ipaddress
import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo

from rules.attributes import Order
from rules.clock import as_instant, parse_instant
from rules.operators import Predicate
from rules.regexes import regex
from rules.scales import after, before, between, compared
from rules.values import as_location, is_number, parse_ip
from rules.versions import version_key

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (2a + b) / 3 of WGS 84, as the IUGG defines it."""


def fold(text: str) -> str:
    """For comparisons in any case: NFC and case-folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def same(left: object, right: object) -> bool:
    """Equality of scalars: strings exactly, numbers as numbers, booleans only with booleans."""
    if is_number(left):
        return is_number(right) and left == right
    return type(left) is type(right) and left == right


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
        op: a key of FOR_TYPES (not `percent`); or of a value without a test, where the type is known only when one is
            read, "bare" (`eq` or `contains`) or "bare_list" (`in` or `contains_any`).
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
            return compared(op, operand, order, zone)
        case "between":
            return between(_sequence(operand), order, zone)
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
            return regex(str(operand))
        case "exists":
            return lambda _value: bool(operand)
        case "in_network":
            return _in_network(operand)
        case "within_km":
            return _within_km(operand)  # type: ignore[arg-type]
        case "before":
            return before(operand, zone)
        case "after":
            return after(operand, zone)
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
