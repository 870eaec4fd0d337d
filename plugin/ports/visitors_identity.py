"""The port of identity: which sources are one person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from plugin.ports.audit import AuditEntry
from plugin.ports.visitors import Groups


@dataclass(frozen=True, slots=True)
class Link:
    """A source was of the person of ``known`` from ``since`` on; ``ended`` None: it is still."""

    source: str
    known: str
    since: int
    ended: int | None
    reason: str


class Linking(Groups, Protocol):
    """One transaction in which links change. Who is in which group is said by the rows that are saved."""

    def links(self, sources: Collection[str]) -> tuple[Link, ...]:
        """Every link from or to these, ended ones too, in order of source and since."""
        ...

    def link(self, source: str, known: str, *, at: int, reason: str) -> bool:
        """Note a link; False where it is there already."""
        ...

    def unlink(self, source: str, known: str, *, at: int) -> bool:
        """End a link; False where there is none."""
        ...

    def audit(self, entries: Sequence[AuditEntry]) -> None:
        """Note who did this: kept and undone with it."""
        ...


class Identity(Protocol):
    """Links and unlinks."""

    def begin(self) -> AbstractContextManager[Linking]:
        """A transaction: kept where the block ends well, else undone."""
        ...

    def links(self, sources: Collection[str]) -> tuple[Link, ...]:
        """As `Linking.links`."""
        ...
