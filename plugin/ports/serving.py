"""The port of what is served where: each serving process says which state it has in place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Serving:
    """What one process serves.

    Attributes:
        process: its name while it lives; another one, after a restart.
        version: the rule set's number. A rollback lowers it; ``rules`` never falls.
        rules: epoch of what is published, the first part of `Site.revision`.
        content: epoch of the content, the second part.
        since: when it put that in place.
        seen_at: when it last said so.
    """

    process: str
    version: int
    rules: int
    content: int
    since: datetime
    seen_at: datetime


class ServingStore(Protocol):
    """A row for each serving process."""

    def report(self, serving: Serving) -> None:
        """It serves this from now on, or still does."""
        ...

    def leave(self, process: str) -> None:
        """It serves nothing any more."""
        ...

    def live(self, since: datetime) -> tuple[Serving, ...]:
        """Those that were heard after then, by name."""
        ...

    def forget(self, before: datetime) -> None:
        """Drop the rows of those that were last heard before then."""
        ...
