"""How events stand, for Prometheus: what waits to be applied, and what could not be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from plugin.service.waiting import Waiting


class EventsCollector(Collector):
    """Asked whenever somebody scrapes; what does not answer gives no sample."""

    def __init__(self, look: Callable[[], Waiting]) -> None:
        self._look = look

    def describe(self) -> Iterator[Metric]:
        """The families, without asking."""
        yield from _families(Waiting())

    def collect(self) -> Iterator[Metric]:
        """The families with their samples."""
        yield from _families(self._look())


def _families(found: Waiting) -> Iterator[Metric]:
    for name, about, value in (
        ("tessera_events_waiting", "Accepted events that are not applied yet.", found.count),
        ("tessera_events_waiting_seconds", "Age of the oldest of them.", found.oldest_s),
        ("tessera_events_spooled", "Records in the spool of this machine.", found.spooled),
        ("tessera_events_degraded", "1 where the stream's server cannot be reached.", found.degraded),
        ("tessera_events_dead", "Dead letters that were never sent again.", found.dead),
    ):
        family = GaugeMetricFamily(name, about)
        if value is not None:
            family.add_metric([], float(value))
        yield family
