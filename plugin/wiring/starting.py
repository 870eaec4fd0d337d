"""What runs beside requests in every process that serves, started."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

from prometheus_client import CollectorRegistry

from plugin.service.delivery.regrouping import Regrouping
from plugin.service.delivery.serving import Reporting
from plugin.service.delivery.sites import Sites
from plugin.settings import Settings
from plugin.store import Store
from plugin.wiring.applying import start_applying
from plugin.wiring.measuring import count_events, measure_lag, measure_patterns
from plugin.wiring.privacy_services import start_keeping
from plugin.wiring.system import now
from plugin.wiring.visiting import Visiting


def tell_what_is_served(store: Store, sites: Sites, closing: ExitStack, new_id: Callable[[], str]) -> None:
    """Say after each look what this process serves, and what of it caches must be told."""
    reporting = Reporting(
        store.serving,
        process=f"{socket.gethostname()}/{os.getpid()}/{new_id()}",
        clock=now,
        monotonic=time.monotonic,
    )
    sites.on_look += [reporting.tell, Regrouping(store.purges, clock=now).look]
    closing.callback(reporting.leave)


def start_work(
    settings: Settings,
    kept: Visiting,
    store: Store,
    sites: Sites,
    metrics: CollectorRegistry,
    closing: ExitStack,
    at: Callable[[str], None],
) -> None:
    """Follow what is published, and do what is no work of requests where no `tessera worker` does it."""
    sites.refresh()
    sites.start()
    if settings.apply_events:
        applying = start_applying(
            settings, kept, store, lambda: sites.site, count_events(metrics), closing, at, late=measure_lag(metrics)
        )
        measure_patterns(metrics, applying.evaluations)
        start_keeping(settings, kept, store, closing, at)
