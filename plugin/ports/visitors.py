"""The port of visitors: their rows, written by groups, and read.

A *source* is a keyed hash of a visitor id as the site gives it, 32 hexadecimal characters. A *person* is the group
of sources that identify linked, named by one of them. Instants are milliseconds since the epoch, UTC. States,
windows and views are bytes that are encoded elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from plugin.ports.pages import Page
from plugin.ports.segments import Change, Membership, Passage


@dataclass(frozen=True, slots=True)
class VisitorRow:
    """A source as it is stored.

    Attributes:
        key_version: of the key that made ``source``.
        uid: what arms and percentages hash on; once it is there it never changes. Empty where only a list named it.
        known: by a sign-in of the site, not an anonymous id.
        person: the source that names the group; of one that nothing was linked to, itself.
        version: moves up with every write, and never goes back, not even by an erasure; 0: not stored yet.
        hot: the merged view of the person, the same in each row of the group.
        seen: the newest event's time, or when the site said something of them, if that was later.
        reserved: what browsers send under this id needs a user token: a user's, or one of the site's that could be
            guessed.
    """

    source: str
    key_version: int
    uid: str
    known: bool
    person: str
    version: int
    state: bytes
    window: bytes
    hot: bytes
    created: int
    seen: int
    reserved: bool = False


class Groups(Protocol):
    """Rows of visitors within one transaction: what every writer of profiles does."""

    def fences(self, sources: Collection[str]) -> Mapping[str, int]:
        """When each was erased, of those that were: nothing from before then may be written.

        No fence can be put up between this answer and the end of the transaction.
        """
        ...

    def groups(self, sources: Collection[str]) -> tuple[VisitorRow, ...]:
        """The rows of these sources and of everybody in their groups, in order of source, held until the end.

        Sources that are not stored are missing. Call it once a transaction, with all that will be written: locks
        are taken in order of source, so that two writers never wait for each other.

        Raises: ServiceUnavailable where groups change faster than they can be locked: try again.
        """
        ...

    def save(self, rows: Sequence[VisitorRow]) -> Mapping[str, int]:
        """Write rows that `groups` gave, or new ones (``version`` 0); gives the version that each has now.

        Write every row of a group whose view changed.

        Raises: Conflict where a row is not the version that is stored, or a new one is there already: nothing of
            the transaction may be kept, try again.
        """
        ...

    def outbox(self, versions: Mapping[str, int]) -> None:
        """Have the hot copies of these written, as `save` gave them."""
        ...

    def copied(self, versions: Mapping[str, int]) -> None:
        """As `HotOutbox.done`, in this transaction, as the last that it does: others wait for it."""
        ...

    def held(self, sources: Collection[str]) -> tuple[Membership, ...]:
        """What segments these are in, in order of source and segment."""
        ...

    def memberships(self, changes: Sequence[Change]) -> None:
        """Let sources enter and leave segments, with the log of it. One that is in stays since when it was."""
        ...

    def ticks(self, due: Mapping[str, int], clear: Collection[str] = ()) -> None:
        """Have each looked at again at its instant, in place of any set before; those of ``clear`` not any more."""
        ...


class VisitorReads(Protocol):
    """What is known of visitors, outside of any transaction."""

    def hot(self, source: str) -> tuple[int, bytes] | None:
        """Version and view: one look-up by primary key, for the path of requests.

        Raises: ServiceUnavailable.
        """
        ...

    def reserved(self, sources: Collection[str]) -> frozenset[str]:
        """Those of these that are `VisitorRow.reserved`: for the path of requests, too.

        Raises: ServiceUnavailable.
        """
        ...

    def find(self, source: str) -> VisitorRow | None: ...

    def group(self, source: str) -> tuple[VisitorRow, ...]:
        """Everybody in the group of a source, in order of source; none where it is not stored."""
        ...

    def memberships(self, sources: Collection[str]) -> tuple[Membership, ...]:
        """In order of source and segment; those that are over and not yet swept among them."""
        ...

    def history(self, sources: Collection[str], *, after: str | None = None, limit: int = 50) -> Page[Passage]:
        """Entries and exits, newest first; ``limit`` is 1 to 1,000."""
        ...

    def count(self) -> int:
        """How many sources are stored."""
        ...

    def close(self) -> None:
        """Close what threads hold; it may be used again, and connects anew."""
        ...
