"""Moments, in the zones of visitors, one at least of each class that schedules and conditions on time tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from rules.analysis.clock import around, instants_of, moved
from rules.clock import LAST_YEAR, at_zone
from rules.conditions import Test
from rules.schedule import Schedule

MOST_MOMENTS = 6_000
LOCAL = frozenset({"time.hour", "time.of_day", "time.weekday", "time.date"})
"""What derives from the wall clock of the visitor."""
_DAY = 24 * 60
_WEEK, _TWO_DAYS = timedelta(days=8), timedelta(days=2)
_ODD = (
    "Pacific/Marquesas", "America/St_Johns", "Asia/Tehran", "Asia/Kabul", "Asia/Kolkata", "Asia/Kathmandu",
    "Asia/Yangon", "Australia/Eucla", "Australia/Darwin", "Australia/Lord_Howe", "Pacific/Chatham",
)  # fmt: skip
WHOLE: tuple[str, ...] = tuple(f"Etc/GMT{hours:+d}" for hours in range(-14, 13))
"""One zone for each distance from UTC of whole hours; with `_ODD`, of all."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Instants with the zone of a visitor; None: the document's.

    Attributes:
        complete: whether each class that can come from the first moment on has one among them.
    """

    moments: tuple[tuple[datetime, str | None], ...]
    complete: bool


def moments_of(tests: Sequence[Test], schedules: Sequence[Schedule], zone: ZoneInfo, now: datetime) -> Moments:
    """Moments from `now` on for tests of `time.*` with literal operands, and for schedules."""
    ends = {end for one in schedules for end in one.span(zone) if end is not None}
    ends.update(end for test in tests if test.attribute == "time.now" for end in instants_of(test, zone))
    days = {
        instant.astimezone(zone).date()
        for test in tests
        if test.attribute == "time.date"
        for instant in instants_of(test, zone)
    }
    own = any(one.visitor for one in schedules) or any(test.attribute in LOCAL for test in tests)
    fixed = bool(ends or days) or any(one.recurs and not one.visitor for one in schedules)
    minutes = sorted(minutes_of(tests, schedules))
    # Where all begins and ends with whole hours, zones between two show no hours together that these do not.
    odd = () if all(minute % 60 == 0 for minute in minutes) and not ends else _ODD
    zones: list[str | None] = [None, *WHOLE, *odd] if own and fixed else [None]
    weekly = any(one.weekdays is not None for one in schedules) or any(
        test.attribute in ("time.weekday", "time.date") for test in tests
    )
    recurs = any(one.recurs for one in schedules) or any(test.attribute in LOCAL for test in tests)
    for name in zones:
        here = ZoneInfo(name) if name is not None else zone
        ends.update(at_zone(datetime(day.year, day.month, day.day), here) for one in days for day in _and_next(one))  # noqa: DTZ001
        ends.update(_in_zone(schedules, here) if own else ())
    points = sorted({now, *(one for one in around(ends) if one > now and one.year < LAST_YEAR)})
    found = _all(points, zones, minutes if recurs else [], zone, _WEEK if weekly else _TWO_DAYS)
    kept = tuple(dict.fromkeys(islice(found, MOST_MOMENTS)))
    plain = all(
        test.op not in ("contains", "starts_with", "ends_with", "matches") and not test.any_case for test in tests
    )
    return Moments(kept, plain and next(found, None) is None)


def _in_zone(schedules: Sequence[Schedule], zone: ZoneInfo) -> Iterator[datetime]:
    return (end for one in schedules if one.visitor for end in one.span(zone) if end is not None)


def _and_next(day: date) -> Iterator[date]:
    yield day
    if day < date.max:
        yield day + timedelta(days=1)


def _all(
    points: Sequence[datetime], zones: Sequence[str | None], minutes: Sequence[int], site: ZoneInfo, span: timedelta
) -> Iterator[tuple[datetime, str | None]]:
    """Every point in every zone; then, after each, a span of local times, as far as the next point."""
    for point in points:
        for name in zones:
            yield point, name
    if not minutes:
        return
    for place, point in enumerate(points):
        until = points[place + 1] if place + 1 < len(points) else moved(point, span)
        until = min(until, moved(point, span))
        for name in zones:
            own = ZoneInfo(name) if name is not None else site
            for clock in (own,) if own is site else (own, site):
                for instant in times(point, until, minutes, clock):
                    yield instant, name


def times(start: datetime, until: datetime, minutes: Iterable[int], zone: ZoneInfo) -> Iterator[datetime]:
    """The instants from `start` up to `until` at which a zone's wall clock shows one of these minutes of the day."""
    day, last = start.astimezone(zone).date() - timedelta(days=1), until.astimezone(zone).date()
    ordered = sorted(minutes)
    while day <= last:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock
        for minute in ordered:
            instant = at_zone(midnight + timedelta(minutes=minute), zone)
            if start <= instant < until:
                yield instant
        day += timedelta(days=1)


def minutes_of(tests: Sequence[Test], schedules: Sequence[Schedule]) -> set[int]:
    """The minutes of a day at which something recurring can begin or end, midnight among them."""
    found = {0}
    for one in schedules:
        if one.hours is not None:
            found.update((one.hours[0] * 60, (one.hours[1] + 1) * 60 % _DAY))
    for test in tests:
        operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        for operand in operands:
            if test.attribute == "time.hour" and isinstance(operand, int | float) and not isinstance(operand, bool):
                found.update(minute % _DAY for minute in (int(operand) * 60, (int(operand) + 1) * 60) if minute >= 0)
            elif test.attribute == "time.of_day":
                found.update(_of_day(operand))
    return found


def _of_day(operand: object) -> Iterator[int]:
    if isinstance(operand, str) and len(operand) == len("00:00") and operand[:2].isdigit() and operand[3:].isdigit():
        minute = int(operand[:2]) * 60 + int(operand[3:])
        yield minute % _DAY
        yield (minute + 1) % _DAY
