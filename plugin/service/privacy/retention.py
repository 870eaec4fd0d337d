"""How long everything is kept, and the job that removes what is older, in small steps."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from plugin.ports import DAYS_KEPT, Kept, Leases, Retention

DAY_MS = 86_400_000
EVERY_MS = 3_600_000
LEASE = "retention"
LEASE_MS = 300_000
WINDOWS = "windows"
STEP = 1_000
"""Rows of one transaction: who applies events waits for it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Keeps:
    """For how many days what is kept, by the settings."""

    events: int
    profiles: int
    audit: int
    dead_letters: int
    types: Mapping[str, int] = field(default_factory=dict)  # of the log of events, those that are kept shorter

    @property
    def in_flight_ms(self) -> int:
        """For so long what was accepted may still be applied: a dead letter can be sent again while it is kept.

        Nothing older is applied at all, and fences stand for as long.
        """
        return (self.dead_letters + DAYS_KEPT + 1) * DAY_MS

    def before(self, now: int) -> Mapping[Kept, int]:
        """By kind, the instant before which it goes."""

        def days(number: int) -> int:
            return now - number * DAY_MS

        return {
            "events": days(self.events),
            "event_ids": days(DAYS_KEPT + 1),
            "membership_log": days(self.events),
            "dead_letters": days(self.dead_letters),
            "visitors": days(self.profiles),
            "links": days(self.profiles),
            "fences": now,
            "erasures": days(self.audit),
            "audit": days(self.audit),
        }


class Retaining:
    """Removes what is old: hourly in workers, one of them at a time."""

    def __init__(
        self,
        retention: Retention,
        leases: Leases,
        keeps: Keeps,
        owner: str,
        *,
        now_ms: Callable[[], int],
        rest: Callable[[], None],
    ) -> None:
        """Take what it works with.

        Args:
            owner: a name that no other living process has.
            rest: lets others write between two steps.
        """
        self._retention = retention
        self._leases = leases
        self._keeps = keeps
        self._owner = owner
        self._now_ms = now_ms
        self._rest = rest
        self._next = 0

    def step(self) -> bool:
        """Remove what is old where it is time for it. Raises TesseraError; then it is tried again."""
        now = self._now_ms()
        if 0 <= self._next - now <= EVERY_MS:
            return False
        token = self._leases.acquire(LEASE, self._owner, now=now, ttl=LEASE_MS)
        if token is not None:
            try:
                self._log(self._run(token))
            finally:
                self._leases.release(LEASE, token)
        self._next = now + EVERY_MS  # of several workers, each looks hourly
        return False

    def run(self) -> Mapping[str, int]:
        """Remove everything that is old now, whoever else does; gives how many rows went, by kind."""
        return self._run(None)

    def _run(self, token: int | None) -> Mapping[str, int]:
        gone: Counter[str] = Counter()
        for kind, number in self._steps():
            gone[kind] += number
            if token is not None and not self._leases.renew(LEASE, token, now=self._now_ms(), ttl=LEASE_MS):
                break  # another goes on with it
            self._rest()
        return dict(gone)

    def _steps(self) -> Iterator[tuple[str, int]]:
        now = self._now_ms()
        for type_, days in self._keeps.types.items():
            while gone := self._retention.prune_events(type_, before=now - days * DAY_MS, limit=STEP):
                yield "events", gone
        for kind, before in self._keeps.before(now).items():
            while gone := self._retention.prune(kind, before=before, limit=STEP):
                yield kind, gone
        # What a pattern can look back at is no longer than events are kept.
        while gone := self._retention.prune_windows(before=now - self._keeps.events * DAY_MS, limit=STEP):
            yield WINDOWS, gone

    def _log(self, gone: Mapping[str, int]) -> None:
        if gone:
            _log.info("what was kept long enough is gone: %s", ", ".join(f"{n} {kind}" for kind, n in gone.items()))
