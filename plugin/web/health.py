"""Whether the process is up, whether requests may come, and what is counted."""

from __future__ import annotations

from datetime import timedelta

from plugin.service.events.waiting import Waiting
from plugin.service.health import Health, Readiness, SourceHealth
from plugin.web.operations import OPEN, OPTIONAL, Answer, Call, Operation
from plugin.web.schemas import operations as shapes

_TAG = "operations"
LATE_S = 10.0
"""Events that wait for longer have no worker, or their database is down."""


def operations(readiness: Readiness) -> list[Operation]:
    """Liveness, readiness, and how the sources stand."""

    def alive(_call: Call) -> Answer:
        return Answer({"status": "ok"})

    def ready(call: Call) -> Answer:
        health = readiness.look()
        detailed = call.caller is not None and call.caller.may("read")
        return Answer(_shown(health, detailed=detailed), 200 if health.ready else 503)

    def sources(_call: Call) -> Answer:
        return Answer({"items": [_source(source) for source in readiness.sources()], "next": None})

    return [
        Operation(
            name="list_sources",
            method="GET",
            path="/v1/sources",
            summary="How content comes from each source: what is outstanding, what fails, how late it is",
            tag="content",
            access="read",
            answers={200: shapes.SourcePage},
            run=sources,
        ),
        Operation(
            name="alive",
            method="GET",
            path="/healthz",
            summary="Whether the process answers; nothing else is asked",
            tag=_TAG,
            access=OPEN,
            answers={200: shapes.Alive},
            run=alive,
        ),
        Operation(
            name="ready",
            method="GET",
            path="/readyz",
            summary="Whether requests may come: a rule set is loaded",
            description=(
                "Where the database does not answer, what was read last is served. "
                "With a management key of the scope `read`, how each source of content stands, too."
            ),
            tag=_TAG,
            access=OPTIONAL,
            answers={200: shapes.Ready, 503: shapes.Ready},
            run=ready,
        ),
    ]


def _shown(health: Health, *, detailed: bool) -> dict[str, object]:
    shown: dict[str, object] = {
        "status": _status(health),
        "database": "ok" if health.database is None else "failing",
        "ruleset": _ruleset(health),
        "content": _content(health),
        "events": _events(health.events),
    }
    if detailed:
        shown |= {
            "published": health.published,
            "serving": health.serving,
            "content_age_s": _seconds(health.content_age),
            "events_waiting": health.events.count,
            "events_waiting_s": health.events.oldest_s,
            "sources": [_source(source) for source in health.sources],
        }
    return shown


def _status(health: Health) -> str:
    if not health.ready:
        return "not_ready"
    return "ready" if health.database is None else "degraded"


def _ruleset(health: Health) -> str:
    if health.serving is not None:
        return "ok"
    return "unpublished" if health.published is None else "loading"


def _content(health: Health) -> str:
    if not health.sources:
        return "unknown"
    return "ok" if all(source.ok for source in health.sources) else "failing"


def _events(found: Waiting) -> str:
    """Whether those accepted are applied; it is no reason against requests, for they are answered all the same."""
    if found.degraded:
        return "spooling"
    if found.oldest_s is None:
        return "unknown"
    return "late" if found.oldest_s > LATE_S else "ok"


def _source(source: SourceHealth) -> dict[str, object]:
    return {
        "name": source.name,
        "adapter": source.adapter,
        "webhook": source.webhook,
        "ok": source.ok,
        "age_s": _seconds(source.age),
        "failures": source.failures,
        "problems": source.problems,
        "error": source.error,
        "waiting": source.waiting,
        "settling": source.settling,
        "failing": source.failing,
        "oldest_s": _seconds(source.oldest),
        "lag_s": _seconds(source.lag),
        "held_removals": source.held_removals,
        "overdue": source.overdue,
        "overdue_for_s": _seconds(source.overdue_for),
        "swept_s": _seconds(source.swept),
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
