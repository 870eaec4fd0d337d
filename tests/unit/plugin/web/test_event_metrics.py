"""Metrics of events and patterns as Prometheus reads them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from plugin.service.events.waiting import Evaluations
from plugin.web.event_metrics import ApplyLag, EvaluationsCollector


def test_lags_are_a_histogram() -> None:
    registry, lag = CollectorRegistry(), ApplyLag()
    registry.register(lag)
    lag.observe([0.01, 0.02, 3.0, 99_999.0])
    lag.observe([])
    name = "tessera_events_apply_lag_seconds"
    reached = {
        end: registry.get_sample_value(f"{name}_bucket", {"le": end}) for end in ("0.01", "0.025", "5.0", "+Inf")
    }
    assert reached == {"0.01": 1, "0.025": 2, "5.0": 3, "+Inf": 4}
    assert registry.get_sample_value(f"{name}_count") == 4
    assert registry.get_sample_value(f"{name}_sum") == 100_002.03


def test_evaluations_are_asked_for_when_somebody_looks() -> None:
    registry, found = CollectorRegistry(), [Evaluations()]
    registry.register(EvaluationsCollector(lambda: found[0]))
    found[0] = Evaluations(windows=7, ended=2, started=3)
    assert registry.get_sample_value("tessera_pattern_evaluations_total") == 7
    assert registry.get_sample_value("tessera_pattern_engine_ended_total") == 2
    assert registry.get_sample_value("tessera_pattern_engine_started_total") == 3
