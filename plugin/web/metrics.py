"""What of HTTP is counted: requests and their time, by route and status, never by path or visitor."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import accumulate
from threading import Lock

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_ENDS = (*_BUCKETS_S, math.inf)
UNMATCHED = "unmatched"


def _written(end: float) -> str:
    return "+Inf" if end == math.inf else str(end)


class _Times:
    """How long answers of one route took: how many in each bucket, and seconds in all."""

    __slots__ = ("buckets", "seconds")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_BUCKETS_S) + 1)
        self.seconds = 0.0


class HttpMetrics(Collector):
    """The counters of this process. Counting is part of every answer, so it is a dictionary and a lock, no more."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._lock = Lock()
        self._answers: dict[tuple[str, str, int], int] = {}
        self._times: dict[tuple[str, str], _Times] = {}
        registry.register(self)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. ``route`` is the template of the path, such as ``/v1/rules/<id:id>``."""
        known = method if method in _METHODS else "other"
        with self._lock:
            times = self._times.get((known, route))
            if times is None:
                times = self._times[known, route] = _Times()
            times.buckets[bisect_left(_BUCKETS_S, seconds)] += 1
            times.seconds += seconds
            key = (known, route, status)
            self._answers[key] = self._answers.get(key, 0) + 1

    def collect(self) -> Iterable[Metric]:
        """For the registry."""
        requests = CounterMetricFamily(
            "tessera_http_requests", "Answers by method, route and status.", labels=("method", "route", "status")
        )
        took = HistogramMetricFamily(
            "tessera_http_request_seconds", "Time to an answer, in seconds.", labels=("method", "route")
        )
        with self._lock:
            for (method, route, status), count in self._answers.items():
                requests.add_metric((method, route, str(status)), count)
            for labels, times in self._times.items():
                reached = accumulate(times.buckets)
                buckets = [(_written(end), count) for end, count in zip(_ENDS, reached, strict=True)]
                took.add_metric(labels, buckets, times.seconds)
        return requests, took

    def exposition(self) -> Response:
        """Everything in the registry, in the text format of Prometheus."""
        return Response(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)

    def watch(self, app: Flask, monotonic: Callable[[], float]) -> None:
        """Count every request of an app."""

        def begin() -> None:
            g.began = monotonic()

        def end(response: Response) -> Response:
            route = UNMATCHED if request.url_rule is None else request.url_rule.rule
            self.observe(request.method, route, response.status_code, monotonic() - g.get("began", monotonic()))
            return response

        app.before_request(begin)
        app.after_request(end)
