"""What this process measures of itself, for Prometheus, wired."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from adapters.streams.port import Backlog
from plugin.errors import SettingsError
from plugin.service.content.lag import Lags
from plugin.service.delivery.purge import standing
from plugin.service.delivery.settling import Settling
from plugin.service.delivery.sites import Sites
from plugin.service.events.waiting import Evaluations, Waiting, waiting
from plugin.service.health import Readiness
from plugin.store import Store
from plugin.web.degraded_metrics import CountsCollector, degraded_slots, mistyped_attributes, model_failures
from plugin.web.event_metrics import ApplyLag, EvaluationsCollector, EventsCollector
from plugin.web.purge_metrics import PurgesCollector
from plugin.web.source_metrics import SourcesCollector


def count_failures(metrics: CollectorRegistry) -> Callable[[str], None]:
    """What counts block templates that failed, by the type of their block."""
    counter = Counter("tessera_template_failures", "Block templates that failed", ["type"], registry=metrics)
    return lambda kind: counter.labels(kind).inc()


def count_events(metrics: CollectorRegistry) -> Callable[[str, int], None]:
    """What counts events by their outcome."""
    counter = Counter(
        "tessera_events", "Events by what became of them when they were applied", ["outcome"], registry=metrics
    )
    return lambda outcome, number: counter.labels(outcome).inc(number)


def count_received(metrics: CollectorRegistry) -> Callable[[str, int], None]:
    """What counts events by what became of them when they came."""
    counter = Counter(
        "tessera_events_received", "Events by what became of them when they came", ["outcome"], registry=metrics
    )
    return lambda outcome, number: counter.labels(outcome).inc(number)


def measure_lag(metrics: CollectorRegistry) -> Callable[[Sequence[float]], None]:
    """What measures how late events are applied."""
    lag = ApplyLag()
    metrics.register(lag)
    return lag.observe


def measure_patterns(metrics: CollectorRegistry, look: Callable[[], Evaluations]) -> None:
    """Show how patterns are evaluated."""
    metrics.register(EvaluationsCollector(look))


def measure_waiting(metrics: CollectorRegistry, backlog: Callable[[], Backlog], dead: Callable[[], int]) -> None:
    """Show what waits to be applied."""
    metrics.register(EventsCollector(partial(waiting, backlog, dead)))


def serve(metrics: CollectorRegistry, address: tuple[str, int], closing: ExitStack) -> None:
    """Answer Prometheus at a host and port until `closing` ends it. Raises SettingsError where that is taken."""
    host, port = address
    try:
        server, thread = start_http_server(port, host, metrics)
    except OSError as fault:
        raise SettingsError([f"--metrics: {host}:{port} cannot be listened on: {fault.strerror}"]) from fault
    closing.callback(thread.join)
    closing.callback(server.server_close)
    closing.callback(server.shutdown)


def measure(
    metrics: CollectorRegistry,
    sites: Sites,
    settling: Settling,
    mistyped: Callable[[], Mapping[str, int]],
    store: Store,
    readiness: Readiness,
    events: Callable[[], Waiting],
    clock: Callable[[], datetime],
    caches: Collection[str],
) -> None:
    """Show how content, rules, models and events stand."""
    metrics.register(EventsCollector(events))
    lag = Histogram(
        "tessera_content_lag_seconds",
        "From a publish in the CMS, or its notice, to when this process serves it.",
        ("source", "since"),
        buckets=(0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 45.0, 300.0),
        registry=metrics,
    )
    lags = Lags(store.purges, clock=clock, observe=lambda source, since, s: lag.labels(source, since).observe(s))
    sites.on_change.append(lambda site: lags.served(site.revision))
    metrics.register(SourcesCollector(readiness.sources))
    metrics.register(PurgesCollector(lambda: standing(store.purges, caches, clock())))
    version = Gauge("tessera_ruleset_version", "Version of the rules that this process decides with", registry=metrics)
    version.set_function(lambda: sites.site.version if sites.site is not None else 0)
    entries = Gauge("tessera_content_entries", "Variants of entries that this process serves", registry=metrics)
    entries.set_function(lambda: len(sites.site.content.candidates) if sites.site is not None else 0)
    metrics.register(CountsCollector(model_failures, lambda: _labelled(settling.scoring.failures)))
    metrics.register(CountsCollector(degraded_slots, lambda: settling.counts))
    metrics.register(CountsCollector(mistyped_attributes, lambda: _labelled(mistyped())))


def _labelled(counts: Mapping[str, int]) -> Mapping[tuple[str], int]:
    return {(name,): count for name, count in counts.items()}
