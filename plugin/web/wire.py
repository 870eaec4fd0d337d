"""Puts the web layer on a Flask app: what `create_app` calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, request

from plugin.web import (
    dead_letters,
    delivery,
    docs,
    event_types,
    events,
    health,
    identify,
    openapi,
    preview,
    privacy,
    problems,
    script,
    visitors,
    webhooks,
)
from plugin.web.auth import Keyring
from plugin.web.cors import Cors, is_delivery
from plugin.web.limits import Buckets
from plugin.web.manage import compiled, content, cost, draft, models, rulesets, segments, simulate
from plugin.web.metrics import HttpMetrics
from plugin.web.operations import Gate, IdConverter, Operation
from plugin.web.routes import Route
from plugin.web.services import WebServices

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": "frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class Web:
    """The parts that other routes share. ``buckets`` are those of delivery keys."""

    keyring: Keyring
    cors: Cors
    buckets: Buckets
    metrics: HttpMetrics
    operations: tuple[Operation, ...]
    openapi: Callable[[], Mapping[str, Any]]


def register(app: Flask, services: WebServices) -> Web:
    """Add error handlers, headers, metrics, and every route but `/v1/personalize`.

    Headers are only defaults: a page that sends a policy of its own keeps it.
    """
    settings = services.settings
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes + 1  # see `plugin.web.body.read_body`
    app.url_rule_class = Route
    app.url_map.converters["id"] = IdConverter
    app.url_map.merge_slashes = False  # an id may hold two slashes; a redirect would change it
    problems.register(app, max_body_bytes=settings.max_body_bytes, new_id=services.new_id)
    metrics = HttpMetrics(services.registry)
    metrics.watch(app, services.monotonic)
    keyring, cors = Keyring(settings), Cors(settings)
    _add_headers(app, cors)

    management = Buckets(services.management_rate, services.monotonic)
    delivering = Buckets(services.delivery_rate, services.monotonic)
    gate = Gate(keyring, management, delivering, max_body_bytes=settings.max_body_bytes)
    known = services.visitors
    operations = (
        *delivery.operations(),
        *draft.operations(services.drafting),
        *segments.operations(services.segments),
        *rulesets.operations(services.publishing, keyring),
        *compiled.operations(services.publishing),
        *cost.operations(services.publishing),
        *content.operations(services.contents),
        *models.operations(settings.models),
        *simulate.operations(services.simulate, known.profiles, keyring),
        *preview.operations(services.previews, Buckets(services.preview_rate, services.monotonic)),
        *webhooks.operations(
            services.accepting,
            Buckets(services.webhook_rate, services.monotonic),
            webhooks.counter(services.registry),
            prefix=urlsplit(settings.public_url).path,
        ),
        *health.operations(services.readiness),
        *events.operations(services.ingesting, limit_bytes=settings.max_body_bytes),
        *identify.operations(known.profiles, known.identifying, known.hear, limit_bytes=settings.max_body_bytes),
        *visitors.operations(known.profiles, known.identifying),
        *event_types.operations(known.event_types),
        *privacy.operations(services.privacy),
        *dead_letters.operations(services.dead_events),
    )
    for operation in operations:
        gate.serve(app, operation)
    app.add_url_rule("/metrics", "metrics", metrics.exposition)

    @lru_cache(maxsize=1)
    def document() -> Mapping[str, Any]:
        return openapi.document(operations, version=program_version(), server=urlsplit(settings.public_url).path or "/")

    app.register_blueprint(docs.blueprint(document))
    app.register_blueprint(script.blueprint())
    return Web(
        keyring=keyring,
        cors=cors,
        buckets=delivering,
        metrics=metrics,
        operations=operations,
        openapi=document,
    )


def _add_headers(app: Flask, cors: Cors) -> None:
    def preflight() -> Response | None:
        wanted = request.headers.get("Access-Control-Request-Method")
        if request.method != "OPTIONS" or wanted is None or not is_delivery(request.path):
            return None
        allowed = cors.preflight(request.headers.get("Origin"), wanted)
        return Response(status=204, headers=dict(allowed or {"Vary": "Origin"}))

    def headers(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if is_delivery(request.path):
            for name, value in cors.answer(request.headers.get("Origin")).items():
                response.headers.setdefault(name, value)
        return response

    app.before_request(preflight)
    app.after_request(headers)


def program_version() -> str:
    """The version of the program."""
    try:
        return version("tessera-personalization")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
