"""The demo storefront, wired."""

from __future__ import annotations

from flask import Blueprint

from plugin.demo.keyed import ByEdge
from plugin.demo.recording import live_of
from plugin.demo.views import storefront
from plugin.render.blocks import BlockRenderer
from plugin.service.audit import DELIVERY_KEY
from plugin.service.delivery.audience import Audiences
from plugin.service.delivery.personalize import Personalization
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.previews.preview import Previews
from plugin.service.privacy.erase import Erasing
from plugin.settings import Settings
from plugin.store import Store
from plugin.web.shared import Sharing
from plugin.wiring.deciding import VISITOR_COOKIE
from plugin.wiring.system import now
from plugin.wiring.visiting import Visiting, now_ms


def demo_pages(
    settings: Settings,
    kept: Visiting,
    store: Store,
    *,
    personalization: Personalization,
    renderer: BlockRenderer,
    previews: Previews,
    tokens: DecisionTokens,
    erasing: Erasing,
    audiences: Audiences,
    sharing: Sharing,
) -> Blueprint:
    """Its pages, and what they ask for. Raises FileNotFoundError: the installation is incomplete."""
    live = live_of(
        settings,
        store,
        cookie=VISITOR_COOKIE,
        identify=kept.identify,
        token=tokens.make,
        now_ms=now_ms,
        forget=lambda visitor: erasing.erase(visitor, actor=DELIVERY_KEY).id,
    )
    return storefront(
        personalization, renderer, clock=now, previewed=previews.see, live=live, by_edge=ByEdge(audiences, sharing)
    )
