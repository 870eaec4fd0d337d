"""Event types that a site registers, and the set of them that every process has within a second."""

from __future__ import annotations

import pytest

from plugin.errors import (
    Conflict,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    ServiceUnavailable,
    ValidationFailed,
)
from plugin.ports import EventType
from plugin.profiles.types import BUILT_IN
from plugin.service.events.types import LiveTypes, Registering
from plugin.service.preconditions import ANY, Precondition
from plugin.store import Store
from tests.unit.plugin.service.site_support import Clock

NEW = Precondition()
SCHEMA = {"type": "object", "required": ["episode"]}


class Stored:
    """Types as a test puts them; fails as it is told."""

    def __init__(self, *rows: EventType) -> None:
        self.rows, self.reads, self.is_down = rows, 0, False

    def every(self) -> tuple[EventType, ...]:
        self.reads += 1
        if self.is_down:
            raise ServiceUnavailable
        return self.rows


def row(name: str, schema: str = "null", *, version: int = 1) -> EventType:
    return EventType(name, schema, "analytics", version, 5)


def live(stored: Stored, clock: Clock) -> LiveTypes:
    return LiveTypes(stored, monotonic=clock.monotonic)  # type: ignore[arg-type]  # the part that it needs


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registering(sqlite_store: Store, clock: Clock) -> Registering:
    types = LiveTypes(sqlite_store.event_types, monotonic=clock.monotonic)
    return Registering(sqlite_store.event_types, types, used=lambda: frozenset({"seen_in_rules"}), now_ms=lambda: 7)


def test_types_are_read_at_most_once_a_second_and_stay_the_same_object(clock: Clock) -> None:
    stored = Stored(row("finished"))
    types = live(stored, clock)
    first = types()
    assert (first["finished"].purpose, "view" in first) == ("analytics", True)
    assert (types() is first, stored.reads) == (True, 1)
    clock.move(1)
    assert (types() is first, stored.reads) == (True, 2)
    stored.rows = ()
    clock.move(0.9)
    assert "finished" in types()
    clock.move(0.1)
    assert "finished" not in types()


def test_an_outage_leaves_the_types_that_are_known(clock: Clock) -> None:
    stored = Stored(row("finished"))
    types = live(stored, clock)
    assert "finished" in types.sure()
    stored.is_down = True
    clock.move(2)
    assert "finished" in types.sure()


def test_before_they_were_ever_read_nobody_says_that_a_type_is_none(clock: Clock) -> None:
    stored = Stored(row("finished"))
    stored.is_down = True
    types = live(stored, clock)
    with pytest.raises(ServiceUnavailable):
        types.sure()
    assert types() is BUILT_IN
    stored.is_down = False
    assert "finished" in types.sure()


def test_a_stored_type_that_is_no_longer_accepted_is_left_out(clock: Clock) -> None:
    found = live(Stored(row("bad", '{"$ref": "http://elsewhere"}'), row("good")), clock)()
    assert ("bad" in found, "good" in found) == (False, True)


def test_a_type_is_registered_changed_and_taken_out(registering: Registering) -> None:
    made, is_new = registering.put("finished", purpose="analytics", schema=SCHEMA, precondition=NEW)
    assert (is_new, made.schema, made.built_in) == (True, SCHEMA, False)
    assert registering.get("finished") == made
    with pytest.raises(PreconditionRequired):
        registering.put("finished", purpose="analytics", schema=None, precondition=NEW)
    with pytest.raises(PreconditionFailed):
        registering.put(
            "finished", purpose="analytics", schema=None, precondition=Precondition(match=frozenset({"old"}))
        )
    known = Precondition(match=frozenset({made.tag}))
    changed, is_new = registering.put("finished", purpose="analytics", schema=None, precondition=known)
    assert (is_new, changed.schema, changed.tag != made.tag) == (False, None, True)
    with pytest.raises(PreconditionFailed):
        registering.delete("finished", precondition=known)
    registering.delete("finished", precondition=ANY)
    with pytest.raises(NotFound):
        registering.get("finished")


def test_what_is_wrong_with_a_type_is_named(registering: Registering) -> None:
    with pytest.raises(ValidationFailed) as caught:
        registering.put("Bad Name", purpose="No", schema={"$ref": "x"}, precondition=NEW)
    pointers = [one.pointer for one in caught.value.errors]
    assert pointers[:2] == ["/name", "/purpose"]
    assert pointers[2].startswith("/schema")


def test_built_in_types_and_those_that_rules_ask_for_stay(registering: Registering) -> None:
    assert [one.name for one in registering.every()] == sorted(BUILT_IN)
    with pytest.raises(Conflict):
        registering.delete("view", precondition=ANY)
    with pytest.raises(NotFound):
        registering.delete("nothing", precondition=ANY)
    registering.put("seen_in_rules", purpose="analytics", schema=None, precondition=NEW)
    with pytest.raises(Conflict, match="Patterns"):
        registering.delete("seen_in_rules", precondition=ANY)
