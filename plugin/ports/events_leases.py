"""The port of leases: who works on which partition, and how one that lost its lease is kept from writing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

LONGEST_LEASE = 600_000  # ms; one that ends further ahead says that the clock was put back


class Fenced(Exception):  # noqa: N818  # named for what happened
    """These leases are others' by now: nothing was written."""

    def __init__(self, partitions: Iterable[str]) -> None:
        self.partitions = frozenset(partitions)
        super().__init__(f"leases that are another's: {', '.join(sorted(self.partitions))}")


@dataclass(frozen=True, slots=True)
class Lease:
    """``token`` grows with every taking, for ever."""

    partition: str
    owner: str
    token: int
    expires: int


class Leases(Protocol):
    """One owner at a time of each partition, or of anything else that has a name."""

    def acquire(self, partition: str, owner: str, *, now: int, ttl: int) -> int | None:
        """Take it for ``ttl`` ms where it is free, over, or the owner's already; gives its token.

        An owner that takes its own again gets a higher token: what it was before is fenced too.
        """
        ...

    def renew(self, partition: str, token: int, *, now: int, ttl: int) -> bool:
        """Keep it; False where it is another's. One that ran out and that nobody took is kept."""
        ...

    def renew_all(self, tokens: Mapping[str, int], *, now: int, ttl: int) -> frozenset[str]:
        """Keep several in one transaction, each as `renew` does; gives those that are others' by now."""
        ...

    def release(self, partition: str, token: int) -> None:
        """Give it back; nothing where it is another's."""
        ...

    def held(self) -> tuple[Lease, ...]:
        """Every lease that was ever taken, in order of partition; one given back has ``expires`` 0."""
        ...
