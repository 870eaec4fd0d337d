"""Views that are not asked for while their database is away: a breaker, for those who wait are visitors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

from plugin.errors import ServiceUnavailable, TesseraError
from plugin.ports import Viewed, VisitorRow
from plugin.ports.views import Views

REST_S = 1.0
T = TypeVar("T")


class RestedViews:
    """The database's views. After one that could not be read, nobody asks for a while; then one does, alone, and once
    that went well everybody. A database that does not answer at all costs seconds each time."""

    def __init__(self, behind: Views, *, monotonic: Callable[[], float], rest_s: float = REST_S) -> None:
        self._behind = behind
        self._monotonic = monotonic
        self._rest_s = rest_s
        self._lock = Lock()
        self._until: float | None = None  # None: all is well
        self._trying = False

    def view(self, source: str) -> Viewed:
        """The view of whom a source belongs to. Raises ServiceUnavailable, at once while it rests."""
        return self._asked(self._behind.view, source)

    def group(self, source: str) -> Sequence[VisitorRow]:
        """All sources of whom a source belongs to. Raises ServiceUnavailable, at once while it rests."""
        return self._asked(self._behind.group, source)

    def _asked(self, ask: Callable[[str], T], source: str) -> T:
        # Seen without the lock: whoever just misses that it rests asks as those before did.
        alone = self._until is not None and self._tries()
        try:
            found = ask(source)
        except TesseraError:
            with self._lock:
                self._until = self._monotonic() + self._rest_s
                self._trying = self._trying and not alone
            raise
        except BaseException:
            with self._lock:
                self._trying = self._trying and not alone
            raise
        if alone:
            with self._lock:
                self._until, self._trying = None, False
        return found

    def _tries(self) -> bool:
        """Whether whoever asks now is the one who tries. Raises ServiceUnavailable where nobody is to ask."""
        with self._lock:
            alone = self._until is not None
            if self._until is not None and (self._trying or self._monotonic() < self._until):
                raise ServiceUnavailable("The database did not answer a moment ago.")
            self._trying = alone
            return alone
