"""The event worker: reads what waits, has it applied, copies what came of it, and only then acknowledges."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from adapters.streams.port import Delivery, NotClaimed, Stream, StreamDown
from plugin.errors import Conflict, ServiceUnavailable, TesseraError
from plugin.ports import Applying, Fenced
from plugin.service.events.apply import Applier
from plugin.service.events.conflicts import Conflicts
from plugin.service.events.partitions import Partitions
from plugin.service.visitors.copying import Copying

MOST_AT_ONCE = 400
"""In one transaction, about: those who write beside it, such as links and lists, wait for it."""
LEAST_OF_ONE = 50
"""Of one partition."""
MOST_ATTEMPTS = 3
"""Of a single event that nothing but itself keeps from being applied."""
MOST_TOGETHER = 3
"""An event that was delivered more often, with no end of it, is applied alone: it may be what workers end at."""
MOST_DELIVERIES = 8
"""Of those delivered more often than that, the first that is not applied is put among the dead letters."""
WAIT_S = 0.2
SOON_S = 0.02
"""Where nothing comes for so long, there is time to tidy up."""
TICK_MS = 200
LOOK_MS = 10_000
STRAY_S = 20.0
"""An event that waits for longer, though there is nothing to read, was given to somebody else."""
LATER_MS = 3_600_000
ASIDE_MS = 10_000
"""So long events that this process cannot apply yet are not looked at again."""
MOST_ASIDE = 10_000
"""Beyond that nothing is read until they can be."""
_RETRY_S = 0.2
_log = logging.getLogger(__name__)


class Worker:
    """One worker: `step` is called again and again by one thread."""

    def __init__(
        self,
        *,
        stream: Stream,
        partitions: Partitions,
        applier: Applier,
        applying: Applying,
        copying: Copying,
        count: Callable[[str, int], None],
        late: Callable[[Sequence[float]], None],
        conflicts: Conflicts,
        now_ms: Callable[[], int],
        sleep: Callable[[float], None],
        at: Callable[[str], None],
    ) -> None:
        """Take what it works with.

        Args:
            copying: of what was applied.
            count: told of events by outcome.
            late: told of the events that were applied, how long after they were accepted, in seconds.
            at: told of named points in the work.
        """
        self._stream = stream
        self._partitions = partitions
        self._applier = applier
        self._applying = applying
        self._copying = copying
        self._count = count
        self._late = late
        self._conflicts = conflicts
        self._now_ms = now_ms
        self._sleep = sleep
        self._at = at
        self._ticked = 0
        self._looked = now_ms()
        self._failures: Counter[str] = Counter()
        self._waiting: list[Delivery] = []
        self._aside: dict[tuple[int, str], tuple[int, Delivery]] = {}  # by place, with the token of its lease
        self._aside_at = 0

    def step(self) -> bool:
        """Work on what is there; False where nothing was."""
        if not self._refresh():
            self._sleep(WAIT_S)
            return False
        self._applier.prepare()
        did = self._tick()
        wait_s = WAIT_S if self._copying.is_settled else SOON_S
        found = self._waiting or self._set_aside() or self._read(0.0 if did else wait_s)
        self._waiting = []
        if found:
            self._at("after read")
            # First, so that whoever ends at one of the others has applied these.
            self._work_alone([one for one in found if one.attempts > MOST_TOGETHER])
            self._work([one for one in found if one.attempts <= MOST_TOGETHER])
        else:
            self._look_for_strays()
        self._copying.settle(idle=not found)
        return did or bool(found)

    def _read(self, wait_s: float) -> list[Delivery]:
        held = list(self._partitions.held)
        if not held or len(self._aside) >= MOST_ASIDE:
            self._sleep(wait_s)
            return []
        # All together no more than one transaction takes well, and none of them starved by another.
        most = max(MOST_AT_ONCE // len(held), LEAST_OF_ONE)
        try:
            return self._stream.read(held, limit=most, wait_s=wait_s)
        except (StreamDown, NotClaimed) as fault:
            _log.warning("the stream of events cannot be read: %s", fault)
            self._lose(held)
            self._sleep(_RETRY_S)
            return []

    def _look_for_strays(self) -> None:
        """What was delivered to a process that lost its lease at that instant is asked for again.

        It woke after standing still, between renewing and reading: whoever took the lease had claimed before.
        """
        now = self._now_ms()
        if 0 <= now - self._looked < LOOK_MS:
            return
        self._looked = now
        try:
            waiting = self._stream.backlog().partitions
        except StreamDown:
            return
        aside = {partition for partition, _position in self._aside}
        self._lose(
            [one.partition for one in waiting if one.count and one.oldest_s > STRAY_S and one.partition not in aside]
        )

    def _refresh(self) -> bool:
        try:
            return self._partitions.refresh()
        except StreamDown as fault:
            _log.warning("the stream of events cannot be read: %s", fault)
            return False

    def _work(self, deliveries: Sequence[Delivery]) -> None:
        mine = [one for one in deliveries if one.partition in self._partitions.held]
        if not mine:
            return
        try:
            self._apply(mine)
        except Fenced as fault:
            self._lose([one for one in {one.partition for one in mine} if Partitions.name(one) in fault.partitions])
            self._work(mine)
        except (Conflict, ServiceUnavailable) as fault:
            _log.warning("events wait: %s", fault)
            self._waiting += mine
            self._sleep(_RETRY_S)
        except StreamDown as fault:
            _log.warning("events that were applied cannot be acknowledged: %s", fault)
            self._lose({one.partition for one in mine})  # claimed anew, they come again, and are duplicates
            self._sleep(_RETRY_S)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it must not stop the events behind it
            self._divide(mine, fault)

    def _work_alone(self, suspects: Sequence[Delivery]) -> None:
        """Apply each by itself, in the same order in every process: one at which workers end is the first left."""
        ordered = sorted(suspects, key=lambda one: (-one.attempts, one.partition))
        culprit = self._culprit([one for one in ordered if one.partition in self._partitions.held])
        for one in ordered:
            if one is not culprit:
                self._work([one])
            elif one.partition in self._partitions.held:  # else it comes again, to whoever has it then
                self._bury(one, "workers ended at it")

    def _culprit(self, suspects: Sequence[Delivery]) -> Delivery | None:
        """The one at which workers ended so often; those behind it were never tried alone, and those before are
        applied, even where their acknowledgement was lost."""
        for one in suspects:
            if one.attempts <= MOST_DELIVERIES:
                break
            try:
                if self._applier.may_end_it(one):
                    return one
            except TesseraError:
                break
        return None

    def _set_aside(self) -> list[Delivery]:
        """Those that could not be applied yet, where it is time to try again."""
        if not self._aside or 0 <= self._now_ms() - self._aside_at < ASIDE_MS:
            return []
        self._aside_at = self._now_ms()
        held = self._partitions.held
        taken = [self._aside.pop(place) for place in list(self._aside)[:MOST_AT_ONCE]]
        # A partition that was claimed anew delivers them again.
        return [one for token, one in taken if held.get(one.partition) == token]

    def _apply(self, deliveries: Sequence[Delivery]) -> None:
        by_partition: dict[int, list[str]] = {}
        for one in deliveries:
            by_partition.setdefault(one.partition, []).append(one.position)
        tokens = self._partitions.tokens(list(by_partition))
        outcome = self._applier.apply(tokens, deliveries, self._copying.copied)
        self._copying.taken_out()
        self._at("after commit")
        self._copying.put(outcome.copies)
        self._at("after copy")
        now = self._now_ms()
        self._late([max(0, now - received) / 1_000 for received in outcome.received])
        self._conflicts.tell(outcome.conflicts)
        self._put_aside(outcome.later)
        for one in outcome.later:
            by_partition[one.partition].remove(one.position)
        for partition, positions in by_partition.items():
            self._stream.ack(partition, positions)
            self._at("amid acknowledgement")
        for kind, number in outcome.counts.items():
            self._count(kind, number)

    def _put_aside(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries and not self._aside:
            _log.warning("events wait that are of a visitor key that this process does not have; restart it")
            self._aside_at = self._now_ms()
        for one in deliveries:
            self._aside[one.partition, one.position] = (self._partitions.held[one.partition], one)

    def _divide(self, deliveries: Sequence[Delivery], fault: Exception) -> None:
        """Something in a batch cannot be applied: find out what by halves, and bury it once it failed often enough."""
        if len(deliveries) > 1:
            middle = len(deliveries) // 2
            self._work(deliveries[:middle])
            self._work(deliveries[middle:])
            return
        (delivery,) = deliveries
        key = f"{delivery.partition}:{delivery.position}"
        self._failures[key] += 1
        if self._failures[key] < MOST_ATTEMPTS:
            self._work(deliveries)
            return
        del self._failures[key]
        # The fault's own words could repeat what is in the event; its kind says enough, and where it came up.
        _log.error("an event cannot be applied and is put among the dead letters: %s", _place(fault))
        self._bury(delivery, type(fault).__name__)

    def _bury(self, delivery: Delivery, reason: str) -> None:
        try:
            self._applier.bury(self._partitions.tokens([delivery.partition]), delivery, reason)
            self._stream.ack(delivery.partition, [delivery.position])
        except (Fenced, TesseraError, StreamDown) as fault:
            _log.warning("a dead letter waits: %s", fault)
            self._lose([delivery.partition])
            return
        self._count("dead", 1)

    def _lose(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._partitions.lose(partition)

    def _tick(self) -> bool:
        """Look again at those whose time has come: absences, ends of memberships, lists that were imported."""
        now = self._now_ms()
        if 0 <= now - self._ticked < TICK_MS:
            return False
        self._ticked = now
        first = self._applying.next_due()
        if first is None or first > now:
            return False
        did = False
        for partition in list(self._partitions.held):
            due = self._applying.due(
                now=now, partition=partition, partitions=self._stream.partitions, limit=MOST_AT_ONCE
            )
            if not due:
                continue
            self._look_again(partition, [one.source for one in due])
            did = True
        if did:
            self._ticked = 0  # there may be more
        return did

    def _look_again(self, partition: int, sources: Sequence[str]) -> None:
        tokens = self._partitions.tokens([partition])
        try:
            self._copying.put(self._applier.look_again(tokens, sources).copies)
        except Fenced:
            self._partitions.lose(partition)
        except TesseraError as fault:
            _log.warning("what is due waits: %s", fault)
            self._sleep(_RETRY_S)
        except Exception as fault:  # noqa: BLE001 - as with events
            if len(sources) > 1:
                for source in sources:
                    if partition in self._partitions.held:
                        self._look_again(partition, [source])
                return
            _log.error("somebody cannot be looked at again; it is tried later: %s", _place(fault))
            with suppress(Fenced, TesseraError):
                self._applier.put_off(tokens, sources[0], LATER_MS)


def _place(fault: Exception) -> str:
    """The kind of a fault and where it was raised, without its words."""
    last = traceback.extract_tb(fault.__traceback__)[-1:]
    return " ".join([type(fault).__name__, *(f"at {Path(one.filename).name}:{one.lineno}" for one in last)])
