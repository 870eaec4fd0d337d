"""How the purges of caches stand, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from plugin.errors import TesseraError
from plugin.service.delivery.purge import Standing


class PurgesCollector(Collector):
    """How they stand, looked up in the database whenever somebody asks; nothing where it does not answer."""

    def __init__(self, look: Callable[[], Mapping[str, Standing]]) -> None:
        """``look``: by the name of the cache."""
        self._look = look

    def describe(self) -> Iterator[Metric]:
        """The families, without asking the database."""
        yield from self._families({})

    def collect(self) -> Iterator[Metric]:
        """The families with their samples."""
        try:
            found = self._look()
        except TesseraError:
            found = {}  # as in `SourcesCollector`
        yield from self._families(found)

    def _families(self, found: Mapping[str, Standing]) -> Iterator[Metric]:
        labels = ["cache"]
        waiting = GaugeMetricFamily(
            "tessera_purges_waiting", "Changes that a cache was not yet told of.", labels=labels
        )
        seconds = GaugeMetricFamily("tessera_purges_waiting_seconds", "Age of the oldest of them.", labels=labels)
        failing = GaugeMetricFamily("tessera_purges_failing", "Purges whose last try it did not take.", labels=labels)
        for cache, one in found.items():
            waiting.add_metric([cache], one.waiting)
            seconds.add_metric([cache], one.oldest.total_seconds())
            failing.add_metric([cache], one.failing)
        yield from (waiting, seconds, failing)
