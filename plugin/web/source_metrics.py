"""How the sources of content stand, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from plugin.errors import TesseraError
from plugin.service.health import SourceHealth


class SourcesCollector(Collector):
    """How the sources stand, looked up in the database whenever somebody asks; nothing where it does not answer."""

    def __init__(self, sources: Callable[[], Iterable[SourceHealth]]) -> None:
        self._sources = sources

    def describe(self) -> Iterator[Metric]:
        """The families, without asking the database."""
        yield from self._families([])

    def collect(self) -> Iterator[Metric]:
        """The families with their samples."""
        try:
            found = list(self._sources())
        except TesseraError:
            found = []  # that the database is down is told by /readyz; the other metrics must not go with it
        yield from self._families(found)

    def _families(self, sources: Sequence[SourceHealth]) -> Iterator[Metric]:
        for name, about, value in _OF_A_SOURCE:
            family = GaugeMetricFamily(name, about, labels=["source"])
            for source in sources:
                family.add_metric([source.name], value(source))
            yield family


_OF_A_SOURCE: tuple[tuple[str, str, Callable[[SourceHealth], float]], ...] = (
    ("tessera_content_outstanding", "Notices that are not seen to.", lambda source: source.waiting),
    (
        "tessera_content_outstanding_seconds",
        "Age of the oldest notice that is not seen to.",
        lambda source: source.oldest.total_seconds() if source.oldest else 0.0,
    ),
    (
        "tessera_content_overdue",
        "Entries that wait for the version that a notice announced.",
        lambda source: source.overdue,
    ),
    (
        "tessera_content_overdue_seconds",
        "Since the first of these versions was announced.",
        lambda source: source.overdue_for.total_seconds() if source.overdue_for else 0.0,
    ),
    ("tessera_content_failing", "Entries whose last fetch failed.", lambda source: source.failing),
    ("tessera_content_failures", "Failures of the source, in a row.", lambda source: source.failures),
    ("tessera_content_problems", "Entries that could not be taken.", lambda source: source.problems),
    ("tessera_content_held_removals", "Removals that wait to be confirmed.", lambda source: source.held_removals),
)
