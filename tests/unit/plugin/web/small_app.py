"""A Flask app with the web layer alone, over real services and a real store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from types import MappingProxyType

from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from adapters.cms.hooks import Hook
from plugin.service.commands import SimulateRequest
from plugin.service.content.entries import as_content
from plugin.service.content.management import Contents
from plugin.service.content.notices import Accepting
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter
from plugin.service.events.dead_letters import DeadEvents
from plugin.service.health import Readiness
from plugin.service.previews.drafts import Drafts
from plugin.service.previews.preview import Previews
from plugin.service.previews.tokens import PreviewTokens
from plugin.service.rulesets.checking import compiled
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.publish import Publishing
from plugin.service.segments.services import segment_services
from plugin.setting_kinds import DeliveryKey, ManagementKey, Plugged, Secret
from plugin.store import Store
from plugin.web.services import Rate, WebServices
from plugin.web.source_metrics import SourcesCollector
from plugin.web.wire import Web, register
from tests.unit.adapters.cms.memory import MemorySource
from tests.unit.plugin.service.keeping import keeping
from tests.unit.plugin.service.knowing import knowing
from tests.unit.plugin.service.site_support import service
from tests.unit.plugin.service.taking import HASHER, HeldStream, taking

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ALL = frozenset({"explain", "read", "write", "publish", "simulate", "visitors"})
ADMIN, READER, WRITER = "admin-key-0123456789", "reader-key-0123456789", "writer-key-0123456789"
PUBLIC, BOUND = "site-public", "site-bound"
SHOP = "https://shop.example"

DOCUMENT: Mapping[str, object] = {
    "version": 1,
    "timezone": "Europe/Paris",
    "attributes": {"profile.spend": {"type": "number", "unit": "EUR"}},
    "segments": [
        {"id": "big-spender", "when": {"profile.spend": {"gte": 500}}},
        {"id": "mobile", "when": {"device.type": "mobile"}},
    ],
    "slots": [{"id": "home.hero", "limit": 1}, {"id": "home.feed", "limit": 5}],
    "rules": [
        {
            "id": "hero-vip",
            "slot": "home.hero",
            "when": {"segment": "big-spender"},
            "then": [{"pin": {"content.tags": "vip"}}],
        }
    ],
    "tests": [
        {
            "name": "big spenders see the vip hero",
            "given": {"profile.spend": 900},
            "slot": "home.hero",
            "content": [{"id": "h1", "type": "hero", "tags": ["vip"]}],
            "expect": {"first": "h1", "rule": "hero-vip"},
        }
    ],
}


@dataclass
class SmallSettings:
    """The settings that the web layer reads."""

    delivery_keys: tuple[DeliveryKey, ...] = (
        DeliveryKey(PUBLIC, frozenset()),
        DeliveryKey(BOUND, frozenset({SHOP})),
    )
    management_keys: tuple[ManagementKey, ...] = (
        ManagementKey("ada", Secret(ADMIN), ALL),
        ManagementKey("rea", Secret(READER), frozenset({"read"})),
        ManagementKey("wri", Secret(WRITER), frozenset({"read", "write"})),
    )
    models: Mapping[str, Plugged] = field(
        default_factory=lambda: {"hero-linear": Plugged("hero-linear", "linear", MappingProxyType({"path": "w.json"}))}
    )
    max_body_bytes: int = 4_096
    public_url: str = "https://tessera.example"


@dataclass
class Clock:
    """Stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return (self.now - NOW).total_seconds()

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Small:
    """The app, and what a test may want to reach into."""

    app: Flask
    web: Web
    store: Store
    services: WebServices
    clock: Clock
    cms: MemorySource

    def client(self, key: str | None = ADMIN) -> FlaskClient:
        client = self.app.test_client()
        if key is not None:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        return client


def small_app(
    store: Store,
    *,
    settings: SmallSettings | None = None,
    management_rate: Rate | None = None,
    delivery_rate: Rate | None = None,
    ping: Callable[[], None] | None = None,
    hooks: Mapping[str, Hook] | None = None,
    webhook_rate: Rate | None = None,
) -> Small:
    settings = settings or SmallSettings()
    clock = Clock()
    publishing = Publishing(store.rulesets, store.draft, store.content, models=settings.models, clock=clock)
    names = count(1)
    site, cms = service(store), MemorySource()

    def serving() -> int | None:
        published = publishing.published()
        return published.version.number if published else None

    drafting = Drafting(store.draft, store.rulesets, store.content, clock=clock)
    services = WebServices(
        settings=settings,
        publishing=publishing,
        drafting=drafting,
        contents=Contents(store.content, clock=clock),
        readiness=Readiness(
            ping=ping or store.ping,
            rulesets=store.rulesets,
            content=store.content,
            notices=store.notices,
            purges=store.purges,
            sources=[Plugged("files", "files", {})],
            webhooks=frozenset(hooks or {}),
            serving=serving,
            clock=clock,
        ),
        accepting=Accepting(hooks or {}, store.notices, clock=clock),
        previews=Previews(
            tokens=PreviewTokens("k" * 32),
            drafts=Drafts(["memory"], lambda _name: cms, monotonic=time.monotonic),
            sites=site.sites,
            personalization=site.personalization,
            writer=AnswerWriter(DecisionTokens("k" * 32), lambda _block, _hints: None),
            public_url=settings.public_url,
            clock=clock,
            monotonic=clock.monotonic,
        ),
        ingesting=taking(HeldStream(), clock),
        visitors=knowing(store, site.sites, clock),
        # Its clock stands still: nobody would be let in again after an erasure.
        privacy=keeping(store, HeldStream(), lambda: clock() - timedelta(seconds=1)),
        dead_events=DeadEvents(
            store.dead_letters,
            HeldStream(),
            lift=lambda source, _version: source,
            note=lambda *_args, **_rest: None,
            now_ms=lambda: int(clock().timestamp() * 1000),
        ),
        segments=segment_services(
            drafting=drafting,
            rulesets=store.rulesets,
            content=store.content,
            lists=store.segment_lists,
            leases=store.leases,
            reads=store.visitors,
            audit=store.audit,
            hasher=HASHER,
            identify=HASHER.identity,
            now_ms=lambda: int(clock().timestamp() * 1000),
            new_id=lambda: f"id-{next(names)}",
        ),
        simulate=lambda request: _simulate(request, publishing, store, clock()),
        registry=CollectorRegistry(),
        clock=clock,
        monotonic=clock.monotonic,
        new_id=lambda: f"id-{next(names)}",
        management_rate=management_rate,
        delivery_rate=delivery_rate,
        webhook_rate=webhook_rate,
    )
    services.registry.register(SourcesCollector(services.readiness.sources))
    app = Flask(__name__, static_folder=None)
    web = register(app, services)
    return Small(app, web, store, services, clock, cms)


def _simulate(request: SimulateRequest, publishing: Publishing, store: Store, now: datetime) -> dict[str, object]:
    """Decides by the rules alone, as the full service does before models are asked."""
    chosen = request.draft
    ruleset = compiled(publishing.draft() if isinstance(chosen, str | int) else chosen)
    entries = request.content
    content = [as_content(entry) for entry in store.content.snapshot().entries] if entries is None else entries
    known = [slot for slot in request.slots if slot.id in ruleset.slots]
    decisions = {
        slot.id: ruleset.decide(
            slot.id,
            request.attributes,
            content,
            segments=request.segments,
            now=request.at or now,
            exposures=request.exposures,
            limit=slot.limit,
            exclude=slot.exclude,
            explain=request.explain,
        )
        for slot in known
    }
    return {
        "ruleset": None,
        "slots": {name: decision.to_dict() for name, decision in decisions.items()},
        "errors": [{"slot": slot.id, "detail": "there is no such slot"} for slot in request.slots if slot not in known],
        "degraded": [],
    }
