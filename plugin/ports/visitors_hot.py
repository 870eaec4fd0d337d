"""The port of hot copies: which of them are to be written, and all of them to rebuild a lost store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HotCopy:
    """The view of one source as of a version; ``hot`` None: it is gone, and so must every copy up to that version."""

    source: str
    version: int
    hot: bytes | None


class HotOutbox(Protocol):
    """Copies that are to be written, put in line by the transactions that changed them."""

    def pending(self, limit: int = 500) -> tuple[HotCopy, ...]:
        """Some of those in line, each as it is stored now."""
        ...

    def done(self, versions: Mapping[str, int]) -> None:
        """These were written; one that moved on since stays in line, and one that is being written now may."""
        ...

    def waiting(self) -> int:
        """How many are in line."""
        ...

    def every(self, *, after: str = "", limit: int = 500) -> tuple[HotCopy, ...]:
        """What is stored of the sources after this one, in order of source; an empty page is the end."""
        ...
