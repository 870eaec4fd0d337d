"""How often slots came down the ladder, and models gave no scores, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class DegradedCollector(Collector):
    """Asked whenever somebody scrapes; the counts are by slot and rung."""

    def __init__(self, look: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        self._look = look

    def describe(self) -> Iterator[Metric]:
        """The family, without asking."""
        yield _family()

    def collect(self) -> Iterator[Metric]:
        """The family with its samples."""
        family = _family()
        for (slot, rung), count in sorted(self._look().items()):
            family.add_metric([slot, rung], count)
        yield family


def _family() -> CounterMetricFamily:
    about = "Slots that were decided without what should have decided them."
    return CounterMetricFamily("tessera_degraded_slots", about, labels=["slot", "rung"])


class ModelsCollector(Collector):
    """Asked whenever somebody scrapes; the counts are by model."""

    def __init__(self, look: Callable[[], Mapping[str, int]]) -> None:
        self._look = look

    def describe(self) -> Iterator[Metric]:
        """The family, without asking."""
        yield _of_models()

    def collect(self) -> Iterator[Metric]:
        """The family with its samples."""
        family = _of_models()
        for model, count in sorted(self._look().items()):
            family.add_metric([model], count)
        yield family


def _of_models() -> GaugeMetricFamily:
    # A counter of Prometheus would have another name: this one has had its own since before it had a label.
    return GaugeMetricFamily("tessera_model_failures", "Times that a model gave no scores.", labels=["model"])
