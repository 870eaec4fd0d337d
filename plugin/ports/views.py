"""The port of views: what decisions read of people, in one look-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from plugin.ports.visitors import VisitorRow


class Viewed(NamedTuple):
    """A view as it was read; None where nothing is kept. `degraded` names what could not be asked."""

    octets: bytes | None
    degraded: tuple[str, ...] = ()


class Views(Protocol):
    """Where views are read."""

    def view(self, source: str) -> Viewed:
        """The view of whom a source belongs to. Raises TesseraError where it cannot be read at all."""
        ...

    def group(self, source: str) -> Sequence[VisitorRow]:
        """All sources of whom a source belongs to. Raises TesseraError."""
        ...
