"""Reading a value as its declared type. Whatever is not of the type is missing: None."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from rules.attributes import Type
from rules.clock import as_instant, parse_date
from rules.versions import version_key

LARGEST_INTEGER = 2**53
Location = tuple[float, float]
_UTC = ZoneInfo("UTC")


def is_number(value: object) -> bool:
    """A finite double; booleans are not numbers, integers beyond 2**53 are none either."""
    kind = type(value)
    if kind is int:
        return -LARGEST_INTEGER <= value <= LARGEST_INTEGER  # type: ignore[operator]
    return kind is float and math.isfinite(value)  # type: ignore[arg-type]


def _string(value: object) -> object | None:
    return value if type(value) is str else None


def _number(value: object) -> object | None:
    return value if is_number(value) else None


def _boolean(value: object) -> object | None:
    return value if type(value) is bool else None


def _date(value: object) -> object | None:
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    return parse_date(value) if type(value) is str else None


def _datetime(value: object) -> object | None:
    """A date stays a date: its midnight depends on the document's zone, which the test knows."""
    day = _date(value)
    if day is not None:
        return day
    return as_instant(value, _UTC)


def _version(value: object) -> object | None:
    return value if type(value) is str and version_key(value) is not None else None


@lru_cache(maxsize=4096)
def parse_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; one of IPv4 written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 one. None where it is neither."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _ip(value: object) -> object | None:
    return value if type(value) is str and parse_ip(value) is not None else None


def as_location(value: object) -> Location | None:
    """`{lat, lon}` in degrees (or that pair, read already), or None where it is no place on Earth."""
    if isinstance(value, tuple) and len(value) == 2:
        value = {"lat": value[0], "lon": value[1]}
    if not isinstance(value, Mapping):
        return None
    lat, lon = value.get("lat"), value.get("lon")
    if not (is_number(lat) and is_number(lon)):
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):  # type: ignore[operator]
        return None
    return float(lat), float(lon)  # type: ignore[arg-type]


def _string_list(value: object) -> object | None:
    if isinstance(value, list | tuple) and all(type(item) is str for item in value):
        return tuple(value)
    return None


def _number_list(value: object) -> object | None:
    if isinstance(value, list | tuple) and all(is_number(item) for item in value):
        return tuple(value)
    return None


READERS: Mapping[Type, Callable[[object], object | None]] = {
    "string": _string,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "version": _version,
    "ip": _ip,
    "location": as_location,
    "string_list": _string_list,
    "number_list": _number_list,
}
"""For each type, the function that gives the value as that type, or None where it is of another."""
