"""How often decisions had to do without something, for Prometheus: slots, models, and attributes of a wrong type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

Family = CounterMetricFamily | GaugeMetricFamily
Labels = TypeVar("Labels", bound=tuple[str, ...])


class CountsCollector(Collector, Generic[Labels]):
    """Asked whenever somebody scrapes; the counts are by the labels of a family."""

    def __init__(self, family: Callable[[], Family], look: Callable[[], Mapping[Labels, int]]) -> None:
        self._family = family
        self._look = look

    def describe(self) -> Iterator[Metric]:
        """The family, without asking."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """The family with its samples."""
        family = self._family()
        for labels, count in sorted(self._look().items()):
            family.add_metric(labels, count)
        yield family


def degraded_slots() -> CounterMetricFamily:
    """By slot and rung."""
    about = "Slots that were decided without what should have decided them."
    return CounterMetricFamily("tessera_degraded_slots", about, labels=["slot", "rung"])


def model_failures() -> GaugeMetricFamily:
    """By model. A counter of Prometheus would have another name: this one has had its own since before its label."""
    return GaugeMetricFamily("tessera_model_failures", "Times that a model gave no scores.", labels=["model"])


def mistyped_attributes() -> CounterMetricFamily:
    """By attribute."""
    about = "Requests in which an attribute that the rules read had a value of a wrong type."
    return CounterMetricFamily("tessera_mistyped_attributes", about, labels=["attribute"])
