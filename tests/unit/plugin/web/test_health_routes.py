"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from plugin.errors import ServiceUnavailable
from plugin.ports import Changes, Mark, Outcome, StoredEntry
from plugin.service.events.waiting import Waiting
from plugin.service.health import Health, SourceHealth
from plugin.store import Store
from plugin.web.health import _shown
from plugin.web.metrics import HttpMetrics
from plugin.web.source_metrics import SourcesCollector
from tests.unit.plugin.web.small_app import DOCUMENT, NOW, PUBLIC, READER, Small, small_app


def test_the_process_is_alive_whatever_else_is_down(sqlite_store: Store) -> None:
    def ping() -> None:
        raise ServiceUnavailable("The database does not answer.")

    client = small_app(sqlite_store, ping=ping).client(None)
    assert client.get("/healthz", headers={"Authorization": "Basic junk"}).json == {"status": "ok"}
    down = client.get("/readyz")
    assert down.status_code == 503
    assert down.json == {
        "status": "not_ready",
        "database": "failing",
        "ruleset": "unpublished",
        "content": "unknown",
        "events": "unknown",
    }


def test_a_process_is_ready_once_a_rule_set_is_published(small: Small) -> None:
    client = small.client(None)
    assert client.get("/readyz").status_code == 503
    small.services.publishing.release(dict(DOCUMENT), author="ada")
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert (ready.json["status"], ready.json["ruleset"]) == ("ready", "ok")  # type: ignore[index]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Waiting(count=3, oldest_s=9.0, degraded=False), "ok"),
        (Waiting(count=3, oldest_s=11.0, degraded=False), "late"),
        (Waiting(degraded=True, spooled=7), "spooling"),
        (Waiting(), "unknown"),
    ],
)
def test_events_that_wait_for_long_are_told_and_keep_no_requests_away(found: Waiting, said: str) -> None:
    health = Health(None, 1, 1, (), found)
    assert health.ready
    assert _shown(health, detailed=False)["events"] == said
    assert "events_waiting" not in _shown(health, detailed=False)
    detailed = _shown(health, detailed=True)
    assert (detailed["events_waiting"], detailed["events_waiting_s"]) == (found.count, found.oldest_s)


def test_details_are_for_those_who_may_read(small: Small) -> None:
    small.store.content.failed("files", "cannot read the folder", now=NOW)
    assert "sources" not in small.client(None).get("/readyz").json  # type: ignore[operator]
    assert "sources" not in small.client(PUBLIC).get("/readyz").json  # type: ignore[operator]
    detailed = small.client(READER).get("/readyz").json
    assert detailed is not None
    assert detailed["content"] == "failing"
    assert detailed["sources"] == [
        {
            "name": "files",
            "adapter": "files",
            "webhook": False,
            "ok": False,
            "age_s": None,
            "failures": 1,
            "problems": 0,
            "error": "cannot read the folder",
            "waiting": 0,
            "settling": 0,
            "failing": 0,
            "oldest_s": None,
            "lag_s": None,
            "held_removals": 0,
            "overdue": 0,
            "overdue_for_s": None,
            "swept_s": None,
        }
    ]


def test_sources_say_what_is_outstanding_and_how_late_they_are(small: Small) -> None:
    small.store.notices.mark("files", [Mark("a"), Mark("b")], now=NOW)
    small.clock.move(5)
    job = small.store.notices.claim("files", whole=False, lease="x", now=small.clock(), until=small.clock())
    assert job is not None
    entry = StoredEntry("files", "a", None, "hero", (), {}, None, None, ())
    small.store.notices.finish(job, Outcome(Changes(entries=(entry,))), now=small.clock())
    assert small.client(PUBLIC).get("/v1/sources").status_code == 403
    page = small.client(READER).get("/v1/sources").json
    assert page is not None
    shown = page["items"][0]
    assert (shown["waiting"], shown["oldest_s"], shown["lag_s"]) == (1, 5.0, 5.0)
    text = small.client(None).get("/metrics").get_data(as_text=True)
    assert 'tessera_content_outstanding{source="files"} 1.0' in text
    assert 'tessera_content_outstanding_seconds{source="files"} 5.0' in text


def test_metrics_are_shown_though_the_database_is_down() -> None:
    def down() -> list[SourceHealth]:
        raise ServiceUnavailable("The database does not answer.")

    registry = CollectorRegistry()
    registry.register(SourcesCollector(down))
    families = list(registry.collect())
    assert "tessera_content_outstanding" in {family.name for family in families}
    assert [family.samples for family in families] == [[]] * len(families)


def test_requests_are_counted_by_route_and_status_and_never_by_path(small: Small) -> None:
    small.client().get("/v1/slots/some-visitor-secret")
    small.client().get("/not/a/route")
    small.client().open("/healthz", method="BREW")
    text = small.client(None).get("/metrics").get_data(as_text=True)
    assert 'tessera_http_requests_total{method="GET",route="/v1/slots/<id:id>",status="404"} 1.0' in text
    assert 'tessera_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert 'method="other"' in text
    assert "some-visitor-secret" not in text


def test_spans_are_measured_with_the_clock_that_is_given() -> None:
    registry = CollectorRegistry()
    metrics = HttpMetrics(registry)
    metrics.observe("GET", "/x", 200, 0.2)
    labels = {"method": "GET", "route": "/x"}
    assert registry.get_sample_value("tessera_http_request_seconds_sum", labels) == pytest.approx(0.2)
    assert registry.get_sample_value("tessera_http_request_seconds_bucket", {**labels, "le": "0.1"}) == 0
    assert registry.get_sample_value("tessera_http_request_seconds_bucket", {**labels, "le": "0.25"}) == 1


def test_two_apps_in_one_process_count_apart(sqlite_store: Store) -> None:
    one, other = small_app(sqlite_store), small_app(sqlite_store)
    one.client().get("/healthz")
    assert "/healthz" not in other.client(None).get("/metrics").get_data(as_text=True)
