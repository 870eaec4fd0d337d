"""A site in a store, and the services that decide over it, with a clock and models that tests turn by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from adapters.device.null import NullDevices
from adapters.geo.null import NullGeo
from adapters.models.port import FeatureRow, ModelAdapter, ModelSpec
from plugin.flow.context import ContextPolicy, RawRequest
from plugin.flow.types import Profile, Site, SlotAsk
from plugin.ports import Changes, StoredEntry
from plugin.profiles.judging import Judged, Rejected
from plugin.service.delivery.models import Scoring
from plugin.service.delivery.personalize import Personalization, Personalize
from plugin.service.delivery.settling import Settling
from plugin.service.delivery.sites import Sites
from plugin.service.events.ingest import Taken
from plugin.store import Store

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
Answerer = Callable[[Sequence[FeatureRow]], Sequence[float]]


def entry(
    id_: str, *, source: str = "files", locale: str | None = None, type_: str = "card", **rest: Any
) -> StoredEntry:
    """A stored entry; `tags` and `published_at` are its own, all else are fields."""
    tags, published_at = tuple(rest.pop("tags", ())), rest.pop("published_at", None)
    return StoredEntry(source, id_, locale, type_, tags, rest, published_at, None, ())


def put(store: Store, *entries: StoredEntry, gone: Sequence[str] = ()) -> None:
    """Bring entries in, and take others out."""
    deleted = tuple((name, None) for name in gone)
    store.content.apply("files", Changes(entries=entries, deleted=deleted), now=NOW)


def publish(store: Store, document: Mapping[str, Any]) -> int:
    """Save and publish, unchecked as a damaged database would have it; gives the number."""
    number = store.rulesets.save(document, author="ada", now=NOW).number
    store.rulesets.publish(number, author="ada", now=NOW)
    return number


def a_site(**parts: Any) -> dict[str, Any]:
    """A document with one slot, `feed`, and whatever is given."""
    return {"version": 1, "slots": [{"id": "feed", "limit": 5}], **parts}


@dataclass
class Clock:
    """Stands still until it is moved; as a wall clock and as a monotonic one."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return (self.now - NOW).total_seconds()

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class ByHand:
    """A model that answers as it is told, and keeps what it was asked."""

    answer: Answerer = lambda rows: [0.5] * len(rows)
    name: str = "m"
    features: tuple[str, ...] = ()
    asked: list[Sequence[FeatureRow]] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec(self.name, self.features, "probability", frozenset({"audience", "visitor"}))

    def score(self, rows: Sequence[FeatureRow], *, timeout_s: float) -> Sequence[float]:
        self.asked.append(rows)
        self.timeouts.append(timeout_s)
        return self.answer(rows)

    def ping(self) -> None:
        """Always well."""

    def close(self) -> None:
        """Holds nothing."""


class Kept:
    """Profiles as a test puts them."""

    def __init__(self) -> None:
        self.profiles: dict[str, Profile] = {}

    def find(self, visitor: str, _site: Site, **_asked: object) -> Profile:
        return self.profiles.get(visitor, Profile())

    def units(self, visitor: str) -> Mapping[str, object]:
        found = self.profiles.get(visitor, Profile()).attributes
        return {name: value for name, value in found.items() if name.startswith("@")}


class NoEvents:
    """Takes no events: none is right."""

    def judge(self, _raw: object, _context: object, items: Sequence[object], **_how: object) -> Judged:
        return Judged([], [], [Rejected(place, f"/events/{place}", "not now") for place, _ in enumerate(items)], [])

    def keep(self, judged: Judged) -> Taken:
        return Taken(0, 0, 0, tuple(judged.rejected))


@dataclass
class Service:
    """The personalization service over a store."""

    personalization: Personalization
    sites: Sites
    scoring: Scoring
    kept: dict[str, Profile]
    clock: Clock


def service(store: Store, models: Mapping[str, ModelAdapter] | None = None, **policy: Any) -> Service:
    """Wire it; the store's published state is read when first asked for."""
    clock, kept, numbers = Clock(), Kept(), count(1)
    sites = Sites(store.rulesets, store.content, poll_s=0.05)
    scoring = Scoring(models or {}, timeout_s=0.08, monotonic=clock.monotonic)
    settling = Settling(scoring, new_id=lambda: f"id-{next(numbers)}", monotonic=clock.monotonic)
    return Service(
        Personalization(
            sites=sites,
            settling=settling,
            profiles=kept,
            ingests=NoEvents(),
            devices=NullDevices(),
            geo=NullGeo(),
            policy=ContextPolicy(visitor_cookie="visitor", **policy),
            clock=clock,
            new_id=lambda: f"id-{next(numbers)}",
            deny_unknown=False,
        ),
        sites,
        scoring,
        kept.profiles,
        clock,
    )


def ask(*slots: str | SlotAsk, headers: Mapping[str, str] | None = None, **rest: Any) -> Personalize:
    """A request; `query`, `body`, `cookies` and `visitor` go into the raw one."""
    raw = {name: rest.pop(name) for name in ("query", "body", "cookies", "visitor") if name in rest}
    asks = tuple(SlotAsk(one) if isinstance(one, str) else one for one in slots or ("feed",))
    return Personalize(raw=RawRequest.of(headers or {}, **raw), asks=asks, **rest)
