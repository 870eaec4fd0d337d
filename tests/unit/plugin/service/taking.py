"""Events taken in one process: a stream that holds what it is given, and the service before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count as counting

from adapters.device.null import NullDevices
from adapters.geo.null import NullGeo
from adapters.streams.port import Record, StreamError
from plugin.flow.context import ContextPolicy
from plugin.flow.signals.ports import Devices
from plugin.profiles.events import Event, decode
from plugin.profiles.identity import Hasher
from plugin.profiles.types import BUILT_IN
from plugin.service.events.ids import EventIds
from plugin.service.events.ingest import Ingesting
from plugin.service.visitors.guarding import Guard

HASHER = Hasher([(1, "k" * 32)], "u" * 32)


class HeldStream:
    """Keeps what is appended, or fails as it is told."""

    partitions = 4

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.fault: StreamError | None = None

    def append(self, records: Sequence[Record]) -> None:
        if self.fault is not None:
            raise self.fault
        self.records += records

    def scan(self, keys: Collection[str]) -> Iterator[Record]:
        if self.fault is not None:
            raise self.fault
        yield from [one for one in self.records if one.key in keys]

    def drop(self, keys: Collection[str]) -> int:
        gone = list(self.scan(keys))
        self.records = [one for one in self.records if one.key not in keys]
        return len(gone)

    @property
    def events(self) -> list[Event]:
        return [decode(one.payload) for one in self.records]


def taking(
    stream: HeldStream,
    clock: Callable[[], datetime],
    *,
    applied: Mapping[bytes, bytes] | None = None,
    devices: Devices | None = None,
    headless_counts: bool = False,
    guard: Guard | None = None,
    count: Callable[[str, int], None] = lambda _outcome, _number: None,
) -> Ingesting:
    """The service; nothing but `applied` was applied before."""
    numbers = counting(1)

    def tokens(token: str) -> Mapping[str, object]:
        if token != "good":
            raise ValueError("not a token")
        return {"version": 7, "slot": "hero", "key": "k-1", "arms": {"e": "a"}}

    known = dict(applied or {})
    return Ingesting(
        stream=stream,  # type: ignore[arg-type]  # the part of a stream that taking needs
        ids=EventIds(
            b"i" * 32,
            lambda ids: {one: known[one] for one in ids if one in known},
            monotonic=lambda: clock().timestamp(),
            sleep=lambda _seconds: None,
        ),
        types=lambda: BUILT_IN,
        identify=HASHER.identity,
        tokens=tokens,
        devices=devices or NullDevices(),
        geo=NullGeo(),
        policy=ContextPolicy(visitor_cookie="visitor"),
        now_ms=lambda: int(clock().timestamp() * 1000),
        new_id=lambda: f"made-{next(numbers)}",
        headless_counts=headless_counts,
        guard=guard,
        count=count,
    )
