"""Events that could not be applied: looked at, sent again, or given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from adapters.streams.port import Record, StreamDown, StreamFull, partition_of
from plugin.errors import Conflict, NotFound, RateLimited, ServiceUnavailable
from plugin.ports import DeadLetter, DeadLetters, Page
from plugin.profiles.events import BadEventError, decode
from plugin.profiles.readable import instant, readable_event
from plugin.service.audit import Action

Shown = Mapping[str, object]
REPEATED_MS = 7 * 86_400_000
"""So long after it was sent again a letter may be once more: its event's id is still known."""


class Takes(Protocol):
    """The part of a stream that letters are sent again through."""

    @property
    def partitions(self) -> int: ...

    def append(self, records: list[Record]) -> None: ...


class Note(Protocol):
    """As `plugin.service.audit.Auditing.note`."""

    def __call__(
        self, actor: str, action: Action, sources: tuple[str, ...] = (), detail: Mapping[str, object] | None = None
    ) -> None: ...


class DeadEvents:
    """What operators do with dead letters. Every look and every step is noted in the audit log."""

    def __init__(
        self,
        letters: DeadLetters,
        stream: Takes,
        *,
        lift: Callable[[str, int], str],
        note: Note,
        now_ms: Callable[[], int],
    ) -> None:
        """Take what it works with.

        Args:
            lift: a source of older keys, with the version of its key, as it is with all of them.
        """
        self._letters = letters
        self._stream = stream
        self._lift = lift
        self._note = note
        self._now_ms = now_ms

    def page(self, *, replayed: bool | None, after: str | None, limit: int, actor: str) -> Page[Shown]:
        """In order of id; `replayed` None: those that were sent again, too."""
        found = self._letters.page(replayed=replayed, after=after, limit=limit)
        self._note(actor, "read_dead_letters", detail={"letters": len(found.items)})
        return Page(tuple(map(_shown, found.items)), found.next)

    def read(self, id_: str, *, actor: str) -> Shown:
        """One letter. Raises: NotFound."""
        letter = self._one(id_)
        self._note(actor, "read_dead_letters", _sources(letter), {"letter": id_})
        return _shown(letter)

    def replay(self, id_: str, *, actor: str) -> Shown:
        """Send the event of a letter through the stream again; one that was applied meanwhile counts once.

        Raises:
            NotFound: there is no such letter.
            Conflict: it holds no event that can be read, or was sent again so long ago that whether it counts is
                forgotten.
            RateLimited, ServiceUnavailable: it cannot be kept now.
        """
        letter = self._one(id_)
        try:
            event = decode(letter.payload)
        except BadEventError as fault:
            raise Conflict("What the letter holds is no event, and cannot be sent again.") from fault
        if letter.replayed_at is not None and self._now_ms() - letter.replayed_at > REPEATED_MS:
            raise Conflict("It was sent again before, and would count twice now: ids of events are kept for 8 days.")
        self._note(actor, "replay_dead_letters", _sources(letter), {"letter": id_})
        source = self._lift(event.source, event.key_version)
        try:
            self._stream.append([Record(partition_of(source, self._stream.partitions), source, letter.payload)])
        except StreamFull as fault:
            raise RateLimited(max(1, round(fault.retry_after_s))) from fault
        except StreamDown as fault:
            raise ServiceUnavailable("The event cannot be kept now; try again.", 2) from fault
        self._letters.replayed(letter, at=self._now_ms())
        return _shown(self._one(id_))

    def drop(self, id_: str, *, actor: str) -> None:
        """Give a letter up for good. Raises: NotFound."""
        letter = self._one(id_)
        self._note(actor, "discard_dead_letters", _sources(letter), {"letter": id_})
        self._letters.discard([id_])

    def _one(self, id_: str) -> DeadLetter:
        found = self._letters.get([id_])
        if not found:
            raise NotFound("There is no such dead letter.")
        return found[0]


def _sources(letter: DeadLetter) -> tuple[str, ...]:
    return (letter.source,) if letter.source is not None else ()


def told(letter: DeadLetter) -> dict[str, object]:
    """What happened to an event that could not be applied, and the event as far as it can be read."""
    try:
        event: object = readable_event(decode(letter.payload))
    except BadEventError:
        event = {"unreadable_bytes": len(letter.payload)}
    return {
        "source": letter.source,
        "why": letter.reason,
        "attempts": letter.attempts,
        "first": instant(letter.first_at),
        "last": instant(letter.last_at),
        "sent_again": instant(letter.replayed_at) if letter.replayed_at is not None else None,
        "event": event,
    }


def _shown(letter: DeadLetter) -> Shown:
    return {"id": letter.id, **told(letter)}
