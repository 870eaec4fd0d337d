"""The port of segments that are stored: who is in which, since when and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from plugin.ports.pages import Page

Kind: TypeAlias = Literal["pattern", "list", "computed"]
Way: TypeAlias = Literal["entered", "left"]


@dataclass(frozen=True, slots=True)
class Membership:
    """A source is in a segment since then, and until then (None: for good). ``reason`` is JSON text."""

    segment: str
    source: str
    kind: Kind
    since: int
    until: int | None
    score: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """A source enters a segment at an instant, or leaves it; entered again, until, score and reason are put anew."""

    segment: str
    source: str
    key_version: int
    kind: Kind
    way: Way
    at: int
    until: int | None = None
    score: float | None = None
    reason: str = "{}"


@dataclass(frozen=True, slots=True)
class Passage:
    """One entry or exit, as it was logged."""

    segment: str
    source: str
    at: int
    way: Way
    reason: str


@dataclass(frozen=True, slots=True)
class Member:
    """Who is put in a list or a computed segment."""

    source: str
    until: int | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Put:
    """What one write of members did. ``erased``: so many were left out, for they were erased since."""

    entered: int
    kept: int
    erased: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """How often a segment was entered and left. Who goes in and out twice counts twice."""

    entered: int
    left: int


class SegmentLists(Protocol):
    """Members in bulk, in short transactions one after another: readers may see half of a list in between."""

    def put(
        self,
        segment: str,
        kind: Kind,
        members: Sequence[Member],
        *,
        key_version: int,
        at: int,
        reason: str = "{}",
        wake: bool = True,
    ) -> Put:
        """Let these enter, or renew their until and score. ``wake``: a tick is set for each whose segments changed,
        so that their views are made anew."""
        ...

    def keep(self, segment: str, *, at: int, reason: str = "{}", limit: int = 5_000, wake: bool = True) -> int:
        """Take out some of those that no `put` named at ``at`` or later: called until it gives 0, after the puts, it
        makes of them a replacement."""
        ...

    def remove(self, segment: str, sources: Sequence[str], *, at: int, reason: str = "{}", wake: bool = True) -> int:
        """Take these out; gives how many were in."""
        ...

    def clear(self, segment: str, *, at: int, limit: int = 5_000, wake: bool = True) -> int:
        """Take out some of everybody: called until it gives 0."""
        ...

    def expire(self, *, now: int, limit: int = 5_000, wake: bool = True) -> int:
        """Take out some of those whose time is over, of every segment: called until it gives 0."""
        ...

    def members(self, segment: str, *, now: int, after: str | None = None, limit: int = 50) -> Page[Membership]:
        """In order of source; ``limit`` is 1 to 1,000."""
        ...

    def sizes(self, *, now: int) -> Mapping[str, int]:
        """How many are in each segment that anybody is in."""
        ...

    def size(self, segment: str, *, now: int) -> int:
        """How many are in one segment."""
        ...

    def newest(self, segment: str) -> int | None:
        """When `put` last named somebody who is in; None where nobody is."""
        ...

    def traffic(self, segment: str, *, since: int) -> Traffic:
        """Entries and exits since an instant, as far as the log goes back."""
        ...
