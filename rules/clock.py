"""Instants, dates and zones: text to time, with the two readings that a clock change allows fixed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*([Zz]|[+-]\d{2}:?\d{2})?")
_MICROSECONDS = 6


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zones() -> frozenset[str]:
    """Every IANA name of the time zone database in use."""
    return _names()


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that IANA name, or None; never reads a path that the name might spell."""
    return ZoneInfo(name) if name in _names() else None


def at_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time. One that comes twice is the first; one in a gap uses the offset before the gap.

    Both are what `fold=0` means in PEP 495.
    """
    try:
        return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    except OverflowError:  # within a day of year 1 or 9999, where no offset fits
        return local.replace(tzinfo=UTC)


@lru_cache(maxsize=4096)
def parse_date(text: str) -> date | None:
    """`YYYY-MM-DD`, or None."""
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def parse_datetime(text: str, zone: ZoneInfo | None = None) -> datetime | None:
    """An RFC 3339 or ISO 8601 date-time as an instant in UTC, or None; without an offset, of `zone` (None: UTC)."""
    found = _DATETIME.fullmatch(text)
    if not found:
        return None
    day, clock, offset = found.groups()
    whole, _, fraction = clock.partition(".")
    try:
        local = datetime.fromisoformat(f"{day}T{whole}")
        if fraction:
            local = local.replace(microsecond=int(fraction[:_MICROSECONDS].ljust(_MICROSECONDS, "0")))
        if offset is None:
            return at_zone(local, zone) if zone else local.replace(tzinfo=UTC)
        return datetime.fromisoformat(f"{local.isoformat()}{_offset(offset)}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> str:
    if text in "Zz":
        return "+00:00"
    return text if ":" in text else f"{text[:3]}:{text[3:]}"


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day begins in a zone."""
    return at_zone(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - a local time is meant


def parse_instant(text: str, zone: ZoneInfo) -> datetime | None:
    """A date (its midnight) or a date-time, both in `zone` where they carry no offset; None where it is neither."""
    day = parse_date(text)
    if day is not None:
        return midnight(day, zone)
    return parse_datetime(text, zone)


def as_instant(value: object, zone: ZoneInfo) -> datetime | None:
    """A value of an attribute as an instant: a date is its midnight in `zone`, a date-time without an offset is UTC."""
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        except OverflowError:
            return None
    if isinstance(value, date):
        return midnight(value, zone)
    if isinstance(value, str):
        day = parse_date(value)
        return midnight(day, zone) if day is not None else parse_datetime(value)
    return None


FIRST_YEAR, LAST_YEAR = 1900, 8999
"""Between these the clock of a decision may stand: durations of years and offsets of zones still fit the calendar."""


def within_calendar(instant: datetime) -> datetime:
    """The instant. Raises ValueError where it lies beyond the years in which a decision can be made."""
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"{instant.isoformat()} is beyond the years {FIRST_YEAR} to {LAST_YEAR}")
    return instant


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
