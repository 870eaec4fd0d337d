"""Relaying purges: once every process serves the new state, in batches, until they succeed, and twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.edge.port import MOST_KEYS, EdgeError, LatePurger, Purger, State
from plugin.edge.keys import keys_of
from plugin.ports import Purge, PurgeStore
from plugin.service.content.converge import backoff_s, waits
from plugin.service.content.notices import nowhere
from plugin.service.delivery.serving import Fleets

_log = logging.getLogger(__name__)

PASSES = 2
KEPT = timedelta(days=7)
"""How long purges that were sent, and tombstones, are kept."""
_PRUNED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Changes that caches were not told of yet, the age of the oldest of them, and purges whose last try failed."""

    waiting: int
    oldest: timedelta
    failing: int


def standing(store: PurgeStore, now: datetime) -> Standing:
    """How the purges stand. Raises ServiceUnavailable."""
    found = store.backlog()
    oldest = timedelta(0) if found.oldest is None else max(timedelta(0), now - found.oldest)
    return Standing(found.waiting, oldest, found.failing)


class Relay:
    """Sends what is in the outbox to every cache. Several processes may: a purge does no harm twice."""

    def __init__(
        self,
        purgers: Mapping[str, Purger],
        store: PurgeStore,
        *,
        clock: Callable[[], datetime],
        random: Callable[[], float],
        fleets: Fleets,
        settle: timedelta,
        longest: timedelta,
        again: timedelta,
        at: Callable[[str], None] = nowhere,
    ) -> None:
        """
        Args:
            fleets: who serves what. A change is purged once every live process serves it.
            settle: after a change is stored, until it is purged where no process says what it serves.
            longest: so long a process that lags is waited for; then caches are told all the same.
            again: from the first purge to the second.
        """
        self._purgers = dict(purgers)
        self._store = store
        self._clock = clock
        self._random = random
        self._fleets = fleets
        self._settle = settle
        self._longest = longest
        self._again = again
        self._at = at
        self._next_prune: datetime | None = None

    def step(self) -> bool:
        """Send what is due. False where nothing was."""
        now = self._clock()
        if not waits(now, self._next_prune, _PRUNED_EVERY):
            self._store.prune(now - KEPT)
            self._fleets.forget()
            self._next_prune = now + _PRUNED_EVERY
        due = self._in_place(self._store.due(now=now), now)
        if not due:
            return False
        numbers = [purge.number for purge in due]
        self._at("before purge")
        faults = [fault for some in _alike(due) for fault in self._send(some)]
        if faults:
            said = "; ".join(dict.fromkeys(str(fault) for fault in faults))
            asked = max(fault.retry_after or 0.0 for fault in faults)
            wait = timedelta(seconds=backoff_s(max(one.attempts for one in due), asked, self._random()))
            _log.warning("the purge failed and is repeated: %s", said)
            self._store.failed(numbers, said, due_at=self._clock() + wait)
            return True
        last = [purge.number for purge in due if purge.passes + 1 >= PASSES or not self._purgers]
        first = sorted(set(numbers) - set(last))
        if first:
            self._store.sent(first, again_at=self._clock() + self._again)
        if last:
            self._store.sent(last, again_at=None)
        return True

    def _in_place(self, due: Sequence[Purge], now: datetime) -> Sequence[Purge]:
        """Those whose change every live process serves; of the others, those that nobody waits for any longer."""
        if all(purge.passes or purge.attempts for purge in due):
            return due
        fleet = self._fleets.look()
        wait = self._longest if fleet.processes else self._settle
        found = []
        late: set[str] = set()
        for purge in due:
            if not (purge.passes or purge.attempts):
                behind = fleet.behind(rules=purge.rules, content=purge.epoch)
                if (behind or not fleet.processes) and waits(now, purge.created_at + wait):
                    continue
                late |= {one.process for one in behind}
            found.append(purge)
        if late:
            _log.warning("caches are purged though an older state is still served by %s", ", ".join(sorted(late)))
        return found

    def _send(self, due: Sequence[Purge]) -> Iterator[EdgeError]:
        """Tell every cache of purges that are alike, whichever fails: what went wrong."""
        keys = list(dict.fromkeys(key for purge in due for key in keys_of(purge)))
        hard, again = due[0].removed, due[0].passes > 0
        # What is of a state that holds all of the changes was made after each of them.
        state = State(max(purge.rules for purge in due), max(purge.epoch for purge in due))
        for name, purger in self._purgers.items():
            try:
                for some in _parts(keys):
                    if again and isinstance(purger, LatePurger):
                        purger.purge_late(some, hard=hard, state=state)
                    else:
                        purger.purge(some, hard=hard)
            except EdgeError as fault:
                yield EdgeError(f"{name}: {fault}", fault.retry_after)


def _alike(due: Sequence[Purge]) -> Iterator[Sequence[Purge]]:
    """Those to be sent in one go: as hard, and for the first time or again."""
    for hard in (True, False):
        for again in (False, True):
            if some := [one for one in due if one.removed is hard and (one.passes > 0) is again]:
                yield some


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + MOST_KEYS] for start in range(0, len(keys), MOST_KEYS))
