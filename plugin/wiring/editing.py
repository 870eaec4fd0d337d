"""The editors' pages, wired."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint

from plugin import editor
from plugin.errors import RulesRejected
from plugin.resources import folder
from plugin.service.content.management import Contents
from plugin.service.delivery.simulate import Simulator
from plugin.service.previews.preview import Previews
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.publish import Publishing
from plugin.service.segments.services import SegmentServices
from plugin.settings import Settings
from plugin.web.wire import Web
from rules import RuleError
from rules.attributes import BUILT_IN
from rules.source import Source, parse


def editors_pages(
    settings: Settings,
    web: Web,
    *,
    publishing: Publishing,
    drafting: Drafting,
    contents: Contents,
    simulator: Simulator,
    segments: SegmentServices,
    previews: Previews,
    signing_key: str,
    clock: Callable[[], datetime],
) -> Blueprint:
    """All of them, under `/editor`."""
    return editor.blueprint(
        editor.EditorServices(
            publishing=publishing,
            drafting=drafting,
            contents=contents,
            simulate=simulator.simulate,
            authenticate=lambda key: web.keyring.authenticate(authorization=None, header=key, query=None, origin=None),
            read_yaml=_read_yaml,
            attributes=BUILT_IN,
            templates=folder("templates"),
            signing_key=signing_key,
            secure=settings.public_url.startswith("https:"),
            block_styles=("/static/ground.css", "/static/blocks.css") if settings.demo else (),
            segments=segments,
            previews=previews,
            preview_page=f"{settings.public_url}/" if settings.demo else "",
            clock=clock,
            new_nonce=lambda: secrets.token_urlsafe(24),
        )
    )


def _read_yaml(text: str) -> Source:
    """A text that an editor typed. Raises RulesRejected with the place of each problem."""
    try:
        return parse(text)
    except RuleError as error:
        raise RulesRejected(error.problems) from error
