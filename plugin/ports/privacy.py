"""The port of privacy: fences, erasures, access, the audit log, retention, and new keys."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from plugin.ports.audit import AuditEntry
from plugin.ports.events import DeadLetter
from plugin.ports.pages import Page
from plugin.ports.segments import Membership
from plugin.ports.visitors import Groups, VisitorRow
from plugin.ports.visitors_identity import Link

Kept: TypeAlias = Literal[
    "events", "event_ids", "visitors", "links", "membership_log", "dead_letters", "fences", "erasures", "audit"
]
"""Kinds of what is kept for a time."""


@dataclass(frozen=True, slots=True)
class ErasureFence:
    """Nothing of ``source`` from before ``at`` may be written any more; kept until all that is in flight is over."""

    source: str
    key_version: int
    at: int
    receipt: str
    until: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """An erasure. ``state`` is JSON text: what is done, what is pending and until when. It names no source."""

    id: str
    state: str
    requested: int
    finished: int | None


@dataclass(frozen=True, slots=True)
class Erased:
    """Whom an erasure is of.

    Attributes:
        sources: everybody linked, under the names of older keys too where they are stored so, and of the newest.
        rows: how many went of each table.
        at: the instant of the fences: nobody wrote since who did not see them.
    """

    sources: tuple[str, ...]
    rows: Mapping[str, int]
    at: int


@dataclass(frozen=True, slots=True)
class Personal:
    """What is kept of some sources, but what can be without end and comes in pages: `EventLog.of`,
    `VisitorReads.history`, `Audit.page`."""

    visitors: tuple[VisitorRow, ...]
    links: tuple[Link, ...]
    memberships: tuple[Membership, ...]
    dead_letters: tuple[DeadLetter, ...]
    ticks: Mapping[str, int]


class Privacy(Protocol):
    """What is done with the data of one person."""

    def fence(self, fences: Sequence[ErasureFence]) -> None:
        """Put up fences: when it returns, whoever wrote without seeing them has ended. Of two, the later holds."""
        ...

    def fences(self, sources: Collection[str]) -> tuple[ErasureFence, ...]: ...

    def erase(
        self,
        fences: Sequence[ErasureFence],
        *,
        lift: Callable[[str, int], str],
        state: Callable[[Receipt | None, Erased], str],
        now_ms: Callable[[], int],
    ) -> tuple[Receipt, Erased]:
        """Put up fences, for these and as the first of them for everybody linked to them; delete what is kept of them
        all but their logs; and keep the receipt: in one transaction, in which nobody else writes profiles.

        Hot copies are put in line to be removed. What stays: ids of events, which are digests (8 days), fences,
        receipts, and the audit log. Again is safe, and finds what came meanwhile.

        Args:
            fences: one source under its names by every key there is, the newest first. Where a fence is up already,
                the receipt is the one that it names.
            lift: a source with the version of its key, as it is with the newest: fences go up for both.
            state: of the receipt, by the one that there is and what went.
            now_ms: asked when everybody else waits: what came while this did is erased too. The fences are moved to
                then, as is when they end.
        """
        ...

    def erase_logs(self, sources: Collection[str], *, until: int) -> Mapping[str, int]:
        """Delete their events that were received until then, and their entries and exits until then, in steps; gives
        how many rows of each table went."""
        ...

    def fenced(self, receipt: str) -> tuple[ErasureFence, ...]:
        """The fences of an erasure, in order of source."""
        ...

    def personal(self, sources: Collection[str]) -> Personal: ...

    def put_receipt(self, receipt: Receipt) -> None:
        """Keep it, in place of one with its id."""
        ...

    def receipt(self, id: str) -> Receipt | None:  # noqa: A002
        ...

    def unfinished(self, limit: int = 100) -> tuple[Receipt, ...]:
        """The oldest first."""
        ...


class Audit(Protocol):
    """Who read or changed personal data."""

    def append(self, entries: Sequence[AuditEntry]) -> None: ...

    def page(self, *, source: str | None = None, after: str | None = None, limit: int = 50) -> Page[AuditEntry]:
        """Newest first; ``limit`` is 1 to 1,000."""
        ...


class Retention(Protocol):
    """What is old goes, in bounded steps."""

    def prune(self, kind: Kept, *, before: int, limit: int = 5_000) -> int:
        """Delete some of what is older: called until it gives 0.

        Visitors go by groups in which nobody was seen since, with links, ticks and memberships by pattern (lists
        and computed segments are what others say of them, and stay); hot copies are put in line to be removed. Links
        go that ended before; fences that are over; receipts that are finished; ids of events by whole days, a
        few thousand at a time, whatever the limit.
        """
        ...

    def prune_events(self, type: str, *, before: int, limit: int = 5_000) -> int:  # noqa: A002
        """As `prune`, for the events of one type."""
        ...

    def prune_windows(self, *, before: int, limit: int = 5_000) -> int:
        """Empty the windows of some of those who were not seen since: called until it gives 0."""
        ...

    def event_types(self) -> tuple[str, ...]:
        """The types of which events are logged, in order."""
        ...


class Moving(Groups, Protocol):
    """One transaction in which sources get the names that a new key gives them."""

    def move(self, names: Mapping[str, str], *, key_version: int) -> None:
        """Rename, in every table. Where a visitor of the new name is stored already, the old row goes: lock both
        by `groups`, and save the new one with what the old one held, before."""
        ...


class Rekeying(Protocol):
    """Sources of older keys."""

    def stale(self, key_version: int, *, after: str | None = None, limit: int = 200) -> Page[tuple[str, int]]:
        """Sources, with the version of their key, that are older; they may come twice. An empty page may have a
        next one."""
        ...

    def begin(self) -> AbstractContextManager[Moving]: ...
