"""Which events were taken before: the ids that came lately, and those that are applied."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from threading import Lock

from plugin.errors import TesseraError
from plugin.profiles.events import Event

MOST_REMEMBERED = 100_000
"""Some 20 MB. What is forgotten here is found among what is applied."""
_POLL_S = 0.01
_REST = 10
"""After waiting in vain nobody waits for so many times as long: who waits holds a thread that others could use."""


class EventIds:
    """Tells events that came before from new ones, as far as this process can: applying them decides."""

    def __init__(
        self,
        key: bytes,
        applied: Callable[[Collection[bytes]], Mapping[bytes, bytes]],
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        most: int = MOST_REMEMBERED,
    ) -> None:
        """Take what it works with.

        Args:
            key: of the digests of ids, at most 64 bytes.
            applied: the digest of the content of each id that is applied; raises TesseraError.
        """
        self._key = key
        self._applied = applied
        self._monotonic = monotonic
        self._sleep = sleep
        self._most = most
        self._lock = Lock()
        self._rest_until = float("-inf")
        self._recent: OrderedDict[str, bytes] = OrderedDict()

    def digest(self, identifier: str) -> bytes:
        """What is kept of an id: 16 bytes that say nothing of whoever made it."""
        return blake2b(identifier.encode(), digest_size=16, key=self._key).digest()

    def sort(self, events: Sequence[Event]) -> tuple[list[Event], int, list[Event]]:
        """Those that are new, how many came before, and those whose id came before with another content."""
        before = self._before(events)
        fresh: list[Event] = []
        clashing: list[Event] = []
        duplicate = 0
        for event in events:
            known = before.get(event.id)
            if known is None:
                before[event.id] = event.digest
                fresh.append(event)
            elif known == event.digest:
                duplicate += 1
            else:
                clashing.append(event)
        return fresh, duplicate, clashing

    def remember(self, events: Sequence[Event]) -> None:
        """These are durable now."""
        with self._lock:
            for event in events:
                self._recent[event.id] = event.digest
            while len(self._recent) > self._most:
                self._recent.popitem(last=False)

    def wait(self, ids: Collection[str], wait_s: float) -> bool:
        """Whether all of these are applied, waiting so long for it at most; not at all while workers are behind."""
        now = self._monotonic()
        until = now if now < self._rest_until else now + wait_s
        left = {self.digest(identifier) for identifier in ids}
        while True:
            try:
                left -= self._applied(left).keys()
            except TesseraError:
                return False
            if not left:
                return True
            remaining = until - self._monotonic()
            if remaining <= 0:
                self._rest_until = max(self._rest_until, until + _REST * (until - now))
                return False
            self._sleep(min(_POLL_S, remaining))

    def _before(self, events: Sequence[Event]) -> dict[str, bytes]:
        with self._lock:
            found = {one.id: self._recent[one.id] for one in events if one.id in self._recent}
        unknown = {self.digest(one.id): one.id for one in events if one.id not in found}
        if unknown:
            with suppress(TesseraError):  # events are taken while the database is away: applying them decides
                found |= {unknown[octets]: digest for octets, digest in self._applied(unknown).items()}
        return found
