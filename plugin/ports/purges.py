"""The port of purges: what caches must be told, as an outbox."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Purge:
    """A change whose keys are to be purged from caches.

    Attributes:
        source: "" where no content changed.
        id: "": so much changed at once that the whole source is named.
        types, tags: before the change and after it.
        fields: those that changed, where nothing else did that a decision could see; None: anything may have.
        removed: nobody may see what was from now on.
        epoch: of the content that holds the change; 0 where the rules alone changed.
        rules: epoch of the rules that hold it; 0 where they did not change.
        audience: what is purged is who gets what, and no entry.
        slots: the slots of which that is another; None: any of them may be.
        noticed_at: when the notice came; None: a sync found it.
        version: of the content that was put in place.
        passes: how often it was sent already, to the cache that is asked about.
        attempts: how often it was refused since.
    """

    number: int
    source: str
    id: str
    locale: str
    types: tuple[str, ...]
    tags: tuple[str, ...]
    fields: tuple[str, ...] | None
    removed: bool
    epoch: int
    rules: int
    audience: bool
    noticed_at: datetime | None
    version: str | None
    created_at: datetime
    passes: int
    attempts: int
    slots: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Where there is something to do.

    Attributes:
        changes: some are due that were not handed over to the caches yet.
        caches: those that have something due, and do not rest.
        resting: those that are left alone for a while.
    """

    changes: bool
    caches: tuple[str, ...]
    resting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PurgeBacklog:
    """What is still to be sent to a cache.

    Attributes:
        waiting: purges that were never sent, handed over to it or not yet.
        failing: those, and those to be sent again, whose last try failed.
        oldest: when the first of those waiting was put in line.
    """

    waiting: int
    failing: int
    oldest: datetime | None


class PurgeStore(Protocol):
    """The outbox of purges: changes are put in line for all caches, then handed over to each."""

    def pending(self, caches: Collection[str], *, now: datetime) -> Pending:
        """Where there is something to do: cheap, to be asked many times."""
        ...

    def due(self, *, now: datetime, limit: int = 500) -> tuple[Purge, ...]:
        """Those to be handed over now, the oldest first."""
        ...

    def hand_over(
        self, numbers: Sequence[int], caches: Collection[str], *, due_at: datetime, passes: int | None = None
    ) -> None:
        """Each of the caches is to be told of them by itself from now on, as far as nobody else handed them over.

        Args:
            passes: how often that was done already; None: as often as they say themselves.
        """
        ...

    def due_to(self, cache: str, *, now: datetime, limit: int = 500) -> tuple[Purge, ...]:
        """What is to be sent to a cache now, nothing while it rests: what failed least often first, then the oldest."""
        ...

    def regroup(self, epoch: int, *, now: datetime) -> None:
        """Put in line that who gets what changed with this epoch of the content, unless that is there already."""
        ...

    def sent(self, cache: str, numbers: Sequence[int], *, passes: int, again_at: datetime | None) -> None:
        """They were sent to it, after so many times; ``again_at``: once more, then. Not where somebody else did it."""
        ...

    def failed(self, cache: str, numbers: Sequence[int], error: str, *, passes: int, due_at: datetime) -> None:
        """They were not; it rests until then, and is tried again."""
        ...

    def since(self, epoch: int, *, limit: int = 500) -> tuple[Purge, ...]:
        """What changed after an epoch of the content, the oldest first."""
        ...

    def backlogs(self, caches: Collection[str]) -> Mapping[str, PurgeBacklog]:
        """How each of them stands."""
        ...

    def lags(self) -> Mapping[str, timedelta]:
        """By source: how long the latest notice waited until what it brought was stored."""
        ...

    def prune(self, before: datetime) -> None:
        """Forget what was done, and tombstones, of before then."""
        ...
