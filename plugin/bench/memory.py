"""Memory: what one visitor takes in Redis, with 20 attributes and 10 counters of a month each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from plugin.bench.patterns import START_MS
from plugin.live.redis_views import RedisViews
from plugin.ports import HotCopy, Viewed, VisitorRow
from plugin.profiles import attributes, fold
from plugin.profiles.events import Event
from plugin.profiles.reduce import reduce
from plugin.profiles.state import EMPTY, SourceState
from plugin.profiles.types import BUILT_IN

VISITORS = 2_000
ATTRIBUTES = 20
COUNTERS = 10
DAYS = 31
_DAY_MS = 86_400_000
_KEPT_S = 400 * 86_400


@dataclass(frozen=True, slots=True)
class _Nobody:
    """The database behind the copies; it is not asked."""

    def view(self, _source: str) -> Viewed:
        return Viewed(None)

    def group(self, _source: str) -> Sequence[VisitorRow]:
        return ()


def visitor_bytes(url: str) -> float:
    """By how much the memory of a Redis grows for each visitor of many: key, view, and the server's own part of it."""
    view = fold.fold([(_source(0), _typical())], uid="u" * 32, known=True, person=_source(0), segments={})
    octets = fold.encode(view)
    client: Redis = Redis.from_url(url, protocol=2)
    views = RedisViews(url, _Nobody(), kept_s=_KEPT_S, monotonic=time.monotonic, prefix="bench-memory", timeout_s=10.0)
    try:
        before = _used(client)
        copies = [HotCopy(_source(number), START_MS, octets) for number in range(VISITORS)]
        if views.rebuild(1, lambda after: copies if not after else ()) != VISITORS:
            raise RuntimeError("the copies were not all written")
        return (_used(client) - before) / VISITORS
    finally:
        views.close()
        client.close()


def _used(client: Redis) -> int:
    return cast(int, client.info("memory")["used_memory_dataset"])


def _source(number: int) -> str:
    return f"{number:032x}"


def _typical() -> SourceState:
    state: SourceState = EMPTY
    kinds = sorted(name for name in BUILT_IN if name != "dismiss")[:COUNTERS]
    for day in range(DAYS):
        for kind in kinds:
            at = START_MS - day * _DAY_MS
            one = Event(
                *(f"m-{day}-{kind}", kind, _source(0), 1, "u", at, at, b"", "personalization"),
                content_id="entry-1",
                value=4.5,
            )
            state = reduce(state, one, {"topics": ["topic-1", "topic-2"]}) or state
    values = {f"attribute_{number}": f"value-{number}" for number in range(ATTRIBUTES)}
    return attributes.put(state, values, time_ms=START_MS, identifier="01JD0000000000000000000000")
