"""How the purges of caches stand, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from plugin.errors import TesseraError
from plugin.service.delivery.purge import Standing


class PurgesCollector(Collector):
    """How they stand, looked up in the database whenever somebody asks; nothing where it does not answer."""

    def __init__(self, look: Callable[[], Standing]) -> None:
        self._look = look

    def describe(self) -> Iterator[Metric]:
        """The families, without asking the database."""
        yield from self._families(None)

    def collect(self) -> Iterator[Metric]:
        """The families with their samples."""
        try:
            found = self._look()
        except TesseraError:
            found = None  # as in `SourcesCollector`
        yield from self._families(found)

    def _families(self, found: Standing | None) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("tessera_purges_waiting", "Changes that caches were not yet told of.")
        seconds = GaugeMetricFamily("tessera_purges_waiting_seconds", "Age of the oldest of them.")
        failing = GaugeMetricFamily("tessera_purges_failing", "Purges whose last try some cache did not take.")
        if found is not None:
            waiting.add_metric([], found.waiting)
            seconds.add_metric([], found.oldest.total_seconds())
            failing.add_metric([], found.failing)
        yield from (waiting, seconds, failing)
