"""What an engine is to the comparison: flags are loaded once, a visitor is put into its own form, then it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tests.peers.world import Flag, Segments


class Engine(Protocol):
    """One way to ask one engine. What `native` does is not timed, what `ask` does is."""

    versions: Mapping[str, str]
    """Packages with their versions."""

    def load(self, flags: Sequence[Flag], segments: Segments) -> None:
        """Take the flags, in the engine's own form."""

    def native(self, visitor: Mapping[str, Any]) -> Any:
        """A visitor in the engine's own form."""

    def ask(self, native: Any) -> Any:
        """Decide all flags, with the reasons that the engine gives."""

    def on(self, answer: Any) -> list[str]:
        """The flags that are on in an answer, sorted. Not timed."""
