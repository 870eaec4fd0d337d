"""The port of purges: what caches must be told, as an outbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        passes: how often it was sent already.
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
class PurgeBacklog:
    """What is still to be sent.

    Attributes:
        waiting: purges that were never sent.
        failing: those, and those to be sent again, whose last try failed.
        oldest: when the first of those waiting was put in line.
    """

    waiting: int
    failing: int
    oldest: datetime | None


class PurgeStore(Protocol):
    """The outbox of purges."""

    def due(self, *, now: datetime, limit: int = 500) -> tuple[Purge, ...]:
        """Those to be sent now, the oldest first."""
        ...

    def regroup(self, epoch: int, *, now: datetime) -> None:
        """Put in line that who gets what changed with this epoch of the content, unless that is there already."""
        ...

    def sent(self, numbers: Sequence[int], *, again_at: datetime | None) -> None:
        """They were sent; ``again_at``: once more, then."""
        ...

    def failed(self, numbers: Sequence[int], error: str, *, due_at: datetime) -> None:
        """They were not; try again then."""
        ...

    def since(self, epoch: int, *, limit: int = 500) -> tuple[Purge, ...]:
        """What changed after an epoch of the content, the oldest first."""
        ...

    def backlog(self) -> PurgeBacklog:
        """How it stands."""
        ...

    def lags(self) -> Mapping[str, timedelta]:
        """By source: how long the latest notice waited until what it brought was stored."""
        ...

    def prune(self, before: datetime) -> None:
        """Forget what was done, and tombstones, of before then."""
        ...
