"""Previews, wired: links, and the drafts that they show."""

from __future__ import annotations

import time
from contextlib import ExitStack

from adapters.runtime import Runtime
from plugin.service.delivery.personalize import Personalization
from plugin.service.delivery.sites import Sites
from plugin.service.delivery.writer import AnswerWriter
from plugin.service.previews.drafts import Drafts
from plugin.service.previews.preview import Previews
from plugin.service.previews.tokens import PreviewTokens
from plugin.settings import Settings
from plugin.wiring.sources import open_source
from plugin.wiring.system import now


def open_previews(
    settings: Settings,
    sites: Sites,
    personalization: Personalization,
    writer: AnswerWriter,
    signing_key: str,
    closing: ExitStack,
) -> Previews:
    """What preview links show; `closing` closes the connections that drafts are asked for on."""
    drafts = Drafts(
        list(settings.sources),
        lambda name: open_source(settings.sources[name], Runtime.system()),
        monotonic=time.monotonic,
    )
    closing.callback(drafts.close)
    return Previews(
        tokens=PreviewTokens(signing_key),
        drafts=drafts,
        sites=sites,
        personalization=personalization,
        writer=writer,
        public_url=settings.public_url,
        clock=now,
        monotonic=time.monotonic,
    )
