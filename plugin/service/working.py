"""The event worker: reads what waits, has it applied, copies what came of it, and only then acknowledges."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from adapters.streams.port import Delivery, NotClaimed, Stream, StreamDown
from plugin.errors import Conflict, ServiceUnavailable, TesseraError
from plugin.ports import Applying, Fenced
from plugin.service.apply import Applier
from plugin.service.partitions import Partitions

MOST_AT_ONCE = 200
MOST_ATTEMPTS = 3
"""Of a single event that nothing but itself keeps from being applied."""
WAIT_S = 0.1
TICK_MS = 200
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
        copy: Callable[[], None],
        count: Callable[[str, int], None],
        now_ms: Callable[[], int],
        sleep: Callable[[float], None],
        at: Callable[[str], None],
    ) -> None:
        """Take what it works with.

        Args:
            copy: writes the hot copies of what was applied; never raises for an outage.
            count: told of events by outcome.
            at: told of named points in the work.
        """
        self._stream = stream
        self._partitions = partitions
        self._applier = applier
        self._applying = applying
        self._copy = copy
        self._count = count
        self._now_ms = now_ms
        self._sleep = sleep
        self._at = at
        self._ticked = 0
        self._failures: Counter[str] = Counter()

    def step(self) -> bool:
        """Work on what is there; False where nothing was."""
        if not self._partitions.refresh():
            self._sleep(WAIT_S)
            return False
        did = self._tick()
        try:
            found = self._stream.read(list(self._partitions.held), limit=MOST_AT_ONCE, wait_s=0.0 if did else WAIT_S)
        except (StreamDown, NotClaimed) as fault:
            _log.warning("the stream of events cannot be read: %s", fault)
            for partition in list(self._partitions.held):
                self._partitions.lose(partition)
            self._sleep(_RETRY_S)
            return False
        by_partition: dict[int, list[Delivery]] = {}
        for delivery in found:
            by_partition.setdefault(delivery.partition, []).append(delivery)
        for partition, deliveries in by_partition.items():
            self._work(partition, deliveries)
        return did or bool(found)

    def _work(self, partition: int, deliveries: Sequence[Delivery]) -> None:
        try:
            self._apply(partition, deliveries)
        except Fenced:
            self._partitions.lose(partition)
        except (Conflict, ServiceUnavailable, StreamDown) as fault:
            _log.warning("events of partition %s wait: %s", partition, fault)
            self._partitions.lose(partition)  # claimed anew, all that is not acknowledged comes again
            self._sleep(_RETRY_S)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it must not stop the events behind it
            self._one_by_one(partition, deliveries, fault)

    def _apply(self, partition: int, deliveries: Sequence[Delivery]) -> None:
        token = self._partitions.held[partition]
        outcome = self._applier.apply(Partitions.name(partition), token, deliveries)
        self._at("after commit")
        self._copy()
        self._at("before acknowledgement")
        self._stream.ack(partition, [one.position for one in deliveries])
        for kind, number in outcome.counts.items():
            self._count(kind, number)

    def _one_by_one(self, partition: int, deliveries: Sequence[Delivery], fault: Exception) -> None:
        """Something in a batch cannot be applied: find out what, and bury it once it failed often enough."""
        if len(deliveries) > 1:
            for delivery in deliveries:
                if partition in self._partitions.held:
                    self._work(partition, [delivery])
            return
        (delivery,) = deliveries
        key = f"{partition}:{delivery.position}"
        self._failures[key] += 1
        if self._failures[key] < MOST_ATTEMPTS:
            self._work(partition, deliveries)
            return
        del self._failures[key]
        # The fault's own words could repeat what is in the event; its kind says enough, the log of errors the place.
        _log.error("an event cannot be applied and is put among the dead letters", exc_info=fault)
        token = self._partitions.held[partition]
        self._applier.bury(Partitions.name(partition), token, delivery, type(fault).__name__)
        self._stream.ack(partition, [delivery.position])
        self._count("dead", 1)

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
        for partition, token in list(self._partitions.held.items()):
            due = self._applying.due(
                now=now, partition=partition, partitions=self._stream.partitions, limit=MOST_AT_ONCE
            )
            if not due:
                continue
            try:
                self._applier.look_again(Partitions.name(partition), token, [one.source for one in due])
                self._copy()
                did = True
            except Fenced:
                self._partitions.lose(partition)
            except TesseraError as fault:
                _log.warning("what is due waits: %s", fault)
        if did:
            self._ticked = 0  # there may be more
        return did
