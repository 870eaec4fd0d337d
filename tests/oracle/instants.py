"""Dates, date-times, zones and durations."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def zone(name: object) -> tzinfo | None:
    """The zone of that name, or None where no such zone exists."""
    if not isinstance(name, str) or not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def duration(text: str) -> timedelta:
    """`30s`, `15m`, `2h`, `7d`, `4w`."""
    return timedelta(**{DURATION_UNITS[text[-1]]: int(text[:-1])})


def is_date_text(text: str) -> bool:
    """Whether the text is a bare date, with no time of day."""
    return len(text) == 10


def instant_of_local(local: datetime, where: tzinfo) -> datetime:
    """The instant of a wall-clock time; `fold=0` takes the offset before a gap, and the first of two."""
    return local.replace(tzinfo=where, fold=0).astimezone(UTC)


def midnight(day: date, where: tzinfo) -> datetime:
    """The instant at which that day begins there."""
    return instant_of_local(datetime.combine(day, time()), where)


def instant(raw: str | date, where: tzinfo) -> datetime:
    """A date or date-time (text or object) as an instant; without an offset it is local to `where`."""
    moment: date = raw if isinstance(raw, date) else read_moment(raw)
    if not isinstance(moment, datetime):
        return midnight(moment, where)
    return instant_of_local(moment, where) if moment.tzinfo is None else moment.astimezone(UTC)


def read_moment(text: str) -> date:
    """A date, or a date-time as written (with or without an offset).

    Raises:
        ValueError: it is neither.
    """
    return date.fromisoformat(text) if is_date_text(text) else datetime.fromisoformat(text)
