"""How events stand, for Prometheus: what waits to be applied, how late it is, what could not be, and patterns."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from threading import Lock

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from plugin.service.events.waiting import Evaluations, Waiting


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


class ApplyLag(Collector):
    """How long events took from their acceptance until the next decision sees them. Told of whole batches."""

    _ENDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3_600.0, math.inf)

    def __init__(self) -> None:
        self._lock = Lock()
        self._buckets = [0] * len(self._ENDS)
        self._seconds = 0.0

    def observe(self, seconds: Sequence[float]) -> None:
        """Note some events."""
        places = [bisect_left(self._ENDS, one) for one in seconds]
        with self._lock:
            self._seconds += sum(seconds)
            for place in places:
                self._buckets[place] += 1

    def describe(self) -> Iterator[Metric]:
        """The family, without samples."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """The histogram."""
        family = self._family()
        with self._lock:
            reached, seconds = list(accumulate(self._buckets)), self._seconds
        ends = ["+Inf" if end == math.inf else str(end) for end in self._ENDS]
        family.add_metric([], list(zip(ends, reached, strict=True)), seconds)
        yield family

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(
            "tessera_events_apply_lag_seconds", "From the acceptance of an event until the next decision sees it."
        )


class EvaluationsCollector(Collector):
    """How patterns are evaluated by this process, and how their engine fares."""

    def __init__(self, look: Callable[[], Evaluations]) -> None:
        self._look = look

    def describe(self) -> Iterator[Metric]:
        """The families, without asking."""
        yield from _evaluations(Evaluations())

    def collect(self) -> Iterator[Metric]:
        """The families with their samples."""
        yield from _evaluations(self._look())


def _evaluations(found: Evaluations) -> Iterator[Metric]:
    for name, about, value in (
        ("evaluations", "Windows of visitors that were evaluated, each with all patterns.", found.windows),
        ("engine_windows", "Windows that the engine answered.", found.carried),
        ("engine_left", "Sequences and absences of single windows that were left to the reference.", found.left),
        ("engine_started", "Processes of the engine that were started.", found.started),
        ("engine_ended", "Processes of the engine that crashed, hung or were out of order.", found.ended),
        ("engine_quarantined", "Windows that ended the engine twice.", found.quarantined),
    ):
        yield CounterMetricFamily(f"tessera_pattern_{name}", about, float(value))


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
