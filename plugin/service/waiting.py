"""How events stand: what waits to be applied, and what could not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapters.streams.port import Backlog, StreamError
from plugin.errors import TesseraError


@dataclass(frozen=True, slots=True)
class Waiting:
    """None stands for what could not be asked.

    Attributes:
        count: accepted events that are not applied yet.
        oldest_s: since the oldest of them was accepted.
        spooled: records in the spool of this machine.
        degraded: whether the stream's server cannot be reached.
        dead: dead letters that were never sent again.
    """

    count: int | None = None
    oldest_s: float | None = None
    spooled: int | None = None
    degraded: bool | None = None
    dead: int | None = None


def waiting(backlog: Callable[[], Backlog], dead: Callable[[], int]) -> Waiting:
    """Asks the stream and the database; never raises for what is down."""
    try:
        letters: int | None = dead()
    except TesseraError:
        letters = None
    try:
        found = backlog()
    except StreamError:
        return Waiting(dead=letters)
    if not found.partitions:
        return Waiting(None, None, found.spooled, found.degraded is not None, letters)
    oldest = max(one.oldest_s for one in found.partitions)
    return Waiting(found.count, oldest, found.spooled, found.degraded is not None, letters)
