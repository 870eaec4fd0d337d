"""Event types that a site registers: kept in the store, and read anew by every process within a second."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from plugin.errors import Conflict, FieldError, NotFound, TesseraError, ValidationFailed
from plugin.ports import JSON, EventType, EventTypes
from plugin.profiles import schemas
from plugin.profiles.schemas import TypeRefusedError
from plugin.profiles.types import BUILT_IN, Types
from plugin.profiles.types import EventType as OneType
from plugin.service.preconditions import Precondition, tag_of

POLL_S = 1.0
MOST_TYPES = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Registered:
    """A type as it is registered; `tag` names this state of it."""

    name: str
    purpose: str
    schema: Mapping[str, JSON] | None
    built_in: bool
    tag: str


class LiveTypes:
    """The types there are now: the built-in ones and those registered, the same object as long as none changes."""

    def __init__(self, types: EventTypes, *, monotonic: Callable[[], float], poll_s: float = POLL_S) -> None:
        """Read nothing yet."""
        self._stored = types
        self._monotonic = monotonic
        self._poll_s = poll_s
        self._lock = Lock()
        self._rows: tuple[EventType, ...] | None = None
        self._types = BUILT_IN
        self._looked: float | None = None

    def __call__(self) -> Types:
        """Those known last, where the store cannot be read; never raises for that."""
        try:
            return self.sure()
        except TesseraError:
            return self._types

    def sure(self) -> Types:
        """Likewise, for those who would refuse what is of no type.

        Raises: ServiceUnavailable where they were never read, for then a registered type would seem to be none.
        """
        now = self._monotonic()
        looked = self._looked
        if looked is not None and now - looked < self._poll_s:
            return self._types
        # One thread reads; others go on with what there is, but for the first time.
        if self._lock.acquire(blocking=self._rows is None):
            try:
                self._read(now)
            finally:
                self._lock.release()
        return self._types

    def forget(self) -> None:
        """Read anew when next asked."""
        self._looked = None

    def _read(self, now: float) -> None:
        try:
            rows = self._stored.every()
        except TesseraError as fault:
            if self._rows is None:
                raise
            _log.warning("event types cannot be read; those known go on: %s", fault)
            self._looked = now
            return
        if rows != self._rows:
            self._types = BUILT_IN.extended(_made(rows))
            self._rows = rows
        self._looked = now


class Registering:
    """The service behind `/v1/event-types`."""

    def __init__(
        self,
        types: EventTypes,
        live: LiveTypes,
        *,
        used: Callable[[], frozenset[str]],
        now_ms: Callable[[], int],
    ) -> None:
        """Take what it works with.

        Args:
            used: the types that patterns of the published rules ask for.
        """
        self._types = types
        self._live = live
        self._used = used
        self._now_ms = now_ms

    def every(self) -> list[Registered]:
        """The built-in ones first, each kind in order of name."""
        built_in = [Registered(one.name, one.purpose, None, True, "built-in") for one in BUILT_IN.values()]
        return [*sorted(built_in, key=lambda one: one.name), *map(_registered, self._types.every())]

    def get(self, name: str) -> Registered:
        """One of them. Raises: NotFound."""
        for one in self.every():
            if one.name == name:
                return one
        raise NotFound(f"There is no type of events {name!r}.")

    def put(
        self, name: str, *, purpose: str, schema: Mapping[str, JSON] | None, precondition: Precondition
    ) -> tuple[Registered, bool]:
        """Register one, or change it; and whether it is new.

        Raises:
            ValidationFailed: with what is wrong with name, purpose or schema.
            PreconditionFailed, PreconditionRequired: there is one, and the client does not know it.
            Conflict: there are too many.
        """
        try:
            schemas.custom_type(name, purpose=purpose, schema=schema)
        except TypeRefusedError as refused:
            raise ValidationFailed([FieldError(*one) for one in refused.problems]) from refused
        rows = self._types.every()
        held = next((one for one in rows if one.name == name), None)
        precondition.admit(_registered(held).tag if held else None, f"The event type {name!r}")
        if held is None and len(rows) >= MOST_TYPES:
            raise Conflict(f"There are {MOST_TYPES} event types; more cannot be registered.")
        text = json.dumps(schema, separators=(",", ":"))
        stored = self._types.put(name, text, purpose, at=self._now_ms(), expected=held.version if held else 0)
        self._live.forget()
        return _registered(stored), held is None

    def delete(self, name: str, *, precondition: Precondition) -> None:
        """Take one out. Its counters go on as of the profile's own purpose, and its events are refused.

        Raises:
            NotFound, PreconditionFailed, PreconditionRequired.
            Conflict: it is built in, or patterns of the published rules ask for it.
        """
        held = next((one for one in self._types.every() if one.name == name), None)
        if held is None:
            if name in BUILT_IN:
                raise Conflict(f"{name!r} is built in.")
            raise NotFound(f"There is no type of events {name!r}.")
        precondition.admit(_registered(held).tag, f"The event type {name!r}")
        if name in self._used():
            raise Conflict(f"Patterns of the published rules ask for {name!r}.")
        self._types.delete(name, expected=held.version)
        self._live.forget()


def _registered(row: EventType) -> Registered:
    schema = json.loads(row.schema)
    # The instant is part of it: one that was deleted and made again begins at version 1 again.
    tag = tag_of([row.name, row.version, row.updated_at, row.purpose, row.schema])
    return Registered(row.name, row.purpose, schema, False, tag)


def _made(rows: Sequence[EventType]) -> list[OneType]:
    """Types as they judge events; one that is no longer accepted is left out, and said so."""
    made = []
    for row in rows:
        try:
            made.append(schemas.custom_type(row.name, purpose=row.purpose, schema=json.loads(row.schema)))
        except (TypeRefusedError, ValueError) as fault:
            _log.error("the event type %s is left out: %s", row.name, fault)
    return made
