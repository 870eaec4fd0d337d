"""Relaying purges: once every process serves the new state, in batches, until they succeed, and twice.

A change is handed over to all caches in one transaction, and from then on each of them has a line of its own: what it
took is not sent to it again because another did not, and one that hangs or asks for fewer requests holds up itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
_MOST_AGAIN = 64
"""Changes that are sent together after a refusal are half as many, then a quarter: few enough for one request."""
_PRUNED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """Changes that a cache was not told of yet, the age of the oldest of them, and purges whose last try failed."""

    waiting: int
    oldest: timedelta
    failing: int


def standing(store: PurgeStore, caches: Collection[str], now: datetime) -> Mapping[str, Standing]:
    """How the purges of each cache stand. Raises ServiceUnavailable."""
    return {
        cache: Standing(
            found.waiting, max(timedelta(0), now - found.oldest) if found.oldest else timedelta(0), found.failing
        )
        for cache, found in store.backlogs(caches).items()
    }


class Relay:
    """Hands over what is in the outbox to the caches, and says which of them have something to be told.

    Several processes may: a purge does no harm twice.
    """

    def __init__(
        self,
        caches: Collection[str],
        store: PurgeStore,
        *,
        clock: Callable[[], datetime],
        fleets: Fleets,
        settle: timedelta,
        longest: timedelta,
        tell: Callable[[str], bool],
        alone: Telling | None = None,
    ) -> None:
        """
        Args:
            fleets: who serves what. A change is purged once every live process serves it.
            settle: after a change is stored, until it is purged where no process says what it serves.
            longest: so long a process that lags is waited for; then caches are told all the same.
            tell: see to it that a cache is told what is due; whether that was done at once.
            alone: of the only cache there is. It is told before changes are handed over to it: a transaction less.
        """
        self._caches = tuple(caches)
        self._store = store
        self._clock = clock
        self._fleets = fleets
        self._settle = settle
        self._longest = longest
        self._tell = tell
        self._alone = alone
        self._next_prune: datetime | None = None

    def step(self) -> bool:
        """See to what is due. False where nothing was done here."""
        now = self._clock()
        if not waits(now, self._next_prune, _PRUNED_EVERY):
            self._store.prune(now - KEPT)
            self._fleets.forget()
            self._next_prune = now + _PRUNED_EVERY
        pending = self._store.pending(self._caches, now=now)
        due = self._in_place(self._store.due(now=now), now) if pending.changes else ()
        if due and self._alone is not None and not pending.resting and not any(purge.passes for purge in due):
            self._alone.first(due)
        elif due:
            self._store.hand_over(_numbers(due), self._caches, due_at=now)
            pending = replace(pending, caches=self._caches)
        told = [self._tell(cache) for cache in pending.caches]
        return bool(due) or any(told)

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


class Telling:
    """Tells one cache what is due to it, at its own pace."""

    def __init__(
        self,
        name: str,
        purger: Purger,
        store: PurgeStore,
        *,
        clock: Callable[[], datetime],
        random: Callable[[], float],
        again: timedelta,
        at: Callable[[str], None] = nowhere,
    ) -> None:
        """``again``: from the first purge of a change to the second."""
        self.name = name
        self._purger = purger
        self._store = store
        self._clock = clock
        self._random = random
        self._again = again
        self._at = at
        self._failures = 0

    def step(self) -> bool:
        """Send what is due. False where nothing was, or the cache rests."""
        due = self._store.due_to(self.name, now=self._clock())
        if not due:
            return False
        self._at("before purge")
        for some in _alike(due):
            if (fault := self._refusal(some)) is not None:
                self._rest(some, fault)
                break  # what else is due waits, too: the cache is not well
            passes = some[0].passes
            again_at = self._clock() + self._again if passes + 1 < PASSES else None
            self._store.sent(self.name, _numbers(some), passes=passes, again_at=again_at)
        return True

    def first(self, due: Sequence[Purge]) -> None:
        """Send changes that were not handed over to any cache yet, for this is the only one, and hand them over."""
        self._at("before purge")
        for some in _alike(due):
            if (fault := self._refusal(some)) is not None:
                self._store.hand_over(_numbers(due), [self.name], due_at=self._clock())
                self._rest(some, fault)
                break
            self._store.hand_over(_numbers(some), [self.name], due_at=self._clock() + self._again, passes=1)

    def _rest(self, due: Sequence[Purge], fault: EdgeError) -> None:
        wait = timedelta(seconds=backoff_s(self._failures, fault.retry_after, self._random()))
        self._failures += 1
        said = f"{self.name}: {fault}"
        _log.warning("the purge failed and is repeated: %s", said)
        due_at = self._clock() + wait
        self._store.failed(self.name, _numbers(due), said, passes=due[0].passes, due_at=due_at)

    def _refusal(self, due: Sequence[Purge]) -> EdgeError | None:
        """Send purges that are alike: what went wrong."""
        try:
            self._send(due)
        except EdgeError as fault:
            return fault
        self._failures = 0
        return None

    def _send(self, due: Sequence[Purge]) -> None:
        """Purges that are alike. Raises EdgeError."""
        keys = list(dict.fromkeys(key for purge in due for key in keys_of(purge)))
        hard, again = due[0].removed, due[0].passes > 0
        # What is of a state that holds all of the changes was made after each of them.
        state = State(max(purge.rules for purge in due), max(purge.epoch for purge in due))
        for some in _parts(keys):
            if again and isinstance(self._purger, LatePurger):
                self._purger.purge_late(some, hard=hard, state=state)
            else:
                self._purger.purge(some, hard=hard)


def _alike(due: Sequence[Purge]) -> Iterator[Sequence[Purge]]:
    """Those to be sent in one go: as hard, and for the first time or again.

    What was refused comes last, and in pieces that halve each time. So what a cache takes is not held up by what it
    never will, and one that takes few requests gets further with each.
    """
    for attempts in sorted({one.attempts for one in due}):
        most = max(1, _MOST_AGAIN >> attempts) if attempts else len(due)
        for hard in (True, False):
            for again in (False, True):
                kind = (attempts, hard, again)
                some = [one for one in due if (one.attempts, one.removed, one.passes > 0) == kind]
                yield from (some[start : start + most] for start in range(0, len(some), most))


def _numbers(purges: Sequence[Purge]) -> Sequence[int]:
    return [purge.number for purge in purges]


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + MOST_KEYS] for start in range(0, len(keys), MOST_KEYS))
