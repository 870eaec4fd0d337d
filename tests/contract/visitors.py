"""Short words for what the tests of visitors and events do again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from plugin.ports import Batch, Change, EventRow, VisitorRow
from plugin.store import Store

NOW = 1_795_262_400_000  # 21 November 2026, 12:00 UTC
TODAY = NOW // 86_400_000
MINUTE = 60_000


def source(name: str) -> str:
    """A source as services make them, of a name that tests can tell apart."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def event_id(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:16]


def visitor(name: str, **rest: Any) -> VisitorRow:
    plain = VisitorRow(source(name), 1, f"u-{name}", False, source(name), 0, b"state", b"window", b"hot", NOW, NOW)
    return replace(plain, **rest)


def event(id_: str, name: str = "ann", **rest: Any) -> EventRow:
    return replace(EventRow(id_, source(name), 1, "view", NOW, NOW), **rest)


def change(segment: str, name: str = "ann", *, at: int = NOW, left: bool = False, **rest: Any) -> Change:
    return replace(Change(segment, source(name), 1, "pattern", "left" if left else "entered", at), **rest)


@contextmanager
def working(store: Store, partition: str = "p-0", owner: str = "tests") -> Iterator[Batch]:
    """A batch under a lease taken for it."""
    token = store.leases.acquire(partition, owner, now=NOW, ttl=MINUTE)
    assert token is not None
    with store.applying.begin({partition: token}) as batch:
        yield batch


def keep(store: Store, *rows: VisitorRow) -> dict[str, int]:
    with working(store) as batch:
        return dict(batch.save(rows))
