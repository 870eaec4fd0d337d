"""What several tests do with a stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable

from adapters.streams.port import Delivery, Record, Stream, partition_of

PATIENCE_S = 90


def record(key: str, number: int = 0) -> Record:
    return Record(partition_of(key), key, f"{key} {number}".encode())


def claim_all(stream: Stream, owner: str = "me") -> range:
    for partition in range(stream.partitions):
        stream.claim(partition, owner)
    return range(stream.partitions)


def read(
    stream: Stream, count: int, *, partitions: Collection[int] | None = None, limit: int = 1_000
) -> list[Delivery]:
    """Reads on until that many came."""
    found: list[Delivery] = []
    deadline = time.monotonic() + PATIENCE_S
    wanted = range(stream.partitions) if partitions is None else partitions
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} came"
        found += stream.read(wanted, limit=limit, wait_s=0.5)
    return found


def ack(stream: Stream, deliveries: Iterable[Delivery]) -> None:
    by: dict[int, list[str]] = {}
    for one in deliveries:
        by.setdefault(one.partition, []).append(one.position)
    for partition, positions in by.items():
        stream.ack(partition, positions)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def payloads(deliveries: Iterable[Delivery]) -> list[bytes]:
    return [one.payload for one in deliveries]
