"""When a rule or an experiment is on: a span of time, and hours that recur."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.clock import WEEKDAYS, parse_date, parse_datetime, parse_instant
from rules.report import Path, Report
from rules.values import is_number

LAST_HOUR = 23


@dataclass(frozen=True, slots=True)
class Schedule:
    """A span (`start` inclusive, `until` exclusive) and recurring hours.

    Attributes:
        start: the text as written, a date or date-time; None: no beginning.
        until: likewise; None: no end.
        weekdays: 0 (Monday) to 6; None: every day.
        hours: first and last hour, both included; the first above the last is a night. None: the whole day.
        visitor: whether times without an offset are in the visitor's zone instead of the document's.
    """

    start: str | None = None
    until: str | None = None
    weekdays: frozenset[int] | None = None
    hours: tuple[int, int] | None = None
    visitor: bool = False

    @property
    def recurs(self) -> bool:
        """Whether `on` says anything."""
        return self.weekdays is not None or self.hours is not None

    def span(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """The instants of both ends in a zone."""
        start = parse_instant(self.start, zone) if self.start is not None else None
        until = parse_instant(self.until, zone) if self.until is not None else None
        return start, until

    def on(self, now: datetime, zone: ZoneInfo) -> bool:
        """Whether the schedule is on at an instant, read in a zone."""
        start, until = self.span(zone)
        if (start is not None and now < start) or (until is not None and now >= until):
            return False
        return self.recurs_at(now.astimezone(zone))

    def recurs_at(self, local: datetime) -> bool:
        """Whether a local time falls in the recurring hours. A night belongs to the weekday on which it began."""
        day = local.date()
        if self.hours is not None:
            first, last = self.hours
            if first <= last:
                if not first <= local.hour <= last:
                    return False
            elif local.hour <= last:
                day -= timedelta(days=1)
            elif local.hour < first:
                return False
        return self.weekdays is None or day.weekday() in self.weekdays


ALWAYS_ON = Schedule()
_FIELDS = frozenset({"from", "until", "on", "timezone"})


def parse_schedule(
    data: Mapping[str, object], path: Path, report: Report, zone: ZoneInfo, *, may_recur: bool = True
) -> Schedule:
    """The schedule of a rule or an experiment, from its `from`, `until`, `on` and `timezone`."""
    if _FIELDS.isdisjoint(data):
        return ALWAYS_ON
    visitor = data.get("timezone") == "visitor"
    if "timezone" in data and not visitor:
        report.add(
            (*path, "timezone"),
            "'timezone' of a schedule can be 'visitor' only; the document's own is meant without it",
        )
    start = _instant(data, "from", path, report, zone)
    until = _instant(data, "until", path, report, zone)
    if start and until:
        first, last = parse_instant(start, zone), parse_instant(until, zone)
        if first is not None and last is not None and last <= first:
            report.add((*path, "until"), f"'until' ({until}) is not after 'from' ({start})", word=until)
    weekdays, hours = _recurrence(data.get("on"), (*path, "on"), report) if may_recur and "on" in data else (None, None)
    return Schedule(start, until, weekdays, hours, visitor)


def _instant(data: Mapping[str, object], key: str, path: Path, report: Report, zone: ZoneInfo) -> str | None:
    value = data.get(key)
    if value is None:
        if key in data:
            report.add((*path, key), f"{key!r} is a date or a date-time")
        return None
    if isinstance(value, str) and parse_instant(value, zone) is not None:
        return value
    report.add((*path, key), f"{value!r} is no date (2026-11-20) or date-time (2026-11-20T18:00)", word=str(value))
    return None


def _recurrence(value: object, path: Path, report: Report) -> tuple[frozenset[int] | None, tuple[int, int] | None]:
    if not isinstance(value, Mapping) or not value:
        report.add(path, "'on' takes {weekdays: [...], hours: [first, last]}")
        return None, None
    for key in value:
        if key not in ("weekdays", "hours"):
            report.add((*path, key), f"'on' has no {key!r}", word=str(key), known=("weekdays", "hours"), at_key=True)
    weekdays: frozenset[int] | None = None
    if "weekdays" in value:
        days = value["weekdays"]
        if not isinstance(days, list) or not days:
            report.add((*path, "weekdays"), "'weekdays' is a list of mon to sun")
        else:
            for index, day in enumerate(days):
                if day not in WEEKDAYS:
                    report.add((*path, "weekdays", index), f"{day!r} is no weekday", word=str(day), known=WEEKDAYS)
            weekdays = frozenset(WEEKDAYS.index(day) for day in days if day in WEEKDAYS)
    hours: tuple[int, int] | None = None
    if "hours" in value:
        ends = value["hours"]
        good = isinstance(ends, list) and len(ends) == 2 and all(_is_hour(end) for end in ends)
        if good:
            hours = (int(ends[0]), int(ends[1]))
        else:
            report.add((*path, "hours"), "'hours' is [first, last], whole hours from 0 to 23, both included")
    return weekdays, hours


def _is_hour(value: object) -> bool:
    return is_number(value) and 0 <= value <= LAST_HOUR and value == int(value)  # type: ignore[operator, call-overload]


def has_offset(text: str) -> bool:
    """Whether a date-time says its own offset, so that no zone matters."""
    zones = (ZoneInfo("Etc/GMT+12"), ZoneInfo("Etc/GMT-14"))
    return parse_date(text) is None and len({parse_datetime(text, zone) for zone in zones}) == 1
