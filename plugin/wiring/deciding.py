"""What decisions are made with, wired: models, places, and how requests are read."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from urllib.parse import urlsplit

from adapters import registry
from adapters.geo.maxmind import MaxmindGeo
from adapters.geo.null import NullGeo
from adapters.geo.port import Geo
from adapters.models.port import ModelAdapter
from adapters.runtime import Runtime
from plugin.flow.context import ContextPolicy
from plugin.service.delivery.models import Scoring
from plugin.service.delivery.settling import Settling
from plugin.settings import Settings

VISITOR_COOKIE = "tessera_visitor"


def open_models(settings: Settings) -> dict[str, ModelAdapter]:
    """The configured models by name. Raises ModelOptionsError, RegistryError."""
    runtime = Runtime.system()
    return {
        name: registry.model(plugged.adapter)({"name": name, **plugged.options}, runtime)
        for name, plugged in settings.models.items()
    }


def open_settling(
    settings: Settings, models: Mapping[str, ModelAdapter], new_id: Callable[[], str], closing: ExitStack
) -> Settling:
    """What asks the models and settles; `closing` closes them."""
    for model in models.values():
        closing.callback(model.close)
    scoring = Scoring(
        models,
        timeout_s=settings.score_timeout.total_seconds(),
        max_age_s=settings.score_max_age_s,
        monotonic=time.monotonic,
    )
    return Settling(scoring, new_id=new_id, monotonic=time.monotonic)


def open_geo(settings: Settings, closing: ExitStack) -> Geo:
    """Places of addresses, by the database that is configured; `closing` closes it."""
    geo = MaxmindGeo(settings.geo_database) if settings.geo_database is not None else NullGeo()
    closing.callback(geo.close)
    return geo


def context_policy(settings: Settings) -> ContextPolicy:
    """How requests are read; the types and wants of the published rules are added with each publication."""
    host = urlsplit(settings.public_url).hostname
    return ContextPolicy(
        trusted_proxies=tuple(str(network) for network in settings.trusted_proxies),
        cdns=settings.cdns,
        forwarded=settings.forwarded,
        allowed_cookies=frozenset(settings.allowed_cookies),
        allowed_headers=frozenset(settings.allowed_headers),
        own_hosts=frozenset([host] if host else []),
        visitor_cookie=VISITOR_COOKIE,
    )
