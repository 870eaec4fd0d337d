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


@dataclass(frozen=True, slots=True)
class Evaluations:
    """How often patterns were evaluated since the process started, and how their engine fares.

    Attributes:
        windows: of visitors, each with all patterns.
        carried: those of them whose sequences and absences the engine answered.
        left: sequences and absences of single windows that were left to the reference, as too much for the engine.
        started: processes of the engine.
        ended: those that crashed, hung or were out of order.
        quarantined: windows that ended it twice.
    """

    windows: int = 0
    carried: int = 0
    left: int = 0
    started: int = 0
    ended: int = 0
    quarantined: int = 0


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
