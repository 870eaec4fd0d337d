"""Views of people where they are read: the database's own, for those who run no store beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from plugin.ports import HotCopy, Viewed, VisitorReads, VisitorRow


@dataclass(frozen=True, slots=True)
class StoredViews:
    """Reads views from the database: one look-up by primary key."""

    visitors: VisitorReads

    def view(self, source: str) -> Viewed:
        """The view of whom a source belongs to. Raises ServiceUnavailable."""
        found = self.visitors.hot(source)
        return Viewed(found[1] if found is not None else None)

    def write(self, _copies: Sequence[HotCopy]) -> bool:
        """There is nothing to write: what is read is what is stored."""
        return True

    def is_whole(self) -> bool:
        """Always."""
        return True

    def rebuild(self, _name: int, _pages: Callable[[str], Sequence[HotCopy]]) -> int:
        """There is nothing to build."""
        return 0

    def sweep(self) -> None:
        """There is nothing to remove."""

    def group(self, source: str) -> Sequence[VisitorRow]:
        """All sources of whom a source belongs to. Raises ServiceUnavailable."""
        return self.visitors.group(source)
