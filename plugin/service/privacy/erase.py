"""Erasing: a fence first, so that nothing in flight revives the visitor, and everything that is kept with it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from adapters.streams.port import Record, Stream, StreamError
from plugin.errors import FieldError, NotFound, TesseraError, ValidationFailed
from plugin.ports import Erased, ErasureFence, HotOutbox, Privacy, Receipt
from plugin.profiles.events import BadEventError, decode
from plugin.profiles.identity import visitor_id
from plugin.service.audit import Auditing
from plugin.service.privacy import erase_receipt as receipts
from plugin.service.privacy.erase_receipt import COPIES, LOGS, STREAM, Erasure, State

_LOOKED_AT = 500
_log = logging.getLogger(__name__)


class Erasing:
    """The service behind `DELETE /v1/visitors/{id}`, and the job that finishes what a crash left."""

    def __init__(
        self,
        *,
        privacy: Privacy,
        outbox: HotOutbox,
        stream: Stream,
        auditing: Auditing,
        names: Callable[[str], Sequence[tuple[str, int]]],
        lift: Callable[[str, int], str],
        copy: Callable[[], None],
        forget: Callable[[str], None],
        now_ms: Callable[[], int],
        new_id: Callable[[], str],
        in_flight_ms: int,
        redis: bool,
        at: Callable[[str], None],
    ) -> None:
        """Take what it works with.

        Args:
            names: the sources of an id by every key, the newest first; `lift` gives the newest of one.
            copy: writes the hot copies that are in line, removals among them.
            forget: has this process remember nothing of a source.
            in_flight_ms: for so long what was accepted before an erasure may arrive after it.
            redis: whether anything is in Redis, for what is said of it.
            at: told of named points in the work.
        """
        self._privacy = privacy
        self._outbox = outbox
        self._stream = stream
        self._auditing = auditing
        self._names = names
        self._lift = lift
        self._copy = copy
        self._forget = forget
        self._now_ms = now_ms
        self._new_id = new_id
        self._in_flight_ms = in_flight_ms
        self._redis = redis
        self._at = at

    def erase(self, visitor: str, *, actor: str) -> Erasure:
        """Erase somebody under every id that is linked to this one; again is safe, and has the same receipt.

        Once this returns, nothing that was accepted before is kept, or comes back: what could not be removed at once
        is in the receipt, and a worker goes on with it.

        Raises:
            ValidationFailed: it is no visitor id.
            ServiceUnavailable: nothing was erased; try again.
        """
        if visitor_id(visitor) is None:
            raise ValidationFailed([FieldError("", "a visitor id has 1 to 128 characters, none of them a control")])
        names = self._names(visitor)
        self._auditing.note(actor, "erase", [names[0][0]])
        now = self._now_ms()
        until = now + self._in_flight_ms
        identifier = self._new_id()

        def state(before: Receipt | None, erased: Erased) -> str:
            made = State(
                erased.at,
                erased.at + self._in_flight_ms,
                removed=receipts.decode(before.state).removed if before is not None else {},
            )
            made.add(erased.rows)
            return made.encode()

        fences = [ErasureFence(source, version, now, identifier, until) for source, version in names]
        receipt, erased = self._privacy.erase(fences, lift=self._lift, state=state, now_ms=self._now_ms)
        for source in erased.sources:
            self._forget(source)
        self._at("erasure begun")
        return self._shown(self._go_on(receipt))

    def receipt(self, identifier: str) -> Erasure:
        """An erasure as it stands. Raises: NotFound, ServiceUnavailable."""
        found = self._privacy.receipt(identifier)
        if found is None:
            raise NotFound("There is no erasure with this receipt, or it was finished long ago.")
        return self._shown(found)

    def step(self) -> bool:
        """Go on with erasures that are not finished; for a worker, now and then. Raises TesseraError."""
        for receipt in self._privacy.unfinished():
            self._go_on(receipt)
        return False

    def _shown(self, receipt: Receipt) -> Erasure:
        return receipts.shown(receipt, self._now_ms(), redis=self._redis)

    def _go_on(self, receipt: Receipt) -> Receipt:
        """Do the steps that are left, and note each; what cannot be done now stays."""
        state = receipts.decode(receipt.state)
        with suppress(TesseraError):
            fences = self._privacy.fenced(receipt.id)
            sources = {one.source for one in fences}
            state.linked = max(state.linked, len({self._lift(one.source, one.key_version) for one in fences}))
            for step in list(state.left):
                if not self._do(step, sources, state):
                    continue
                state.left.remove(step)
                finished = None if state.left else self._now_ms()
                receipt = Receipt(receipt.id, state.encode(), receipt.requested, finished)
                if not self._noted(receipt, state):
                    break
                self._at(f"erasure {step}")
        return receipt

    def _do(self, step: str, sources: Collection[str], state: State) -> bool:
        try:
            if step == LOGS:
                state.add(self._privacy.erase_logs(sources, until=state.at))
                return True
            if step == STREAM:
                return self._clear_stream(sources, state)
            return step == COPIES and self._clear_copies(sources)
        except (TesseraError, StreamError) as fault:
            _log.warning("an erasure waits with %s: %s", step, fault)
            return False

    def _clear_stream(self, sources: Collection[str], state: State) -> bool:
        """Events from after the erasure are no part of it: where they wait among others, workers refuse those."""
        old = fresh = 0
        for record in self._stream.scan(sources):
            if _received(record) <= state.at:
                old += 1
            else:
                fresh += 1
        if not old:
            return True
        if fresh:
            return False
        state.add({"stream": self._stream.drop(sources)})
        return True

    def _clear_copies(self, sources: Collection[str]) -> bool:
        self._copy()
        waiting = self._outbox.pending(_LOOKED_AT)
        return len(waiting) < _LOOKED_AT and not any(one.source in sources and one.hot is None for one in waiting)

    def _noted(self, receipt: Receipt, state: State) -> bool:
        """Unless the visitor was erased once more meanwhile: then that goes on."""
        now = self._privacy.receipt(receipt.id)
        if now is not None and receipts.decode(now.state).at > state.at:
            return False
        self._privacy.put_receipt(receipt)
        return True


def _received(record: Record) -> int:
    """When it was accepted; what cannot be read is as from before."""
    try:
        return decode(record.payload).received
    except BadEventError:
        return -1
