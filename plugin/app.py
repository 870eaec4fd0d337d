"""The one place where things are wired."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask import Flask
from prometheus_client import CollectorRegistry

from adapters.device.uap import UapDevices
from adapters.runtime import Runtime
from plugin import settings as settings_
from plugin.errors import ServiceUnavailable, SettingsError
from plugin.ports import ContentStore
from plugin.render.blocks import BlockRenderer
from plugin.resources import folder
from plugin.service.content.entries import as_content
from plugin.service.content.management import Contents
from plugin.service.content.notices import Accepting, nowhere
from plugin.service.delivery.personalize import Personalization
from plugin.service.delivery.simulate import Simulator
from plugin.service.delivery.sites import Sites
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter
from plugin.service.events.waiting import waiting
from plugin.service.health import Readiness
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.publish import Publishing
from plugin.service.segments.services import segment_services
from plugin.settings import Settings
from plugin.store import Store, open_store, revision
from plugin.web.services import WebServices
from plugin.web.wire import program_version, register
from plugin.wiring import visiting
from plugin.wiring.deciding import context_policy, open_geo, open_models, open_settling
from plugin.wiring.edging import audiences
from plugin.wiring.editing import editors_pages
from plugin.wiring.fronting import in_front_of
from plugin.wiring.measuring import count_failures, count_received, measure
from plugin.wiring.previewing import open_previews
from plugin.wiring.privacy_services import privacy_services
from plugin.wiring.sharing import open_sharing
from plugin.wiring.starting import start_work, tell_what_is_served
from plugin.wiring.system import new_ids, now, signing_key_of
from plugin.wiring.visitor_services import visitor_services
from plugin.wiring.webhooks import open_hooks


@dataclass(frozen=True, slots=True)
class Wired:
    """What was wired, for those who embed the application: `app.extensions["tessera"]`."""

    settings: Settings
    sites: Sites
    personalization: Personalization
    publishing: Publishing
    simulator: Simulator
    writer: AnswerWriter
    renderer: BlockRenderer
    closing: ExitStack

    def close(self) -> None:
        """End the thread, and free the connections to CMSs, models and the database; no request may follow."""
        self.closing.close()


def create_app(settings: Settings | None = None, *, at: Callable[[str], None] = nowhere) -> Flask:
    """Make the WSGI application, with everything it needs; a thread of it follows what is published.

    Args:
        settings: those of the environment and `tessera.toml` where left out.
        at: told of named points in the work; tests end the process there.
    Raises:
        SettingsError: with every problem of the configuration at once; the tables are of another version.
    """
    if settings is None:
        settings = settings_.load(os.environ, Path.cwd())
    metrics = CollectorRegistry()
    new_id = new_ids()
    closing = ExitStack()
    store = _opened(settings)
    closing.callback(store.close)
    models = open_models(settings)
    settling = open_settling(settings, models, new_id, closing)
    geo = open_geo(settings, closing)
    sites = Sites(store.rulesets, store.content, poll_s=settings.ruleset_poll.total_seconds())
    signing_key = signing_key_of(settings)
    kept = visiting.open_visiting(settings, store, signing_key, closing)
    tokens = DecisionTokens(signing_key)
    devices = UapDevices()
    policy = context_policy(settings)
    ingests = visiting.ingesting(
        kept,
        store,
        tokens=tokens.read,
        devices=devices,
        geo=geo,
        policy=policy,
        new_id=new_id,
        headless_counts=settings.demo,
        count=count_received(metrics),
        tokens_of_users=visiting.user_tokens(settings) if settings.known_ids_need_token else None,
        at=at,
    )
    renderer = BlockRenderer(folder("templates") / "blocks", count_failures(metrics))
    writer = AnswerWriter(tokens, renderer.render)
    sharing = open_sharing(
        settings,
        tokens=tokens,
        templates=folder("templates") / "blocks",
        version=program_version(),
        consent_cookie=policy.consent_cookie,
        clock=now,
    )
    profiles = visiting.visitors(kept, store, lambda: sites.site, deny_unknown=settings.deny_consent_by_default)
    personalization = Personalization(
        sites=sites,
        settling=settling,
        profiles=profiles,
        ingests=ingests,
        devices=devices,
        geo=geo,
        policy=policy,
        clock=now,
        new_id=new_id,
        deny_unknown=settings.deny_consent_by_default,
    )
    edges = audiences(settings, personalization, signing_key, policy, devices, now)
    publishing = Publishing(store.rulesets, store.draft, store.content, models=models, clock=now)
    simulator = Simulator(
        sites=sites,
        publishing=publishing,
        settling=settling,
        writer=writer,
        entries=lambda: _entries(store.content),
        clock=now,
        people=profiles,
        deny_unknown=settings.deny_consent_by_default,
    )
    drafting = Drafting(store.draft, store.rulesets, store.content, clock=now)
    contents = Contents(store.content, clock=now)
    segments = segment_services(
        drafting=drafting,
        rulesets=store.rulesets,
        content=store.content,
        lists=store.segment_lists,
        leases=store.leases,
        reads=store.visitors,
        audit=store.audit,
        hasher=kept.hasher,
        identify=kept.identify,
        now_ms=visiting.now_ms,
        new_id=new_id,
    )
    previews = open_previews(settings, sites, personalization, writer, signing_key, closing)
    accepting = Accepting(open_hooks(settings.sources, Runtime.system()), store.notices, clock=now, at=at)
    readiness = Readiness(
        ping=store.ping,
        rulesets=store.rulesets,
        content=store.content,
        notices=store.notices,
        purges=store.purges,
        sources=list(settings.sources.values()),
        webhooks=accepting.sources,
        serving=lambda: sites.site.version if sites.site is not None else None,
        clock=now,
        events=partial(waiting, kept.stream.backlog, lambda: 0),
    )
    privacy = privacy_services(settings, kept, store, lambda: sites.site, forget=profiles.forget, new_id=new_id, at=at)
    app = Flask("plugin", static_folder=None)
    app.extensions["tessera"] = Wired(
        settings, sites, personalization, publishing, simulator, writer, renderer, closing
    )
    web = register(
        app,
        WebServices(
            settings=settings,
            publishing=publishing,
            drafting=drafting,
            contents=contents,
            readiness=readiness,
            accepting=accepting,
            previews=previews,
            ingesting=ingests,
            visitors=visitor_services(settings, kept, store, sites, policy),
            segments=segments,
            privacy=privacy,
            dead_events=visiting.dead_events(kept, store),
            simulate=simulator.simulate,
            registry=metrics,
            clock=now,
            monotonic=time.monotonic,
            new_id=new_id,
        ),
    )
    in_front_of(
        app,
        web,
        settings=settings,
        personalization=personalization,
        audiences=edges,
        writer=writer,
        sharing=sharing,
        tokens=tokens,
        render_block=renderer.render,
        signing_key=signing_key,
        clock=now,
        new_id=new_id,
    )
    measure(
        metrics,
        sites,
        settling,
        lambda: personalization.mistyped,
        store,
        readiness,
        partial(waiting, kept.stream.backlog, store.dead_letters.waiting),
        now,
        settings.edges,
    )
    app.register_blueprint(
        editors_pages(
            settings,
            web,
            publishing=publishing,
            drafting=drafting,
            contents=contents,
            simulator=simulator,
            segments=segments,
            previews=previews,
            signing_key=signing_key,
            clock=now,
        )
    )
    if settings.demo:
        from plugin.wiring.demo import demo_pages  # noqa: PLC0415 - only where the demo is on

        app.register_blueprint(
            demo_pages(
                settings,
                kept,
                store,
                personalization=personalization,
                renderer=renderer,
                previews=previews,
                tokens=tokens,
                erasing=privacy.erasing,
                audiences=edges,
                sharing=sharing,
            )
        )
    tell_what_is_served(store, sites, closing, new_id)
    start_work(settings, kept, store, sites, metrics, closing, at)
    closing.callback(sites.stop)
    return app


def _opened(settings: Settings) -> Store:
    """The database. Raises SettingsError where its tables are not those of this version; if it is away, it may come."""
    store = open_store(settings.database_url.reveal())
    try:
        held = revision.current(store.engine)
    except ServiceUnavailable:
        held = revision.NEWEST
    if held != revision.NEWEST:
        store.close()
        where = f"the database is at revision {held or 'base'}, not at {revision.NEWEST}"
        raise SettingsError([f"database_url: {where}: run 'tessera db upgrade'"])
    return store


def _entries(content: ContentStore) -> list[dict[str, object]]:
    return [as_content(entry) for entry in content.snapshot().entries]
