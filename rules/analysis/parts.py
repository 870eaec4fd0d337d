"""One row of a goal, attribute by attribute: the values that each is left with, or the literals that leave it none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from rules.analysis.clock import (
    ANCHOR,
    FARTHEST,
    MOMENT,
    Moment,
    PredicateCache,
    Week,
    Window,
    around,
    instants_of,
    moved,
    span,
    span_holds,
    window_of,
)
from rules.analysis.goals import During, Literal, Recurring, Row
from rules.analysis.proofs import impossible
from rules.analysis.values import supply
from rules.attributes import Catalogue
from rules.buckets import BUCKETS
from rules.conditions import Ago, InSegment, Percent, Ref, Test
from rules.values import READERS

ENOUGH = 6
"""How many values of an attribute are kept."""
_MOST_KNOWN = 50_000
_CLOCK = frozenset({"eq", "ne", "in", "not_in", "exists", "gt", "gte", "lt", "lte", "between", "before", "after"})


@dataclass(slots=True)
class Parts:
    """What a row asks, sorted by what it is about.

    Attributes:
        values: by attribute, values as a visitor carries them; None among them where it may be missing.
        moments: of the visitor's week; None where nothing asks.
        instants: of the clock, likewise.
        days: the visitor's dates, likewise.
        related: tests against another attribute or against the clock.
        shares: tests of percent.
        held: the segments that a caller names.
    """

    row: Row
    values: dict[str, list[object]] = field(default_factory=dict)
    moments: list[Moment] | None = None
    instants: list[datetime] | None = None
    days: list[date] | None = None
    related: list[Literal] = field(default_factory=list)
    shares: list[Literal] = field(default_factory=list)
    held: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Clash:
    """Literals that cannot hold at once."""

    literals: Row


class Splitter:
    """Splits rows; keeps the predicates of tests."""

    def __init__(self, catalogue: Catalogue, zone: ZoneInfo) -> None:
        self._catalogue = catalogue
        self._zone = zone
        self._predicates = PredicateCache()
        self._week = Week(zone, self._predicates)
        self._known: dict[tuple[tuple[str, bool], ...], tuple[tuple[object, ...], bool, bool]] = {}

    def split(self, row: Row) -> Parts | Clash | None:
        """The parts of a row, or the clash in it; None where no value was found, and no proof that there is none."""
        parts = Parts(row)
        by_name: dict[str, list[Literal]] = {}
        clock: list[Literal] = []
        week: list[Literal] = []
        site_week: list[Literal] = []
        for one in row:
            match one.leaf:
                case InSegment(names):
                    parts.held.extend(() if one.negated else names)
                case During():
                    clock.append(one)
                case Recurring(schedule):
                    (week if schedule.visitor else site_week).append(one)
                case Test(operand=Ref() | Ago()):
                    parts.related.append(one)
                case Test(operand=Percent()):
                    parts.shares.append(one)
                case Test(attribute=name) if name in MOMENT:
                    week.append(one)
                case Test(attribute="time.now"):
                    clock.append(one)
                case Test(attribute=name):
                    by_name.setdefault(name, []).append(one)
        return self._times(parts, clock, week, site_week, by_name.pop("time.date", [])) or self._attributes(
            parts, by_name
        )

    def _times(
        self,
        parts: Parts,
        clock: Row | list[Literal],
        week: list[Literal],
        site_week: list[Literal],
        days: list[Literal],
    ) -> Clash | None:
        window = window_of(clock, self._zone)
        bounds = clock if window.short else []
        if clock:
            parts.instants = self._instants(clock)
            if not parts.instants and all(_of_clock(one) for one in clock):
                return Clash(tuple(clock))
        if week:
            parts.moments = self._week.moments(week, window)
            if not parts.moments:
                return Clash((*week, *bounds))
        if site_week and not self._week.moments(site_week, window):
            return Clash((*site_week, *bounds))
        if days:
            parts.days = self._days(days, window)
            if not parts.days and all(_of_clock(one) for one in days):
                return Clash((*days, *clock))
        return None

    def _instants(self, clock: Sequence[Literal]) -> list[datetime]:
        ends: list[datetime] = []
        for one in clock:
            if isinstance(one.leaf, During):
                ends.extend(end for end in span(one.leaf.schedule, self._zone, negated=one.negated) if end is not None)
            elif isinstance(one.leaf, Test):
                ends.extend(instants_of(one.leaf, self._zone))
        return [now for now in around(ends) or [ANCHOR] if all(self._at(one, now) is not one.negated for one in clock)]

    def _at(self, one: Literal, now: datetime) -> bool:
        if isinstance(one.leaf, During):
            return span_holds(one, now, self._zone) is not one.negated
        assert isinstance(one.leaf, Test)  # noqa: S101 - the clock is asked in these two ways
        return self._predicates(one.leaf, self._zone)(now)

    def _days(self, literals: Sequence[Literal], window: Window) -> list[date]:
        attribute = self._catalogue["time.date"]
        found = {date.fromisoformat(str(text)) for text in supply(attribute, literals, self._zone).values}
        first = moved(window.low, -FARTHEST).date() if window.low else None
        last = moved(window.high, FARTHEST).date() if window.high else None
        found.update(end for end in (first, last) if end is not None)
        return [
            day
            for day in sorted(found)
            if (first is None or day >= first) and (last is None or day <= last) and self._all_hold(literals, day)
        ]

    def _all_hold(self, literals: Sequence[Literal], value: object) -> bool:
        return all(self._holds(one, value) is not one.negated for one in literals)

    def _holds(self, one: Literal, value: object) -> bool:
        assert isinstance(one.leaf, Test)  # noqa: S101 - schedules and segments went elsewhere
        return one.leaf.when_missing if value is None else self._predicates(one.leaf, self._zone)(value)

    def _attributes(self, parts: Parts, by_name: Mapping[str, list[Literal]]) -> Parts | Clash | None:
        unsure = False
        whole: dict[str, bool] = {}
        for name, literals in by_name.items():
            found, whole[name], proved = self._found(name, literals)
            if not found:
                if proved:
                    return Clash(tuple(literals))
                unsure = True
            parts.values[name] = list(found)
        if unsure:
            return None
        return self._refused(parts, by_name) or self._shared(parts, by_name, whole) or parts

    def _found(self, name: str, literals: Sequence[Literal]) -> tuple[tuple[object, ...], bool, bool]:
        """Values of an attribute for which literals hold; whether all kinds were tried; whether there are none."""
        key = tuple((one.key, one.negated) for one in literals)
        known = self._known.get(key)
        if known is None:
            attribute = self._catalogue[name]
            read = READERS[attribute.type]
            offered = supply(attribute, literals, self._zone)
            suiting = (
                raw for raw in offered.values if (value := read(raw)) is not None and self._all_hold(literals, value)
            )
            absent = (None,) if self._all_hold(literals, None) else ()
            found = (*absent, *islice(suiting, ENOUGH))
            proved = not found and (offered.complete or impossible(attribute, literals))
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = found, offered.complete, proved
        return known

    def _refused(self, parts: Parts, by_name: Mapping[str, list[Literal]]) -> Clash | None:
        """What has a purpose is missing where consent to it is false."""
        for name, found in list(parts.values.items()):
            purpose = self._catalogue[name].purpose
            consent = f"consent.{purpose}"
            consents = parts.values.get(consent)
            if purpose is None or consents is None:
                continue
            granted: list[object] = [value for value in consents if value is None or value is True]
            if None in found and not granted:
                parts.values[name] = [None]
            elif None not in found:
                if not granted:
                    return Clash((*by_name[name], *by_name[consent]))
                parts.values[consent] = granted
        return None

    def _shared(self, parts: Parts, by_name: Mapping[str, list[Literal]], whole: Mapping[str, bool]) -> Clash | None:
        """Shares of the visitors: some bucket of each salt is left, or the visitor has no id."""
        if not parts.shares:
            return None
        ids = parts.values.get("visitor.id")
        if all(one.negated for one in parts.shares) and (ids is None or None in ids):
            return None
        if ids == [None] and whole["visitor.id"]:
            return Clash((*by_name["visitor.id"], *parts.shares))
        by_salt: dict[str, list[Literal]] = {}
        for one in parts.shares:
            by_salt.setdefault(percent_of(one).salt, []).append(one)
        for literals in by_salt.values():
            if not any(
                all(in_share(one, position) for one in literals) for position in _positions(map(percent_of, literals))
            ):
                return Clash(tuple(literals))
        return None


def percent_of(one: Literal) -> Percent:
    """The range of a literal of `percent`."""
    assert isinstance(one.leaf, Test)  # noqa: S101
    assert isinstance(one.leaf.operand, Percent)  # noqa: S101
    return one.leaf.operand


def in_share(one: Literal, position: int) -> bool:
    """Whether a bucket suits a literal of `percent`."""
    percent = percent_of(one)
    return (percent.gte <= position / 100 < percent.lt) is not one.negated


def _positions(ranges: Iterable[Percent]) -> set[int]:
    """Buckets in every cell that the ends of the ranges make."""
    ends = {end for one in ranges for end in (one.gte, one.lt)}
    near = {int(end * 100) + by for end in ends for by in (-1, 0, 1)} | {0, BUCKETS - 1}
    return {position for position in near if 0 <= position < BUCKETS}


def _of_clock(one: Literal) -> bool:
    return not isinstance(one.leaf, Test) or (one.leaf.op in _CLOCK and not one.leaf.any_case)
