"""From the parts of a row to visitors: attributes, segments and a clock for which the real conditions hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice, product
from zoneinfo import ZoneInfo

from rules.analysis.clock import ANCHOR, Moment, instants_at, moved
from rules.analysis.goals import During, Literal, Recurring
from rules.analysis.parts import Parts, in_share, percent_of
from rules.analysis.values import supply, written
from rules.attributes import Catalogue
from rules.buckets import bucket
from rules.clock import zone_of
from rules.conditions import Ago, Holds, InSegment, Test, compile_test
from rules.facts import Facts

_MOST_IDS = 20_000
_MOST_CLOCKS = 240
_MOST_ASSIGNMENTS = 400
_ZONES = (None, "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Tokyo", "America/New_York", "Europe/London")
_DAYS = (0, 1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6)
_NEARBY = (timedelta(hours=-1), timedelta(), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Witness:
    """An invented visitor at a moment; `segments` are those that a caller would name."""

    attributes: Mapping[str, object]
    segments: tuple[str, ...]
    now: datetime

    def to_dict(self) -> dict[str, object]:
        """As a finding carries it, in values of JSON."""
        return {"attributes": dict(self.attributes), "segments": list(self.segments), "now": written(self.now)}


class Inventor:
    """Invents visitors for the parts of a row; keeps compiled tests."""

    def __init__(self, catalogue: Catalogue, zone: ZoneInfo) -> None:
        self._catalogue = catalogue
        self._zone = zone
        self._compiled: dict[str, Holds] = {}

    def witnesses(self, parts: Parts) -> Iterator[Witness]:
        """Visitors for whom every literal of the row holds; none where none was found."""
        segments = tuple(dict.fromkeys(parts.held))
        for attributes in self._visitors(parts):
            for zoned in self._zoned(parts, attributes):
                found = self._at_some_moment(parts, zoned, segments)
                if found is not None:
                    yield found

    def _at_some_moment(self, parts: Parts, zoned: dict[str, object], segments: tuple[str, ...]) -> Witness | None:
        """The visitor at the first moment at which every literal holds."""
        for now in islice(self._clocks(parts, zoned), _MOST_CLOCKS):
            for whole in self._assigned(parts, zoned, now):
                facts = Facts(whole, now=now, zone=self._zone, catalogue=self._catalogue, given=segments)
                if all(self._holds(one, facts) is not one.negated for one in parts.row):
                    return Witness(whole, segments, now)
        return None

    def _visitors(self, parts: Parts) -> Iterator[dict[str, object]]:
        """The plainest visitor, then one of other values."""
        for choose in (0, -1):
            chosen = {name: values[choose] for name, values in parts.values.items() if values[choose] is not None}
            if parts.shares:
                identifier = self._identifier(parts)
                if identifier is None:
                    chosen.pop("visitor.id", None)
                else:
                    chosen["visitor.id"] = identifier
            yield chosen

    def _identifier(self, parts: Parts) -> str | None:
        known = parts.values.get("visitor.id")
        invented = (f"visitor-{number}" for number in range(_MOST_IDS))
        names: Iterable[object] = invented if known is None else (*known, *invented)
        for name in names:
            if isinstance(name, str) and all(in_share(one, bucket(percent_of(one).salt, name)) for one in parts.shares):
                return name
        return None

    def _zoned(self, parts: Parts, attributes: dict[str, object]) -> Iterator[dict[str, object]]:
        """The visitor in several zones, where it matters and nothing else says which."""
        asks = parts.moments is not None or parts.days is not None or any(map(_of_visitor, parts.row))
        named = {"context.timezone", "geo.timezone"} & parts.values.keys()
        for zone in _ZONES if asks and not named else (None,):
            yield attributes if zone is None else {**attributes, "context.timezone": zone}

    def _clocks(self, parts: Parts, attributes: Mapping[str, object]) -> Iterator[datetime]:
        anchors = parts.instants or [ANCHOR]
        yield from anchors
        recurring = [
            one.leaf.schedule for one in parts.row if isinstance(one.leaf, Recurring) and not one.leaf.schedule.visitor
        ]
        if parts.moments is None and parts.days is None and not recurring:
            return
        name = attributes.get("context.timezone", attributes.get("geo.timezone"))
        zone = (zone_of(name) if isinstance(name, str) else None) or self._zone
        found = parts.moments if parts.moments is not None else _hours()
        for day in _around(anchors, zone) if parts.days is None else parts.days:
            yield from instants_at(day, found, zone)

    def _holds(self, one: Literal, facts: Facts) -> bool:
        match one.leaf:
            case InSegment(names):
                return names[0] in facts.given
            case During(schedule):
                return facts.is_on(replace(schedule, weekdays=None, hours=None))
            case Recurring(schedule):
                return facts.is_on(replace(schedule, start=None, until=None))
            case Test():
                found = self._compiled.get(one.key)
                if found is None:
                    found = self._compiled[one.key] = compile_test(one.leaf, self._zone)
                return found(facts)

    def _assigned(self, parts: Parts, attributes: dict[str, object], now: datetime) -> Iterator[dict[str, object]]:
        """The attributes, with values that compare with each other or with the clock for those that are to."""
        if not parts.related:
            yield attributes
            return
        names = list(dict.fromkeys(name for one in parts.related for name in _names(one)))
        free = [name for name in names if not name.startswith("time.")]
        pools = [self._pool(name, parts, now) for name in free]
        for values in islice(product(*pools), _MOST_ASSIGNMENTS):
            chosen = {name: value for name, value in zip(free, values, strict=True) if value is not None}
            yield {**{name: value for name, value in attributes.items() if name not in free}, **chosen}

    def _pool(self, name: str, parts: Parts, now: datetime) -> list[object]:
        """What an attribute of a comparison may be: its own values, its partners', and instants near the clock's."""
        own = parts.values.get(name)
        attribute = self._catalogue[name]
        pool: list[object] = [*(own if own is not None else [*supply(attribute, (), self._zone).values[:2], None])]
        facts = Facts({}, now=now, zone=self._zone, catalogue=self._catalogue)
        for one in parts.related:
            if name not in _names(one):
                continue
            if isinstance(one.leaf, Test) and isinstance(one.leaf.operand, Ago):
                pool.extend(written(moved(now, by - one.leaf.operand.duration)) for by in _NEARBY)
            for other in _names(one):
                values = [facts[other]] if other.startswith("time.") else parts.values.get(other, [])
                pool.extend(self._alike(value, attribute.is_list) for value in values if value is not None)
        return pool if attribute.is_list else list(dict.fromkeys(pool))

    @staticmethod
    def _alike(value: object, is_list: bool) -> object:
        """A value of another attribute as one of this: in a list, out of one, an instant as text."""
        if isinstance(value, datetime):
            value = written(value)
        elif isinstance(value, date):
            value = value.isoformat()
        if is_list:
            return value if isinstance(value, list) else [value]
        return (value or [None])[0] if isinstance(value, list) else value


def _names(one: Literal) -> tuple[str, ...]:
    assert isinstance(one.leaf, Test)  # noqa: S101 - only tests compare
    return one.leaf.names


def _of_visitor(one: Literal) -> bool:
    return isinstance(one.leaf, During | Recurring) and one.leaf.schedule.visitor


def _hours() -> list[Moment]:
    start = datetime(2024, 1, 1)  # noqa: DTZ001 - a wall clock
    return [Moment(start + timedelta(hours=hour)) for hour in range(7 * 24)]


def _around(anchors: Iterable[datetime], zone: ZoneInfo) -> Iterator[date]:
    for anchor in anchors:
        for by in _DAYS:
            yield moved(anchor, timedelta(days=by)).astimezone(zone).date()
