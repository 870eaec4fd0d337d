"""The port of applying: one transaction for a batch of events."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from plugin.ports.events import DeadLetter, EventRow
from plugin.ports.visitors import Groups

DAYS_KEPT = 8
"""For so many days after it was applied, an event's id is known."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A source that is to be looked at again at an instant, though nothing happened."""

    source: str
    due: int


class Batch(Groups, Protocol):
    """One transaction, of the holder of a lease.

    Ids of events are 16 bytes, keyed digests of them, so that they say nothing of anybody when they outlive an
    erasure; digests of bodies are as long as the caller likes.
    """

    def known_ids(self, ids: Collection[bytes], *, day: int) -> Mapping[bytes, bytes]:
        """The digest of each that was applied on ``day`` (since the epoch, UTC) or in the 8 before."""
        ...

    def add_ids(self, ids: Mapping[bytes, bytes], *, day: int) -> None:
        """Keep ids, that are not known, with their digests.

        Raises: Conflict where another worker adds one just now: try the batch again.
        """
        ...

    def listed(self, sources: Collection[str]) -> Mapping[str, int]:
        """Those of these that are in any segment, with the version of the key by which they are named there."""
        ...

    def log(self, events: Sequence[EventRow]) -> None: ...

    def dead(self, letters: Sequence[DeadLetter]) -> None: ...


class Applying(Protocol):
    """What workers do with batches."""

    def begin(self, tokens: Mapping[str, int]) -> AbstractContextManager[Batch]:
        """A transaction of whoever holds these leases: kept where the block ends well, else undone.

        Raises: Fenced, on entry, naming those whose token is not the lease's any more; nobody else can take the
            leases until the block ends.
        """
        ...

    def known_ids(self, ids: Collection[bytes], *, day: int) -> Mapping[bytes, bytes]:
        """As `Batch.known_ids`, outside of any transaction."""
        ...

    def due(self, *, now: int, partition: int = 0, partitions: int = 1, limit: int = 500) -> tuple[Tick, ...]:
        """Ticks that are due, the longest due first, of sources whose CRC-32 modulo ``partitions`` is ``partition``."""
        ...

    def next_due(self) -> int | None:
        """When the next tick of all is due."""
        ...
