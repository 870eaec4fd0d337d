"""Retention: what goes when, by whom, and that nobody goes whom somebody still knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.ports import AuditEntry, DeadLetter, ErasureFence, Receipt
from plugin.service.preconditions import Precondition
from plugin.service.privacy.retention import DAY_MS, EVERY_MS, STEP, Keeps, Retaining
from plugin.service.visitors.changes import Said
from plugin.store import Store
from tests.contract.visitors import NOW, change, event, event_id, keep, source, visitor, working
from tests.unit.plugin.service.knowing import knowing
from tests.unit.plugin.service.site_support import Clock, publish, service

ANY = Precondition(None, only_new=False)
KEEPS = Keeps(events=90, profiles=400, audit=730, dead_letters=30)


def retaining(store: Store, owner: str = "tests", *, now: int = NOW, rests: list[None] | None = None) -> Retaining:
    rests = rests if rests is not None else []
    return Retaining(store.retention, store.leases, KEEPS, owner, now_ms=lambda: now, rest=lambda: rests.append(None))


def fill(store: Store) -> None:
    """Of each kind one that is just kept, and one that was kept long enough."""
    with working(store) as batch:
        for name, days in (("new", 0), ("old", 2)):
            batch.log([event(name, time=NOW - (89 + days) * DAY_MS)])
            batch.add_ids({event_id(name): b"d"}, day=(NOW - (8 + days) * DAY_MS) // DAY_MS)
            batch.memberships([change(name, at=NOW - (89 + days) * DAY_MS)])
            batch.dead([DeadLetter(name, None, 0, b"", "", 1, 0, NOW - (29 + days) * DAY_MS)])
    keep(store, visitor("new", seen=NOW - 399 * DAY_MS), visitor("old", seen=NOW - 401 * DAY_MS))
    with store.identity.begin() as linking:
        linking.link(source("a"), source("b"), at=NOW, reason="{}")
        linking.unlink(source("a"), source("b"), at=NOW - 401 * DAY_MS)
    store.privacy.fence(
        [ErasureFence(source("old"), 1, NOW, "r", NOW - 1), ErasureFence(source("n"), 1, NOW, "r", NOW)]
    )
    store.privacy.put_receipt(Receipt("old", "{}", 0, NOW - 731 * DAY_MS))
    store.privacy.put_receipt(Receipt("new", "{}", 0, None))
    store.audit.append([AuditEntry(NOW - days * DAY_MS, "a", "read", None, 1, "{}") for days in (731, 729)])


def test_of_each_kind_what_is_older_than_the_settings_say_goes(sqlite_store: Store) -> None:
    fill(sqlite_store)
    gone = retaining(sqlite_store).run()
    kinds = (
        "events",
        "event_ids",
        "membership_log",
        "dead_letters",
        "visitors",
        "links",
        "fences",
        "erasures",
        "audit",
    )
    assert gone == {**dict.fromkeys(kinds, 1), "windows": 1}
    assert retaining(sqlite_store).run() == {}
    found = sqlite_store.visitors.find(source("new"))
    assert found is not None
    assert found.window == b"", "nothing is looked back at for longer than events are kept"


def test_types_that_are_kept_shorter_go_before_the_others(sqlite_store: Store) -> None:
    with working(sqlite_store) as batch:
        batch.log(
            [
                event(f"{type_}-{days}", type=type_, time=NOW - days * DAY_MS)
                for type_ in ("search", "view")
                for days in (13, 15, 91)
            ]
        )
    keeps = replace(KEEPS, types={"search": 14, "signup": 1})
    job = Retaining(sqlite_store.retention, sqlite_store.leases, keeps, "tests", now_ms=lambda: NOW, rest=lambda: None)
    assert job.run() == {"events": 3}
    left = [one.id for one in sqlite_store.event_log.of([source("ann")]).items]
    assert sorted(left) == ["search-13", "view-13", "view-15"]


def test_it_goes_in_small_steps_between_which_others_write(sqlite_store: Store) -> None:
    with working(sqlite_store) as batch:
        batch.log([event(str(number), time=0) for number in range(2 * STEP + 1)])
    rests: list[None] = []
    assert retaining(sqlite_store, rests=rests).run() == {"events": 2 * STEP + 1}
    assert len(rests) == 3


def test_of_several_workers_one_does_it_and_each_looks_hourly(sqlite_store: Store) -> None:
    token = sqlite_store.leases.acquire("retention", "another", now=NOW, ttl=60_000)
    assert token is not None
    fill(sqlite_store)
    mine = retaining(sqlite_store)
    mine.step()
    assert sqlite_store.privacy.receipt("old") is not None, "another does it"
    sqlite_store.leases.release("retention", token)
    mine.step()
    assert sqlite_store.privacy.receipt("old") is not None, "it is not time again"
    later = retaining(sqlite_store, now=NOW + EVERY_MS)
    later.step()
    assert sqlite_store.privacy.receipt("old") is None
    sqlite_store.privacy.put_receipt(Receipt("old", "{}", 0, 0))
    later.step()
    assert sqlite_store.privacy.receipt("old") is not None


def test_who_loses_the_lease_stops(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with working(sqlite_store) as batch:
        batch.log([event(str(number), time=0) for number in range(2 * STEP)])
    monkeypatch.setattr(sqlite_store.leases, "renew", lambda *_args, **_rest: False)
    retaining(sqlite_store).step()
    assert len(sqlite_store.event_log.of([source("ann")], limit=1_000).items) == STEP


def test_fences_stand_as_long_as_anything_may_be_in_flight() -> None:
    assert KEEPS.in_flight_ms == 39 * DAY_MS
    assert replace(KEEPS, dead_letters=365).in_flight_ms == 374 * DAY_MS


def test_whom_only_the_site_told_of_is_kept(sqlite_store: Store) -> None:
    """There is no event that says when they were seen."""
    publish(sqlite_store, {"version": 1, "attributes": {"profile.tier": {"type": "string"}}, "slots": [{"id": "s"}]})
    site = service(sqlite_store)
    profiles = knowing(sqlite_store, site.sites, Clock()).profiles
    profiles.change("ann", Said(attributes={"tier": "gold"}), actor="crm", precondition=ANY)
    assert retaining(sqlite_store).run() == {}
    assert sqlite_store.visitors.count() == 1
