"""What stands in front of Flask, wired: the routes that are asked more than all others together."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from flask import Flask
from werkzeug.http import parse_cookie

from plugin.editor.guard import COOKIE
from plugin.editor.sessions import Sessions
from plugin.graphql.registered import read_registered
from plugin.graphql.wire import graphql_route
from plugin.service.delivery.audience import Audiences
from plugin.service.delivery.personalize import Personalization
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter, RenderBlock
from plugin.settings import Settings
from plugin.web.audience import AudienceRoute
from plugin.web.fragment import FragmentRoute
from plugin.web.personalize import HotRoute
from plugin.web.schemas.personalize import PersonalizeRequest
from plugin.web.shared import Sharing
from plugin.web.wire import SECURITY_HEADERS, Web


def in_front_of(
    app: Flask,
    web: Web,
    *,
    settings: Settings,
    personalization: Personalization,
    audiences: Audiences,
    writer: AnswerWriter,
    sharing: Sharing,
    tokens: DecisionTokens,
    render_block: RenderBlock,
    signing_key: str,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
) -> None:
    """Put GraphQL, `/v1/personalize`, its fragments and what edges ask before an application."""
    headers = tuple(SECURITY_HEADERS.items())
    keys = AudienceRoute(
        behind=app.wsgi_app,
        audiences=audiences,
        keyring=web.keyring,
        cors=web.cors,
        buckets=web.buckets,
        metrics=web.metrics,
        headers=headers,
        secure=settings.public_url.startswith("https:"),
        monotonic=time.monotonic,
        new_id=new_id,
    )
    hot = HotRoute(
        behind=keys,
        personalization=personalization,
        audiences=audiences,
        writer=writer,
        sharing=sharing,
        keyring=web.keyring,
        cors=web.cors,
        buckets=web.buckets,
        metrics=web.metrics,
        headers=headers,
        monotonic=time.monotonic,
        new_id=new_id,
        max_body_bytes=settings.max_body_bytes,
        explain_refusal=explain_refusal,
    )
    app.wsgi_app = graphql_route(  # type: ignore[method-assign]
        FragmentRoute(hot),
        web,
        personalization=personalization,
        audiences=audiences,
        writer=writer,
        sharing=sharing,
        tokens=tokens,
        render_block=render_block,
        explain_refusal=explain_refusal,
        sees_page=_sees_page(settings, signing_key, clock),
        registered=read_registered(settings.graphql_documents) if settings.graphql_documents else {},
        only_registered=settings.graphql_only_registered,
        max_body_bytes=settings.max_body_bytes,
        monotonic=time.monotonic,
        new_id=new_id,
    )


def explain_refusal(parsed: object) -> None:
    """Raises ValidationError, which is answered with every bad field, where the body is not of the documented form."""
    PersonalizeRequest().load(parsed)  # type: ignore[arg-type]


def _sees_page(settings: Settings, signing_key: str, clock: Callable[[], datetime]) -> Callable[[str | None], bool]:
    """Who may see the page to try GraphQL on: everyone in the demo, else editors who are logged in."""
    sessions = Sessions(signing_key, clock, lambda: "")
    return lambda cookie: settings.demo or sessions.read(parse_cookie(cookie).get(COOKIE)) is not None
