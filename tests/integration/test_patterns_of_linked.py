"""Segments by patterns of people with several ids: each id's membership ends when the person's does."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.profiles.identity import Identity
from plugin.service.visitors.changes import Said
from plugin.service.visitors.writes import ProfileWrites, Writing
from plugin.store import Store
from plugin.web.services import VisitorServices
from rules.patterns.windows import Entry
from tests.unit.plugin.service.knowing import knowing
from tests.unit.plugin.service.site_support import Clock, a_site, publish, service
from tests.unit.plugin.service.taking import HASHER

PHONE, ANN = HASHER.identity("phone"), HASHER.identity("ann")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def wired(store: Store, clock: Clock, **more: Any) -> VisitorServices:
    pattern = {"event": "view", "count": {"gte": 2}, "within": "1h"}
    publish(store, a_site(segments=[{"id": "readers", "pattern": pattern, **more}]))
    return knowing(store, service(store).sites, clock)


def reads(known: VisitorServices, identity: Identity, count: int = 2) -> None:
    def change(writing: Writing) -> None:
        draft, patterns = writing.draft(identity), writing.stage.patterns
        letters = patterns.letters({"event.type": "view"}, None)
        ids = [(writing.now - place, f"{identity.uid[:4]}-{writing.now}-{place}") for place in range(count)]
        draft.window = draft.window.add([Entry(time, id_, letters) for time, id_ in ids], patterns.limits)

    writes: ProfileWrites = known.profiles._writes
    writes.write({identity.source}, change)


def held(store: Store) -> dict[str, int | None]:
    with store.identity.begin() as tx:
        return {one.source: one.until for one in tx.held([PHONE.source, ANN.source])}


def test_both_leave_when_the_person_does(store: Store, clock: Clock) -> None:
    known = wired(store, clock)
    reads(known, PHONE)
    reads(known, ANN)
    known.identifying.link("phone", "ann", Said(), actor="crm", by_client=False)
    assert held(store).keys() == {PHONE.source, ANN.source}
    clock.move(7_200)
    reads(known, PHONE, 0)
    assert held(store) == {}


def test_both_last_as_long_as_the_person_does(store: Store, clock: Clock) -> None:
    known = wired(store, clock, lasts="1d")
    reads(known, PHONE)
    reads(known, ANN)
    known.identifying.link("phone", "ann", Said(), actor="crm", by_client=False)
    clock.move(7_200)
    reads(known, PHONE)
    (until,) = set(held(store).values())
    assert until is not None
    assert until >= round(clock().timestamp() * 1_000) + 86_400_000 - 10
