"""The port of events: the log, the custom types, and the letters that could not be applied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from plugin.ports.pages import Page


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it is logged. ``properties`` and ``facts`` (of the decision token) are encoded elsewhere."""

    id: str
    source: str
    key_version: int
    type: str
    time: int
    received: int
    content_id: str | None = None
    slot: str | None = None
    value: float | None = None
    properties: bytes | None = None
    decision_id: str | None = None
    flags: int = 0
    facts: bytes | None = None


@dataclass(frozen=True, slots=True)
class EventType:
    """A custom type. ``schema`` is JSON text; ``version`` counts its writes from 1."""

    name: str
    schema: str
    purpose: str
    version: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What could not be applied.

    Attributes:
        id: the same id again is the same letter, with its attempts added.
        source: None where the payload could not be read that far; it cannot be found by an erasure then.
        payload: as it came from the stream.
    """

    id: str
    source: str | None
    key_version: int
    payload: bytes
    reason: str
    attempts: int
    first_at: int
    last_at: int
    replayed_at: int | None = None


class EventLog(Protocol):
    """Events of visitors, as long as they are kept."""

    def of(self, sources: Collection[str], *, after: str | None = None, limit: int = 50) -> Page[EventRow]:
        """Newest first, by when they were applied; ``limit`` is 1 to 1,000."""
        ...


class EventTypes(Protocol):
    """Custom types."""

    def put(self, name: str, schema: str, purpose: str, *, at: int, expected: int | None = None) -> EventType:
        """Make or change one. Raises: PreconditionFailed where its version is not ``expected`` (0: not there)."""
        ...

    def every(self) -> tuple[EventType, ...]:
        """In order of name."""
        ...

    def delete(self, name: str, *, expected: int | None = None) -> None:
        """Raises: NotFound, PreconditionFailed."""
        ...


class DeadLetters(Protocol):
    """Letters that wait for somebody."""

    def put(self, letters: Sequence[DeadLetter]) -> None: ...

    def page(self, *, replayed: bool | None = False, after: str | None = None, limit: int = 50) -> Page[DeadLetter]:
        """In order of id; ``replayed`` None: all."""
        ...

    def get(self, ids: Collection[str]) -> tuple[DeadLetter, ...]: ...

    def replayed(self, letter: DeadLetter, *, at: int) -> None:
        """It was sent again, as it was read; one that failed again since then goes on waiting."""
        ...

    def discard(self, ids: Collection[str]) -> int: ...

    def waiting(self) -> int:
        """How many were never sent again."""
        ...
