"""Webhooks in: what a CMS sends when something changed. Answered once it is durable; the work happens afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter

from plugin.errors import (
    MalformedRequest,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    ServiceUnavailable,
    TesseraError,
    Unauthorized,
)
from plugin.service.content.notices import Accepting, Delivery
from plugin.web.limits import Buckets
from plugin.web.operations import OPEN, Answer, Call, Incoming, Operation, RawBody

MOST_BYTES = 2 * 1024 * 1024
"""Of a request; a CMS may send the whole entry along."""
UNKNOWN = "unknown"
"""The label of every source that there is not: what strangers make up must not become labels."""
Count = Callable[[str, str], None]


def counter(registry: CollectorRegistry) -> Count:
    """What counts requests by source and outcome."""
    made = Counter(
        "tessera_webhooks", "Webhook requests by source and outcome.", ("source", "outcome"), registry=registry
    )
    return lambda source, outcome: made.labels(source, outcome).inc()


def operations(accepting: Accepting, buckets: Buckets, count: Count, *, prefix: str) -> list[Operation]:
    """The one route. `prefix` is the path of the public URL, which a proxy takes away and a signature may cover."""

    def accept(call: Call) -> Answer:
        source = call.path["source"]
        try:
            outcome = _taken(accepting, buckets, source, call.body, prefix)
        except TesseraError as refused:
            count(source if source in accepting.sources else UNKNOWN, _REFUSED.get(type(refused), "failed"))
            raise
        count(source, outcome)
        return Answer(status=202)

    return [
        Operation(
            name="cms_webhook",
            method="POST",
            path="/webhooks/cms/<source>",
            summary="Announce that content changed in the CMS",
            description=(
                "Authenticated as the source's CMS does it; the body is that of the CMS and is only read for what it "
                "names. 202 once the notice is durable: the entries are fetched afterwards."
            ),
            tag="webhooks",
            access=OPEN,
            body=RawBody(MOST_BYTES),
            answers={202: None},
            refusals=(401, 503),
            run=accept,
        )
    ]


_REFUSED: Mapping[type[TesseraError], str] = {
    NotFound: "unknown",
    PayloadTooLarge: "too_large",
    Unauthorized: "unauthorized",
    MalformedRequest: "malformed",
    ServiceUnavailable: "unavailable",
}


def _taken(accepting: Accepting, buckets: Buckets, source: str, sent: Incoming, prefix: str) -> str:
    if source not in accepting.sources:
        raise NotFound("There is no webhook of this name.")
    marks = accepting.read(source, Delivery(sent.method, prefix + sent.path, sent.headers, sent.read()))
    if not marks:
        return "ignored"
    try:
        buckets.take(source, len(marks))
    except RateLimited:
        accepting.overflow(source)
        return "overflow"
    accepting.keep(source, marks)
    return "accepted"
