"""Dates, schedules and durations in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plugin.editor.phrases import mapping

WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_DAYS = tuple(WEEKDAYS)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_SECONDS = (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_DURATION = re.compile(r"([0-9]+)([smhdw])")
State = Literal["coming", "on", "over"]


def day(when: date) -> str:
    """`24 Nov 2026`."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def moment(when: datetime, zone: str) -> str:
    """`Tue 24 Nov 2026, 22:40`, on the clock of a zone."""
    local = when.astimezone(zone_of(zone))
    return f"{WEEKDAYS[_DAYS[local.weekday()]][:3]} {day(local)}, {local:%H:%M}"


def zone_of(name: str) -> ZoneInfo:
    """A zone by its name; UTC where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def instant(text: object) -> str:
    """A date or a date-time of the document, in words; as it stands where it is neither."""
    if not isinstance(text, str):
        return str(text)
    try:
        if len(text) == 10:
            return day(date.fromisoformat(text))
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    offset = f" {found:%Z}" if found.tzinfo else ""
    return f"{day(found)}, {found:%H:%M}{offset}"


def duration(text: object) -> str:
    """`7d` is `7 days`; seconds are told in the largest unit that fits: `604800s` is `1 week`."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return str(text)
    count, unit = int(found[1]), found[2]
    if unit == "s" and count:
        unit, size = next((name, size) for name, size in _SECONDS if count % size == 0 and (name != "w"))
        count //= size
    return f"{count} {_UNITS[unit]}{'' if count == 1 else 's'}"


def schedule(item: Mapping[str, Any], zone: str) -> str | None:
    """When a rule or an experiment is on; None where it always is."""
    parts = []
    if item.get("from") is not None:
        parts.append(f"from {instant(item['from'])}")
    if item.get("until") is not None:
        parts.append(f"until {_end(item['until'])}")
    on = mapping(item.get("on"))
    days, hours = on.get("weekdays"), on.get("hours")
    if isinstance(days, list | tuple) and days:
        parts.append(f"on {weekdays(days)}")
    if isinstance(hours, list | tuple) and len(hours) == 2:
        parts.append(hours_words(*hours))
    if not parts:
        return None
    whose = "on the visitor’s clock" if item.get("timezone") == "visitor" else f"on the clock of {zone}"
    return f"{' '.join(parts)}, {whose}"


def _end(until: object) -> str:
    """`until` is exclusive, so a bare date ends with the day before."""
    try:
        if isinstance(until, str) and len(until) == 10:
            return f"the end of {day(date.fromisoformat(until) - timedelta(days=1))}"
    except (ValueError, OverflowError):
        return str(until)
    return instant(until)


def hours_words(first: object, last: object) -> str:
    """`between 18:00 and 22:59`: both hours are included."""
    if isinstance(first, int | float) and isinstance(last, int | float):
        night = " (over midnight)" if first > last else ""
        return f"between {int(first):02}:00 and {int(last):02}:59{night}"
    return f"between {first} and {last}"


def weekdays(days: list[object] | tuple[object, ...]) -> str:
    """`Monday to Friday`, `Friday and Saturday`."""
    names = [WEEKDAYS.get(str(one), str(one)) for one in days]
    places = [_DAYS.index(str(one)) for one in days if one in _DAYS]
    if len(places) == len(days) > 2 and places == list(range(places[0], places[0] + len(places))):
        return f"{names[0]} to {names[-1]}"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def state(item: Mapping[str, Any], now: datetime, zone: str) -> State:
    """Whether the span of a schedule is still to come, on, or over, on the site's clock."""
    start, until = _at(item.get("from"), zone), _at(item.get("until"), zone)
    if until is not None and now >= until:
        return "over"
    return "coming" if start is not None and now < start else "on"


def _at(text: object, zone: str) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone_of(zone))
