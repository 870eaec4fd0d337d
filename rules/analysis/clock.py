"""The times at which an analysis looks: instants around literals, and the moments of a week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from rules.analysis.goals import During, Literal, Recurring
from rules.bits import mask_of, members_of
from rules.clock import WEEKDAYS, at_zone, parse_instant
from rules.conditions import Ago, Ref, Test, value_test
from rules.operators import Predicate
from rules.schedule import Schedule, has_offset

MOMENT = frozenset({"time.hour", "time.of_day", "time.weekday"})
"""Attributes that follow from the visitor's wall clock within a week."""
ANCHOR = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""A Monday noon, where nothing asks for another time."""
FARTHEST = timedelta(hours=16)
"""No zone was ever farther from UTC."""
_MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a wall clock
_WHOLE_WEEK = timedelta(days=6)
_SECOND = timedelta(seconds=1)
_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A wall clock within the week of Monday, 1 January 2024, and what the attributes say then."""

    local: datetime

    def value(self, name: str) -> object:
        """The value of one of MOMENT."""
        if name == "time.hour":
            return self.local.hour
        if name == "time.weekday":
            return WEEKDAYS[self.local.weekday()]
        return f"{self.local.hour:02}:{self.local.minute:02}"


@dataclass(frozen=True, slots=True)
class Window:
    """All instants that literals leave: from `low`, up to `high`; None: open."""

    low: datetime | None
    high: datetime | None

    @property
    def short(self) -> bool:
        """Whether it is so short that not every moment of a week falls into it."""
        return self.low is not None and self.high is not None and self.high - self.low < _WHOLE_WEEK - 2 * FARTHEST

    def reaches(self, moment: Moment) -> bool:
        """Whether the wall clock of some zone can show the moment within the window."""
        if self.low is None or self.high is None or not self.short:
            return True
        low = moved(self.low, -FARTHEST).replace(tzinfo=None)
        high = moved(self.high, FARTHEST).replace(tzinfo=None)
        weeks = -((moment.local - low) // timedelta(days=7))
        return moment.local + weeks * timedelta(days=7) <= high


def moved(instant: datetime, by: timedelta) -> datetime:
    """An instant and so much, within the calendar."""
    try:
        return instant + by
    except OverflowError:
        return _LATEST if by > timedelta() else _EARLIEST


class PredicateCache:
    """The predicates of tests, each made once."""

    def __init__(self) -> None:
        self._made: dict[str, Predicate] = {}

    def __call__(self, test: Test, zone: ZoneInfo) -> Predicate:
        """The predicate of a test whose operand is a literal."""
        found = self._made.get(test.key)
        if found is None:
            found = self._made[test.key] = value_test(test, zone)
        return found


class Week:
    """The moments of a week at which literals about one wall clock hold; each literal is asked once."""

    def __init__(self, zone: ZoneInfo, predicates: PredicateCache) -> None:
        self._zone = zone
        self._predicates = predicates
        self._moments: dict[tuple[int, ...], list[Moment]] = {}
        self._masks: dict[tuple[str, tuple[int, ...]], int] = {}

    def moments(self, literals: Sequence[Literal], window: Window) -> list[Moment]:
        """One moment at least of each cell that the literals cut the week into, of those where they hold."""
        of_day = [one.leaf for one in literals if isinstance(one.leaf, Test) and one.leaf.attribute == "time.of_day"]
        minutes = tuple(sorted({0, *(minute for leaf in of_day for minute in _minutes(leaf))}))
        every = self._moments.get(minutes)
        if every is None:
            spans = (timedelta(hours=hour, minutes=minute) for hour in range(7 * 24) for minute in minutes)
            every = self._moments[minutes] = [Moment(_MONDAY + span) for span in spans]
        mask = (1 << len(every)) - 1
        for one in literals:
            held = self._mask(one, every, minutes)
            mask &= ~held if one.negated else held
        return [every[place] for place in members_of(mask) if window.reaches(every[place])]

    def _mask(self, one: Literal, every: Sequence[Moment], minutes: tuple[int, ...]) -> int:
        found = self._masks.get((one.key, minutes))
        if found is None:
            places = (place for place, moment in enumerate(every) if self._at(one, moment))
            found = self._masks[one.key, minutes] = mask_of(places, len(every))
        return found

    def _at(self, one: Literal, moment: Moment) -> bool:
        if isinstance(one.leaf, Recurring):
            return one.leaf.schedule.recurs_at(moment.local)
        assert isinstance(one.leaf, Test)  # noqa: S101 - these are the two kinds there are
        return self._predicates(one.leaf, self._zone)(moment.value(one.leaf.attribute))


def _minutes(test: Test) -> Iterable[int]:
    """The minutes of an hour at which a test of the time of day may change."""
    texts = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    if test.op not in ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "between", "exists"):
        return range(60)
    known = [int(text[3:]) for text in texts if isinstance(text, str) and len(text) == 5 and text[3:].isdigit()]
    return {minute for one in known for minute in (one - 1, one, one + 1) if 0 <= minute < 60}


def span(schedule: Schedule, zone: ZoneInfo, *, negated: bool) -> tuple[datetime | None, datetime | None]:
    """The ends of a span, moved so far that every zone a visitor may be in is covered, or for a negation none."""
    start, until = schedule.span(zone)
    if schedule.visitor:
        far = -FARTHEST if negated else FARTHEST  # a negation may hold where any zone leaves the instant out
        if start is not None and schedule.start is not None and not has_offset(schedule.start):
            start = moved(start, -far)
        if until is not None and schedule.until is not None and not has_offset(schedule.until):
            until = moved(until, far)
    return start, until


def window_of(literals: Sequence[Literal], zone: ZoneInfo) -> Window:
    """What the schedules' spans and the tests of `time.now` leave of all instants."""
    lows: list[datetime] = []
    highs: list[datetime] = []
    for one in literals:
        if one.negated:
            continue
        if isinstance(one.leaf, During):
            start, until = span(one.leaf.schedule, zone, negated=False)
            lows.extend([start] if start is not None else [])
            highs.extend([until] if until is not None else [])
        elif isinstance(one.leaf, Test) and one.leaf.attribute == "time.now":
            low, high = _ends(one.leaf, zone)
            lows.extend([low] if low is not None else [])
            highs.extend([high] if high is not None else [])
    return Window(max(lows, default=None), min(highs, default=None))


def _ends(test: Test, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    found = instants_of(test, zone)
    if not found:
        return None, None
    if test.op in ("eq", "between"):
        return min(found), max(found)
    if test.op in ("gt", "gte", "after"):
        return found[0], None
    return (None, found[0]) if test.op in ("lt", "lte", "before") else (None, None)


def instants_of(test: Test, zone: ZoneInfo) -> list[datetime]:
    """The literals of a test of dates and date-times."""
    if isinstance(test.operand, Ref | Ago):
        return []
    texts = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    found = (parse_instant(text, zone) for text in texts if isinstance(text, str))
    return [instant for instant in found if instant is not None]


def around(ends: Iterable[datetime]) -> list[datetime]:
    """Instants in every cell that the ends cut time into: themselves, between them, before and after."""
    ordered = sorted(set(ends))
    found = list(ordered)
    for low, high in pairwise(ordered):
        found.append(low + _SECOND if low + 2 * _SECOND <= high else low + (high - low) / 2)
        found.append(low + (high - low) / 2)
        found.append(high - _SECOND if high - 2 * _SECOND >= low else low + (high - low) / 2)
    if ordered:
        found.extend(_outside(ordered[0], ordered[-1]))
    return found


def _outside(first: datetime, last: datetime) -> Iterator[datetime]:
    yield moved(first, -timedelta(days=1))
    yield moved(last, timedelta(days=1))


def span_holds(one: Literal, now: datetime, zone: ZoneInfo) -> bool:
    """Whether the span of a schedule allows an instant in some zone; negated: leaves it out in some zone."""
    assert isinstance(one.leaf, During)  # noqa: S101
    start, until = span(one.leaf.schedule, zone, negated=one.negated)
    within = (start is None or now >= start) and (until is None or now < until)
    return within is not one.negated


def instants_at(day: date, found: Iterable[Moment], zone: ZoneInfo) -> Iterator[datetime]:
    """The instants of a day at which the wall clock of a zone shows one of the moments."""
    for moment in found:
        if moment.local.weekday() == day.weekday():
            yield at_zone(datetime.combine(day, moment.local.time()), zone)
