"""A raw value read as its type; `MISSING` where it is absent or of another type."""

from __future__ import annotations

import ipaddress
import math
from datetime import UTC, date, datetime
from typing import Any, Final

from .instants import instant_of_local, is_date_text, read_moment
from .versions import parse_version


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def is_number(raw: object) -> bool:
    """A finite double; a boolean is no number, and an integer beyond 2^53 is none either."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return False
    return abs(raw) <= 2**53 if isinstance(raw, int) else math.isfinite(raw)


def read(raw: object, kind: str | None) -> Any:
    """The value in the form that tests compare, or MISSING."""
    if raw is None:
        return MISSING
    if kind is None:
        return read_by_value(raw)
    return READERS[kind](raw)


def read_by_value(raw: object) -> Any:
    """A value whose type nothing declares: its own type counts."""
    if isinstance(raw, date):
        return read_datetime(raw) if isinstance(raw, datetime) else raw
    for kind in ("boolean", "string", "number", "string_list", "number_list", "location"):
        found = READERS[kind](raw)
        if found is not MISSING:
            return found
    return MISSING


def read_text(raw: object) -> Any:
    return raw if isinstance(raw, str) else MISSING


def read_number(raw: object) -> Any:
    return raw if is_number(raw) else MISSING


def read_boolean(raw: object) -> Any:
    return raw if isinstance(raw, bool) else MISSING


def read_date(raw: object) -> Any:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if not isinstance(raw, str) or not is_date_text(raw):
        return MISSING
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return MISSING


def read_datetime(raw: object) -> Any:
    """An instant: data without an offset are in UTC."""
    if isinstance(raw, str) and not is_date_text(raw):
        try:
            raw = read_moment(raw)
        except ValueError:
            return MISSING
    if not isinstance(raw, datetime):
        return MISSING
    return instant_of_local(raw, UTC) if raw.tzinfo is None else raw.astimezone(UTC)


def read_version(raw: object) -> Any:
    return raw if isinstance(raw, str) and parse_version(raw) is not None else MISSING


def read_ip(raw: object) -> Any:
    if not isinstance(raw, str):
        return MISSING
    try:
        ipaddress.ip_address(raw)
    except ValueError:
        return MISSING
    return raw


def read_location(raw: object) -> Any:
    """A (latitude, longitude) pair in degrees."""
    if not isinstance(raw, dict) or not is_number(raw.get("lat")) or not is_number(raw.get("lon")):
        return MISSING
    lat, lon = raw["lat"], raw["lon"]
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else MISSING


def read_string_list(raw: object) -> Any:
    return list(raw) if isinstance(raw, list | tuple) and all(isinstance(x, str) for x in raw) else MISSING


def read_number_list(raw: object) -> Any:
    return list(raw) if isinstance(raw, list | tuple) and all(map(is_number, raw)) else MISSING


READERS = {
    "string": read_text,
    "number": read_number,
    "boolean": read_boolean,
    "date": read_date,
    "datetime": read_datetime,
    "version": read_version,
    "ip": read_ip,
    "location": read_location,
    "string_list": read_string_list,
    "number_list": read_number_list,
}
