"""Judges events as they come: each alone, at a cost of a few microseconds where it is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from plugin.profiles import explaining
from plugin.profiles.events import TOKEN_REFUSED, UNPROVEN, Decided, Event, digest_of
from plugin.profiles.explaining import Bad, pointer, suggestion
from plugin.profiles.fitting import fits, properties_of
from plugin.profiles.identity import Identity, visitor_id
from plugin.profiles.limits import AHEAD_MS, LATEST_MS
from plugin.profiles.said import Said, milliseconds
from plugin.profiles.types import Types

Sources = Callable[[str], Identity]
Tokens = Callable[[str], Mapping[str, object]]
_OWN_TYPES = "; those of your own are registered first"
_CONVERSION = (msgspec.ValidationError, OverflowError, UnicodeError)


class Rejected(msgspec.Struct, frozen=True):
    """An event that is not taken: its place in the batch, where in the body it is wrong, and what it should be."""

    index: int
    pointer: str
    detail: str


class Judged(NamedTuple):
    """What a batch comes to.

    Attributes:
        events: those to accept, in the order they came.
        places: the place of each in the batch.
        rejected: those that are wrong; of each the first thing.
        ignored: the places of those whose purpose the visitor refuses.
    """

    events: list[Event]
    places: list[int]
    rejected: list[Rejected]
    ignored: list[int]


def judge(
    items: Sequence[object],
    *,
    now_ms: int,
    types: Types,
    sources: Sources,
    consent: Mapping[str, bool],
    default_visitor: str | None = None,
    new_id: Callable[[], str] | None = None,
    flags: int = 0,
    tokens: Tokens | None = None,
    proven: str | None = None,
    root: str = "/events",
) -> Judged:
    """Judge a batch.

    Args:
        items: values of JSON.
        sources: what stands for an id that `visitor_id` has let through; asked once for each of a batch.
        consent: what the request says, by purpose, Global Privacy Control included.
        default_visitor: whose events those are that name nobody.
        new_id: makes ids for events without; None: they are rejected.
        flags: BOT, PREFETCH and UNPROVEN, of the whole request.
        tokens: reads a decision token; raises ValueError where it was not made here. None: they are not read.
        proven: the visitor id whose user token came along: their own events are not UNPROVEN.
        root: JSON pointer of the batch in its body.
    """
    judged = Judged([], [], [], [])
    batch = _Batch(now_ms, types, sources, consent, default_visitor, new_id, flags, tokens, proven)
    for index, item in enumerate(items):
        try:
            event = batch.event(item)
        except Bad as bad:
            judged.rejected.append(Rejected(index, f"{root}/{index}{pointer(bad.path)}", bad.detail))
            continue
        if event is None:
            judged.ignored.append(index)
        else:
            judged.events.append(event)
            judged.places.append(index)
    return judged


class _Batch:
    """What the events of a request have in common."""

    def __init__(
        self,
        now_ms: int,
        types: Types,
        sources: Sources,
        consent: Mapping[str, bool],
        default_visitor: str | None,
        new_id: Callable[[], str] | None,
        flags: int,
        tokens: Tokens | None,
        proven: str | None,
    ) -> None:
        self._now_ms = now_ms
        self._types = types
        self._sources = sources
        self._consent = consent
        self._default_visitor = default_visitor
        self._new_id = new_id
        self._flags = flags
        self._tokens = tokens
        self._proven = sources(proven).source if proven is not None else None
        self._known: dict[str, Identity] = {}
        self._read: dict[str, Decided | None] = {}

    def event(self, item: object) -> Event | None:
        """An event; None where consent is refused. Raises Bad."""
        try:
            said = msgspec.convert(item, Said)
        except _CONVERSION:
            said = explaining.read(item)  # says what is wrong, or reads a way of writing that msgspec does not know
        type_ = self._types.get(said.type)
        if type_ is None:
            raise Bad(("type",), f"there is no such event type{suggestion(said.type, self._types) or _OWN_TYPES}")
        time_ms = self._time(said)
        fits(said, type_)
        properties = properties_of(said, type_) if said.properties else b""
        if said.id is None and self._new_id is None:
            raise Bad(("id",), "an event needs an id, the same each time it is sent")
        visitor = said.visitor_id if said.visitor_id is not None else self._default_visitor
        identity = self._known.get(visitor) if visitor is not None else None
        consent = self._consent.get(type_.purpose)
        if consent is False:
            if identity is None and visitor_id(visitor) is None:
                raise explaining.bad_visitor(visitor)
            return None
        if identity is None:
            identity = self._identity(visitor)
        if "\0" in f"{said.content_id}{said.slot}{said.decision_id}":  # no database holds it
            explaining.explain(said)
        try:
            digest = _digest(said, identity, None if said.time is None else time_ms, properties)
        except UnicodeEncodeError:
            explaining.explain(said)
            raise
        flags, decided = self._flags, None
        if identity.source == self._proven:
            flags &= ~UNPROVEN
        if said.decision_token is not None and self._tokens is not None:
            decided = self._decided(said.decision_token)
            if decided is None:
                flags |= TOKEN_REFUSED
        return Event(
            said.id if said.id is not None else self._new_id(),  # type: ignore[misc]
            said.type,
            identity.source,
            identity.key_version,
            identity.uid,
            time_ms,
            self._now_ms,
            digest,
            type_.purpose,
            said.content_id,
            said.slot if said.slot is not None or decided is None else decided.slot,
            said.value,
            said.properties or None,
            said.decision_id,
            decided,
            flags,
            consent,
        )

    def _time(self, said: Said) -> int:
        if said.time is None:
            return self._now_ms
        try:
            time_ms = milliseconds(said.time)
        except OverflowError:
            time_ms = -self._now_ms
        if not self._now_ms - LATEST_MS <= time_ms <= self._now_ms + AHEAD_MS:
            raise explaining.not_now(time_ms, self._now_ms)
        return time_ms

    def _identity(self, given: str | None) -> Identity:
        visitor = visitor_id(given)
        if given is None or visitor is None:
            raise explaining.bad_visitor(given)
        found = self._known[given] = self._sources(visitor)
        return found

    def _decided(self, token: str) -> Decided | None:
        if token not in self._read and self._tokens is not None:
            try:
                facts = self._tokens(token)
                self._read[token] = msgspec.convert(
                    (facts["version"], facts["slot"], facts["key"], facts["arms"]), Decided
                )
            except (ValueError, KeyError):
                self._read[token] = None
        return self._read[token]


def _digest(said: Said, identity: Identity, time_ms: int | None, properties: bytes) -> bytes:
    """Of what the sender said, with the uid for the visitor: unlike the source it stays when keys are rotated."""
    return digest_of(
        (
            said.type,
            identity.uid,
            time_ms,
            said.content_id,
            said.slot,
            said.value,
            properties,
            said.decision_id,
            said.decision_token,
        )
    )
