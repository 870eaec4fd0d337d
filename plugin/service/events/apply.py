"""Events applied: one transaction for a batch, with everything that it comes to, and only then the acknowledgement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b

from msgspec import msgpack
from msgspec.structs import replace

from adapters.streams.port import Delivery
from plugin.ports import Applying, Batch, DeadLetter, EventRow, HotCopy
from plugin.profiles.consent import event_applies
from plugin.profiles.events import UNPROVEN, BadEventError, Event, decode
from plugin.profiles.identity import Identity
from plugin.profiles.reduce import reduce
from plugin.profiles.settings import Settings
from plugin.service.events.ids import EventIds
from plugin.service.visitors.people import Draft, People, remake
from plugin.service.visitors.stage import Stage
from rules.patterns.windows import Entry

DAY_MS = 86_400_000
_NONE: Mapping[str, int] = {}
NEWER_KEY_MS = 3_600_000
"""So long an event of a newer key waits for a process that has it, such as this one when it is restarted."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch.

    Attributes:
        counts: events by outcome: applied, duplicate, erased (or too old), refused (by consent), unproven (of an id
            that is reserved for the site), bot, conflict, unreadable.
        copies: of the views that were written, where copies are kept.
        received: when those that were applied were accepted.
        conflicts: the types of those whose id another event had.
        later: those of a newer key than this process has: nothing was done about them.
    """

    counts: Counter[str] = field(default_factory=Counter)
    copies: Sequence[HotCopy] = ()
    received: list[int] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)
    later: list[Delivery] = field(default_factory=list)


class Applier:
    """Applies batches; for one thread."""

    def __init__(
        self,
        *,
        applying: Applying,
        ids: EventIds,
        stage: Callable[[], Stage],
        settings: Callable[[], Settings],
        lift: Callable[[str, int], str],
        key_version: int,
        deny_unknown: bool,
        keeps_copies: bool,
        in_flight_ms: int,
        now_ms: Callable[[], int],
        at: Callable[[str], None],
    ) -> None:
        """Take what it works with.

        Args:
            stage: what is published now.
            lift: a source of older keys, with the version of its key, as it is with all of them.
            keeps_copies: whether views are copied to a store of their own.
            in_flight_ms: for so long fences stand: what was received before that is not applied, for it could be of
                somebody who was erased.
            at: told of named points in the work.
        """
        self._applying = applying
        self._ids = ids
        self._stage = stage
        self._settings = settings
        self._lift = lift
        self._key_version = key_version
        self._deny_unknown = deny_unknown
        self._keeps_copies = keeps_copies
        self._in_flight_ms = in_flight_ms
        self._now_ms = now_ms
        self._at = at

    def prepare(self) -> None:
        """Make ready for what is published now, so that the first event after it need not wait for that."""
        self._stage()

    def apply(
        self, tokens: Mapping[str, int], deliveries: Sequence[Delivery], copied: Mapping[str, int] = _NONE
    ) -> Outcome:
        """Apply what was read, and look again at nobody else. All of it is written, or nothing.

        Args:
            tokens: of the leases under which it was read.
            copied: the versions of views that were copied since they were put in line for it: they leave it.
        Raises:
            Fenced: others work on some of the partitions by now.
            TesseraError: the store cannot be used now, or another was faster; the batch is to be tried again.
        """
        outcome = Outcome()
        letters: list[DeadLetter] = []
        events: list[Event] = []
        now = self._now_ms()
        for delivery in deliveries:
            try:
                event = decode(delivery.payload)
                if self._is_early(event, now):
                    outcome.later.append(delivery)
                    continue
                events.append(self._lifted(event))
            except (BadEventError, ValueError) as fault:
                outcome.counts["unreadable"] += 1
                letters.append(self.letter(delivery, str(fault)))
        with self._applying.begin(tokens) as batch:
            self._bury(batch, letters)
            if events:
                self._write(batch, events, now, outcome)
            # Last, where nothing is waited for any more: who puts one of them in line meanwhile waits for this, and
            # holds its visitor.
            batch.copied(copied)
        return outcome

    def may_end_it(self, delivery: Delivery) -> bool:
        """Whether a process could have ended while applying it: it is not applied, and this process could.

        Raises: TesseraError.
        """
        now = self._now_ms()
        try:
            event = decode(delivery.payload)
        except BadEventError:
            return True
        key = self._ids.key(event)
        return not self._is_early(event, now) and not self._applying.known_ids([key], day=now // DAY_MS)

    def look_again(self, tokens: Mapping[str, int], sources: Sequence[str]) -> Outcome:
        """Make the views of these anew, for it is due. Raises as `apply`."""
        stage, now, outcome = self._stage(), self._now_ms(), Outcome()
        with self._applying.begin(tokens) as batch:
            erased = batch.fences(sources)
            people = People(batch.groups(sources), now)
            # Who came in by a list alone; whoever wrote it may have a newer key than this process.
            strangers = [source for source in sources if source not in people and source not in erased]
            for source, key_version in batch.listed(strangers).items():
                people.draft(Identity(source, key_version, ""))
            persons = {people.person_of(source) for source in sources if source in people}
            batch.ticks({}, [source for source in sources if source not in persons])
            self._remake(batch, people, persons, stage, now, outcome)
        return outcome

    def bury(self, tokens: Mapping[str, int], delivery: Delivery, reason: str) -> None:
        """Put what cannot be applied among the dead letters, unless its visitor was erased. Raises as `apply`."""
        letter = self.letter(delivery, reason)
        with self._applying.begin(tokens) as batch:
            self._bury(batch, [letter])

    def put_off(self, tokens: Mapping[str, int], source: str, wait_ms: int) -> None:
        """Look at somebody later, whatever is due. Raises as `apply`."""
        with self._applying.begin(tokens) as batch:
            batch.ticks({source: self._now_ms() + wait_ms})

    def letter(self, delivery: Delivery, reason: str) -> DeadLetter:
        """What is kept of a delivery that cannot be applied."""
        source, key_version = None, self._key_version
        with suppress(BadEventError):  # what cannot be read has no source
            event = decode(delivery.payload)
            source, key_version = event.source, event.key_version
        name = blake2b(delivery.payload, digest_size=16).hexdigest()
        now = self._now_ms()
        return DeadLetter(name, source, key_version, delivery.payload, reason, delivery.attempts, now, now)

    def _write(self, batch: Batch, events: Sequence[Event], now: int, outcome: Outcome) -> None:
        stage = self._stage()
        fresh, people = self._fresh(batch, events, now, outcome)
        settings = self._settings()
        touched: set[str] = set()
        log: list[EventRow] = []
        consents = {}
        for event in fresh:
            if event.source in people:
                person = people.person_of(event.source)
                if person not in consents:
                    consents[person] = people.merged(person).consent
                stored = consents[person]
            else:
                stored = {}
            if not event_applies(event, stored, deny_unknown=self._deny_unknown):
                outcome.counts["refused"] += 1
                continue
            log.append(_row(event))
            if not event.has_effect:
                outcome.counts["bot"] += 1
                continue
            draft = people.draft(Identity(event.source, event.key_version, event.uid))
            self._reduce(draft, event, stage, settings)
            touched.add(draft.row.person)
            outcome.counts["applied"] += 1
            outcome.received.append(event.received)
        batch.log(log)
        self._remake(batch, people, touched, stage, now, outcome)

    def _fresh(self, batch: Batch, events: Sequence[Event], now: int, outcome: Outcome) -> tuple[list[Event], People]:
        """Those that were not applied before, and whose visitor was not erased since, with their people.

        Their ids are kept. That of an event that nobody may send for its visitor is left to whoever may.
        """
        fences = batch.fences({one.source for one in events})
        day = now // DAY_MS
        keys = [self._ids.key(one) for one in events]
        known = dict(batch.known_ids(keys, day=day))
        news = {one.source for key, one in zip(keys, events, strict=True) if key not in known}
        people = People(batch.groups(news), now)
        fresh: list[Event] = []
        new: dict[bytes, bytes] = {}
        for key, event in zip(keys, events, strict=True):
            before = known.get(key)
            if before is not None:
                is_same = before == event.digest
                outcome.counts["duplicate" if is_same else "conflict"] += 1
                if not is_same:
                    outcome.conflicts.append(event.type)
                continue
            if event.flags & UNPROVEN and people.is_reserved(event.source):
                outcome.counts["unproven"] += 1
                continue
            known[key] = new[key] = event.digest
            if event.received <= fences.get(event.source, now - self._in_flight_ms):
                outcome.counts["erased"] += 1
            else:
                fresh.append(event)
        batch.add_ids(new, day=day)
        return fresh, people

    def _bury(self, batch: Batch, letters: Sequence[DeadLetter]) -> None:
        kept = [one for one in letters if one.source is None or not self._is_erased(batch, decode(one.payload))]
        if kept:
            batch.dead(kept)

    def _is_erased(self, batch: Batch, event: Event) -> bool:
        names = {event.source}
        with suppress(ValueError):  # of a key that is gone
            names.add(self._lifted(event).source)
        return event.received <= max(batch.fences(names).values(), default=-1)

    def _reduce(self, draft: Draft, event: Event, stage: Stage, settings: Settings) -> None:
        entry = stage.entries.get(event.content_id) if event.content_id is not None else None
        draft.state = reduce(draft.state, event, entry, settings) or draft.state
        letters = stage.letters(event, entry)
        if letters:
            draft.window = draft.window.add([Entry(event.time, event.id, letters)], stage.patterns.limits)

    def _remake(
        self, batch: Batch, people: People, persons: set[str], stage: Stage, now: int, outcome: Outcome
    ) -> None:
        if not persons:
            return
        copies = remake(batch, people, persons, stage.patterns, stage.evaluate, now)
        if self._keeps_copies:
            batch.outbox({one.source: one.version for one in copies})
            outcome.copies = copies
        self._at("before commit")

    def _is_early(self, event: Event, now: int) -> bool:
        return event.key_version > self._key_version and now - event.received < NEWER_KEY_MS

    def _lifted(self, event: Event) -> Event:
        if event.key_version == self._key_version:
            return event
        source = self._lift(event.source, event.key_version)
        return replace(event, source=source, key_version=self._key_version)


def _row(event: Event) -> EventRow:
    """An event as it is logged."""
    return EventRow(
        event.id,
        event.source,
        event.key_version,
        event.type,
        event.time,
        event.received,
        event.content_id,
        event.slot,
        event.value,
        msgpack.encode(event.properties) if event.properties else None,
        event.decision_id,
        event.flags & ~UNPROVEN,
        msgpack.encode(event.decided) if event.decided is not None else None,
    )
