"""What of HTTP is counted: requests and their time, by route and status, never by path or visitor."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
UNMATCHED = "unmatched"


class HttpMetrics:
    """The counters of this process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "tessera_http_requests",
            "Answers by method, route and status.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "tessera_http_request_seconds",
            "Time to an answer, in seconds.",
            ("method", "route"),
            buckets=_BUCKETS_S,
            registry=registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. ``route`` is the template of the path, such as ``/v1/rules/<id:id>``."""
        known = method if method in _METHODS else "other"
        key = (known, route, status)
        counted = self._counted.get(key)
        if counted is None:
            requests = self._requests.labels(known, route, str(status))
            counted = self._counted[key] = (requests, self._seconds.labels(known, route))
        counted[0].inc()
        counted[1].observe(seconds)

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
