"""Content prepared for a rule set: who is a candidate for what, worked out once and not in each request."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rules.bits import iterate, members_of
from rules.clock import LAST_YEAR, as_instant
from rules.conditions import Condition
from rules.effects import canonical
from rules.keeping import keep
from rules.locales import preference
from rules.selectors import EntryReading, ages, bind, compile_bound

if TYPE_CHECKING:
    from rules.actors import Actor, Doing

AUDIENCE = "audience:"
_MOST_BOUND = 512


@dataclass(frozen=True, slots=True)
class Candidate:
    """One variant of an entry.

    Attributes:
        entry: as it was given.
        published_at: an instant, or None.
        expires_at: the instant from which nobody sees it, or None.
        audiences: the segments that its `audience:` tags name.
    """

    id: str
    locale: str | None
    published_at: datetime | None
    expires_at: datetime | None
    audiences: frozenset[str]
    entry: Mapping[str, object]
    reading: EntryReading

    def live(self, now: datetime) -> bool:
        """Whether it is published, and not expired."""
        return (self.published_at is None or self.published_at <= now) and (
            self.expires_at is None or now < self.expires_at
        )


def candidate(entry: Mapping[str, object], zone: ZoneInfo) -> Candidate:
    """Read an entry. Raises ValueError where it has no id, or tags that are no list of texts."""
    identifier = entry.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise ValueError("an entry needs an 'id', a text")
    tags = entry.get("tags")
    tags = () if tags is None else tags
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise ValueError(f"the tags of {identifier!r} are no list of texts")
    locale = entry.get("locale")
    audiences = frozenset(tag.removeprefix(AUDIENCE) for tag in tags if tag.startswith(AUDIENCE))
    return Candidate(
        identifier,
        locale if isinstance(locale, str) and locale else None,
        as_instant(entry.get("published_at"), zone),
        as_instant(entry.get("expires_at"), zone),
        audiences,
        entry,
        EntryReading(entry),
    )


def tie_order(entry: Candidate) -> tuple[float, str, str]:
    """Newest first, missing last, then the id by code point; variants of one id by their locale."""
    published = entry.published_at
    age = -published.timestamp() if published is not None else float("inf")
    return age, entry.id, entry.locale or ""


def in_tie_order(entries: Iterable[Candidate]) -> list[Candidate]:
    """Sorted, whatever the order given: what is alike even in id and locale is told apart by its content."""
    ordered = sorted(entries, key=tie_order)
    if any(tie_order(left) == tie_order(right) for left, right in pairwise(ordered)):
        ordered.sort(key=lambda entry: (*tie_order(entry), canonical(dict(entry.entry))))
    return ordered


class Pool:
    """The entries that one selector takes, in the order of ties: a set of them is a big integer, bit i the i-th.

    Immutable but for bounded caches of what was worked out; sharing between threads is safe, for a lost update of a
    cache only means the same work again.
    """

    def __init__(self, entries: Iterable[Candidate], zone: ZoneInfo) -> None:
        self.entries: Sequence[Candidate] = in_tie_order(entries)
        self._zone = zone
        self.all = (1 << len(self.entries)) - 1
        self.by_id: dict[str, int] = {}
        self.audiences: dict[str, int] = {}
        self.untagged = 0
        self.locales: set[str] = set()
        repeated = False
        instants: set[datetime] = set()
        for place, entry in enumerate(self.entries):
            bit = 1 << place
            repeated = repeated or entry.id in self.by_id
            self.by_id[entry.id] = self.by_id.get(entry.id, 0) | bit
            for name in entry.audiences:
                self.audiences[name] = self.audiences.get(name, 0) | bit
            if not entry.audiences:
                self.untagged |= bit
            if entry.locale is not None:
                self.locales.add(entry.locale.lower())
            if entry.published_at is not None:
                instants.add(entry.published_at)
            if entry.expires_at is not None:
                instants.add(entry.expires_at)
        self._instants = sorted(instants)
        self._has_variants = repeated
        self._matches: dict[int, int] = {}  # as many as there are selectors
        self._bound: dict[object, int] = {}
        self.doing: dict[Actor, Doing] = {}
        self.moving: dict[tuple[object, ...], Doing] = {}
        self.still: dict[object, tuple[Pool, datetime, datetime]] = {}  # by compiled slot
        self._places: dict[int, list[int]] = {}
        self._ages: dict[int, tuple[tuple[str, timedelta], ...]] = {}
        self._dates: dict[str, list[datetime]] = {}
        self._orders: dict[object, tuple[str, ...]] = {}
        self._variants: dict[tuple[int, tuple[str, ...]], int] = {}

    def matching(self, selector: Condition, names: tuple[str, ...], values: tuple[object, ...], now: datetime) -> int:
        """The entries that a selector takes, its refs bound to these values and {ago: ...} to this moment."""
        compared = self._ages.get(id(selector))
        if compared is None:
            compared = self._ages[id(selector)] = ages(selector)
        if not names and not compared:
            found = self._matches.get(id(selector))
            if found is None:
                found = self._matches[id(selector)] = self._taken_by(selector)
            return found
        key = (id(selector), repr(values) if names else "", self._moment(compared, now) if compared else ())
        found = self._bound.get(key)
        if found is None:
            found = self._taken_by(bind(selector, dict(zip(names, values, strict=True)), now))
            keep(self._bound, key, found, _MOST_BOUND)
        return found

    def _taken_by(self, bound: Condition) -> int:
        holds = compile_bound(bound, self._zone)
        return sum(1 << place for place, entry in enumerate(self.entries) if holds(entry.reading))

    def places(self, entries: int) -> list[int]:
        """A set of entries as places, in the order of ties; the same sets come again and again."""
        found = self._places.get(entries)
        if found is None:
            found = members_of(entries)
            keep(self._places, entries, found, _MOST_BOUND)
        return found

    def _moment(self, compared: Sequence[tuple[str, timedelta]], now: datetime) -> tuple[int, ...]:
        """Where the clock stands among the entries' dates: equal, and every {ago: ...} takes the same entries."""
        found: list[int] = []
        for name, duration in compared:
            instants = self._instants_of(name)
            found += (bisect_left(instants, now - duration), bisect_right(instants, now - duration))
        return tuple(found)

    def _instants_of(self, name: str) -> list[datetime]:
        """The instants that the entries have in a field, sorted."""
        found = self._dates.get(name)
        if found is None:
            read = (as_instant(entry.reading[name], self._zone) for entry in self.entries)
            found = self._dates[name] = sorted(instant for instant in read if instant is not None)
        return found

    def next_age(self, compared: Sequence[tuple[str, timedelta]], now: datetime) -> datetime | None:
        """The first instant after `now` at which what some {ago: ...} takes can change."""
        found = []
        for name, duration in compared:
            instants = self._instants_of(name)
            place = bisect_right(instants, now - duration)
            if place < len(instants) and instants[place].year <= LAST_YEAR:
                found.append(instants[place] + duration)
        return min(found, default=None)

    def _era(self, now: datetime) -> int:
        """Between which two instants that entries come or go at a moment lies; nothing comes or goes within."""
        return bisect_right(self._instants, now)

    def next_publication(self, now: datetime) -> datetime | None:
        """The first instant after `now` at which an entry comes or goes."""
        place = self._era(now)
        return self._instants[place] if place < len(self._instants) else None

    def variants(self, now: datetime, tag: object, chain: Sequence[str], visible: int) -> int:
        """The live entries among those `visible`, of each id the variant that the visitor prefers."""
        era = self._era(now)
        order = self._order(tag, chain) if self.locales else ()
        if visible != self.all:
            return self._choose(now, order, visible)
        found = self._variants.get((era, order))
        if found is None:
            found = self._choose(now, order, self.all)
            keep(self._variants, (era, order), found, _MOST_BOUND)
        return found

    def _order(self, tag: object, chain: Sequence[str]) -> tuple[str, ...]:
        """The visitor's languages, as far as there are entries in them."""
        found = self._orders.get(tag) if isinstance(tag, str | None) else None
        if found is None:
            found = tuple(name for name in preference(tag, chain) if name in self.locales)
            keep(self._orders, tag, found, _MOST_BOUND)
        return found

    def _choose(self, now: datetime, order: tuple[str, ...], visible: int) -> int:
        live = 0
        for place, entry in enumerate(self.entries):
            if visible >> place & 1 and entry.live(now):
                live |= 1 << place
        if not self.locales and not self._has_variants:
            return live
        found = 0
        for mask in self.by_id.values():
            best: tuple[int, int] | None = None
            for place in iterate(mask & live):
                locale = self.entries[place].locale
                rank = len(order) if locale is None else _rank(locale.lower(), order)
                if rank is not None and (best is None or rank < best[0]):
                    best = (rank, place)
            if best is not None:
                found |= 1 << best[1]
        return found

    def for_held(self, held: frozenset[str]) -> int:
        """The entries whose audience tags include a segment of the visitor, or that have none."""
        found = self.untagged
        for name, mask in self.audiences.items():
            if name in held:
                found |= mask
        return found


def _rank(locale: str, order: tuple[str, ...]) -> int | None:
    return order.index(locale) if locale in order else None
