"""Who serves what: each serving process says which state it has in place, and whoever waits for all of them asks.

The rules and the content are told alike, so that a change of either can be waited for: a purge of caches must not come
before every process serves the new content, and a publication is everywhere once each process serves its epoch.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from plugin.errors import TesseraError
from plugin.flow.types import Site
from plugin.ports.serving import Serving, ServingStore

_log = logging.getLogger(__name__)

HEARTBEAT = timedelta(seconds=10)
"""How often a process says that it still serves what it did."""
EXPIRES = timedelta(seconds=30)
"""A process that was not heard for so long is gone; where it looks at the stores less often, three times that."""
_AFTER_A_FAULT = timedelta(seconds=1)


class Reporting:
    """Says what this process serves: one small write for a change, and one for each heartbeat."""

    def __init__(
        self, store: ServingStore, *, process: str, clock: Callable[[], datetime], monotonic: Callable[[], float]
    ) -> None:
        """``process`` is a name that no other process has, nor had."""
        self._store = store
        self._process = process
        self._clock = clock
        self._monotonic = monotonic
        self._told: str | None = None
        self._since: datetime | None = None
        self._next = 0.0
        self._fails = False

    def tell(self, site: Site | None) -> None:
        """Say it, where it is news or time to; call it often. A database that does not take it is tried again."""
        moment = self._monotonic()
        is_news = site is not None and site.revision != self._told and not self._fails
        if site is None or not (is_news or moment >= self._next):
            return
        now = self._clock()
        if site.revision != self._told or self._since is None:
            self._since = now
        rules, _, content = site.revision.partition(".")
        try:
            self._store.report(Serving(self._process, site.version, int(rules), int(content), self._since, now))
        except TesseraError as fault:
            if not self._fails:
                _log.warning("what this process serves cannot be told: %s", fault)
            self._fails = True
            self._next = moment + _AFTER_A_FAULT.total_seconds()
            return
        self._fails = False
        self._told = site.revision
        self._next = moment + HEARTBEAT.total_seconds()

    def leave(self) -> None:
        """Say that it serves no longer, so that nobody waits for it. What fails expires by itself."""
        if self._told is None:
            return
        try:
            self._store.leave(self._process)
        except TesseraError as fault:
            _log.info("that this process ends cannot be told: %s", fault)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The live processes; none where nobody reports."""

    processes: tuple[Serving, ...]

    def behind(self, *, rules: int = 0, content: int = 0) -> tuple[Serving, ...]:
        """Those that do not serve these epochs yet, or later ones."""
        return tuple(one for one in self.processes if one.rules < rules or one.content < content)


class Fleets:
    """Looks who serves what."""

    def __init__(self, store: ServingStore, *, clock: Callable[[], datetime], poll: timedelta = timedelta(0)) -> None:
        """``poll``: how often processes look at the stores, and so are heard at most."""
        self._store = store
        self._clock = clock
        self._expires = max(EXPIRES, 3 * poll)

    def look(self) -> Fleet:
        """Who lives now. Raises ServiceUnavailable."""
        return Fleet(self._store.live(self._clock() - self._expires))

    def forget(self) -> None:
        """Drop the rows of those that are gone. Raises ServiceUnavailable."""
        self._store.forget(self._clock() - 10 * self._expires)
