"""The contract of fences, erasure, access, audit, retention and new keys, over each database."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.event import listen

from plugin.errors import ServiceUnavailable
from plugin.ports import AuditEntry, DeadLetter, Erased, ErasureFence, HotCopy, Kept, Member, Receipt
from plugin.store import Store, engine, open_store
from plugin.store.engine import reading
from plugin.store.tables import metadata
from tests.contract.visitors import MINUTE, NOW, TODAY, change, event, event_id, keep, source, visitor, working

DAY = 86_400_000


def fence(name: str, *, at: int = NOW, receipt: str = "r-1", until: int = NOW + DAY) -> ErasureFence:
    return ErasureFence(source(name), 1, at, receipt, until)


def entry(name: str | None, *, at: int = NOW, action: str = "read") -> AuditEntry:
    return AuditEntry(at, "key:crm", action, None if name is None else source(name), 1, "{}")


def fill(store: Store, name: str, **rest: object) -> None:
    """Something of a visitor in every table that can hold it."""
    with working(store) as batch:
        batch.outbox(batch.save([visitor(name, **rest)]))
        batch.add_ids({event_id(name): b"d"}, day=TODAY)
        batch.log([event(f"{name}-{number}", name) for number in range(3)])
        batch.memberships([change("fans", name)])
        batch.ticks({source(name): NOW})
        batch.dead([DeadLetter(f"dead-{name}", source(name), 1, name.encode(), "why", 1, NOW, NOW)])
    with store.identity.begin() as linking:
        linking.link(source(f"{name}-phone"), source(name), at=NOW, reason="identify")
    store.segment_lists.put("vips", "list", [Member(source(name))], key_version=1, at=NOW)
    store.audit.append([entry(name)])


def holding(store: Store, name: str) -> set[str]:
    """The tables in which a source stands, in any column of text."""
    found = set()
    with reading(store.engine) as tx:
        for table in metadata.sorted_tables:
            for row in tx.execute(select(table)):
                if any(value == source(name) for value in row):
                    found.add(table.name)
    return found


def erase(store: Store, name: str, *, at: int = NOW) -> dict[str, int]:
    """As the service does: all but the logs, and then these."""
    _receipt, erased = store.privacy.erase(
        [fence(name, at=at)],
        lift=lambda one, _version: one,
        state=lambda _before, erased: json.dumps(erased.rows),
        now_ms=lambda: at,
    )
    return {**erased.rows, **store.privacy.erase_logs(erased.sources, until=at)}


EVERYWHERE = {
    *("audit_log", "dead_letters", "events", "hot_outbox", "segment_log", "segment_members"),
    *("visitor_links", "visitor_ticks", "visitors"),
}


def test_an_erasure_leaves_the_fence_the_audit_and_the_order_to_remove_copies(store: Store) -> None:
    fill(store, "ann")
    fill(store, "bob")
    assert holding(store, "ann") == EVERYWHERE
    store.hot_outbox.done({source("ann"): NOW, source("bob"): NOW})
    assert erase(store, "ann-phone") == {
        "visitors": 1,
        "segment_members": 2,
        "visitor_ticks": 1,
        "dead_letters": 1,
        "visitor_links": 1,
        "events": 3,
        "segment_log": 2,
    }
    assert holding(store, "ann") == {"audit_log", "erasure_fences", "hot_outbox"}
    assert set(store.hot_outbox.pending()) == {
        HotCopy(source("ann"), NOW + 1, None),
        HotCopy(source("ann-phone"), NOW, None),
    }
    assert holding(store, "bob") == EVERYWHERE - {"hot_outbox"}
    assert not any(erase(store, "ann").values())
    with working(store) as batch:
        assert batch.known_ids([event_id("ann")], day=TODAY), "what comes again is known, and not new"


def test_an_erasure_is_of_everybody_linked_by_every_name_and_a_second_one_has_the_same_receipt(store: Store) -> None:
    ann = source("ann")
    keep(store, visitor("ann", known=True), visitor("phone", person=ann, key_version=1), visitor("gone"))
    with store.identity.begin() as linking:
        linking.link(source("tablet"), ann, at=NOW, reason="identify")
        linking.link(source("gone"), ann, at=NOW, reason="identify")
        linking.unlink(source("gone"), ann, at=NOW)

    def once(receipt: str, at: int) -> tuple[Receipt, Erased]:
        return store.privacy.erase(
            [replace(fence("phone", at=at, receipt=receipt), key_version=2)],
            lift=lambda one, version: one if version == 2 else source(f"{one}'"),
            state=lambda before, _erased: "first" if before is None else f"after {before.state}",
            now_ms=lambda: at,
        )

    receipt, erased = once("r-1", NOW)
    names = {source("phone"), ann, source("tablet"), source(f"{ann}'")}
    assert set(erased.sources) == names
    assert receipt == store.privacy.receipt("r-1") == Receipt("r-1", "first", NOW, None)
    assert {one.source for one in store.privacy.fenced("r-1")} == names
    assert store.privacy.fenced("r-2") == ()
    assert store.visitors.find(source("gone")), "a link that was undone is none"
    receipt, erased = once("r-2", NOW + 5)
    assert (receipt.id, receipt.state, receipt.requested) == ("r-1", "after first", NOW)
    assert not any(erased.rows.values())


def test_what_came_after_an_erasure_stays(store: Store) -> None:
    erase(store, "ann")
    with working(store) as batch:
        batch.log([event("new", received=NOW + 1), event("late", received=NOW)])
        batch.memberships([change("fans", at=NOW + 1)])
    assert store.privacy.erase_logs([source("ann")], until=NOW) == {"events": 1, "segment_log": 0}
    assert [one.id for one in store.event_log.of([source("ann")]).items] == ["new"]


def test_windows_of_who_was_not_seen_are_emptied(store: Store) -> None:
    names = [f"v-{number}" for number in range(5)]
    keep(store, *(visitor(name, seen=NOW - 9 * DAY) for name in names), visitor("ann"))
    steps = [store.retention.prune_windows(before=NOW - 3 * DAY, limit=2) for _ in range(4)]
    assert steps == [2, 2, 1, 0]
    assert {row.window for row in map(store.visitors.find, map(source, names)) if row} == {b""}
    found = store.visitors.find(source("ann"))
    assert found is not None
    assert found.window == b"window"


def test_an_erasure_takes_more_events_than_one_step(store: Store) -> None:
    with working(store) as batch:
        batch.log([event(str(number)) for number in range(4_100)])
    assert erase(store, "ann")["events"] == 4_100


def test_a_visitor_that_comes_back_has_a_higher_version_than_before(store: Store) -> None:
    keep(store, visitor("ann"))
    erase(store, "ann")
    assert keep(store, visitor("ann", created=NOW + 60_000)) == {source("ann"): NOW + 60_000}
    assert store.hot_outbox.pending() == (HotCopy(source("ann"), NOW + 60_000, b"hot"),)


def test_of_two_fences_the_later_holds(store: Store) -> None:
    store.privacy.fence([fence("ann"), fence("bob")])
    store.privacy.fence([fence("ann", at=NOW + 5, receipt="r-2")])
    store.privacy.fence([fence("ann", at=NOW - 5, receipt="r-3")])
    store.privacy.fence([])
    with working(store) as batch:
        wanted = [source("ann"), source("bob"), source("eve")]
        assert batch.fences(wanted) == {source("ann"): NOW + 5, source("bob"): NOW}
    assert store.privacy.fences([source("ann")]) == (fence("ann", at=NOW + 5, receipt="r-2"),)


def test_a_fence_waits_for_who_is_writing_and_is_seen_by_who_comes_after(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_TIMEOUT", engine.LOCK_TIMEOUT / 20)
    other = open_store(store.engine.url.render_as_string(hide_password=False))
    with working(store) as batch:
        assert batch.fences([source("ann")]) == {}
        with pytest.raises(ServiceUnavailable):
            other.privacy.fence([fence("ann")])
        batch.save([visitor("ann")])
    other.privacy.fence([fence("ann")])
    with working(store) as batch:
        assert batch.fences([source("ann")]) == {source("ann"): NOW}
    other.close()


def test_erasures_and_batches_at_once_leave_nothing_behind(store: Store) -> None:
    """A worker makes the visitor again and again, as long as no fence says otherwise."""
    begun, failures = threading.Event(), []

    def work() -> None:
        try:
            for number in range(200):
                with working(store) as batch:
                    if batch.fences([source("ann")]):
                        return
                    rows = batch.groups([source("ann")]) or (visitor("ann"),)
                    batch.save(rows)
                    batch.log([event(str(number))])
                begun.set()
        except Exception as error:  # noqa: BLE001  # handed to the test
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(90)
    erase(store, "ann")
    thread.join(90)
    assert failures == []
    assert holding(store, "ann") == {"erasure_fences", "hot_outbox"}


def test_access_gives_everything_that_is_kept(store: Store) -> None:
    fill(store, "ann")
    found = store.privacy.personal([source("ann")])
    assert [row.source for row in found.visitors] == [source("ann")]
    assert [(one.source, one.known) for one in found.links] == [(source("ann-phone"), source("ann"))]
    assert {one.segment for one in found.memberships} == {"fans", "vips"}
    assert [one.payload for one in found.dead_letters] == [b"ann"]
    assert found.ticks == {source("ann"): NOW}
    nothing = store.privacy.personal([source("bob")])
    assert not any((nothing.visitors, nothing.links, nothing.memberships, nothing.dead_letters, nothing.ticks))


def test_receipts_are_kept_and_the_unfinished_found(store: Store) -> None:
    first, second = Receipt("r-1", '{"a":1}', NOW, None), Receipt("r-2", "{}", NOW + 1, None)
    store.privacy.put_receipt(second)
    store.privacy.put_receipt(first)
    assert store.privacy.unfinished() == (first, second)
    store.privacy.put_receipt(replace(first, finished=NOW + 9))
    assert store.privacy.receipt("r-1") == replace(first, finished=NOW + 9)
    assert store.privacy.receipt("r-3") is None
    assert store.privacy.unfinished() == (second,)


def test_the_audit_log_is_read_newest_first(store: Store) -> None:
    entries = [entry("ann" if number % 2 else None, at=NOW + number) for number in range(5)]
    store.audit.append(entries[:3])
    store.audit.append(entries[3:])
    first = store.audit.page(limit=3)
    assert [*first.items, *store.audit.page(after=first.next).items] == entries[::-1]
    assert store.audit.page(source=source("ann")).items == (entries[3], entries[1])


def test_what_is_old_goes_in_bounded_steps(store: Store) -> None:
    with working(store) as batch:
        batch.log([event(f"{kind}-{day}", type=kind, time=NOW - day * DAY) for kind in ("a", "b") for day in range(4)])
        batch.memberships([change("fans", at=NOW - 3 * DAY), change("fans", "bob")])
        batch.dead([DeadLetter(f"x-{day}", None, 0, b"", "", 1, 0, NOW - day * DAY) for day in range(3)])
    with store.identity.begin() as linking:
        for number in range(3):
            linking.link(source(str(number)), source("ann"), at=NOW, reason="")
        linking.unlink(source("0"), source("ann"), at=NOW - 2 * DAY)
        linking.unlink(source("1"), source("ann"), at=NOW)
    store.privacy.fence([fence("ann", until=NOW - DAY - 1), fence("bob")])
    store.privacy.put_receipt(Receipt("r-1", "", NOW, NOW - 2 * DAY))
    store.privacy.put_receipt(Receipt("r-2", "", NOW - 9 * DAY, None))
    store.audit.append([entry(None, at=NOW - 2 * DAY), entry(None)])

    def prune(kind: Kept, limit: int = 5_000) -> list[int]:
        steps = []
        while gone := store.retention.prune(kind, before=NOW - DAY, limit=limit):
            steps.append(gone)
        return steps

    assert store.retention.event_types() == ("a", "b")
    assert store.retention.prune_events("a", before=NOW - 2 * DAY) == 1
    assert prune("events", limit=2) == [2, 1]
    assert len(store.event_log.of([source("ann")]).items) == 4
    kinds: tuple[Kept, ...] = ("membership_log", "dead_letters", "links", "fences", "erasures", "audit")
    assert [prune(kind) for kind in kinds] == [[1]] * 6
    assert (store.dead_letters.waiting(), len(store.identity.links([source("ann")]))) == (2, 2)
    assert (store.privacy.receipt("r-2"), len(store.audit.page().items)) == (Receipt("r-2", "", NOW - 9 * DAY, None), 1)
    assert [one.source for one in store.privacy.fences([source("ann"), source("bob")])] == [source("bob")]


def test_ids_go_by_days(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.store.privacy_retention._SLICE", 100)
    with working(store) as batch:
        for day in range(3):
            batch.add_ids({event_id(f"{day}-{number}"): b"d" for number in range(250)}, day=TODAY - day)
    assert sum(swept(store, NOW - DAY)) == 250
    assert swept(store, NOW - DAY) == []
    with working(store) as batch:
        assert batch.known_ids([event_id("2-7"), event_id("1-7"), event_id("0-7")], day=TODAY).keys() == {
            event_id("1-7"),
            event_id("0-7"),
        }
    assert sum(swept(store, NOW + DAY)) == 500


def swept(store: Store, before: int) -> list[int]:
    steps = []
    while gone := store.retention.prune("event_ids", before=before):
        steps.append(gone)
    return steps


def test_however_many_ids_there_are_each_step_looks_at_few_and_others_write_in_between(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.store.privacy_retention._SLICE", 100)
    with working(store) as batch:
        for day in (0, 9):
            batch.add_ids({event_id(f"{day}-{number}"): b"d" for number in range(450)}, day=TODAY - day)
    touched: list[int] = []
    listen(store.engine, "after_cursor_execute", lambda *told: touched.append(told[1].rowcount))
    steps = []
    while gone := store.retention.prune("event_ids", before=NOW - DAY):
        steps.append(gone)
        with working(store) as batch:
            batch.add_ids({event_id(f"new-{len(steps)}"): b"d"}, day=TODAY)
    assert sum(steps) == 450
    assert len(steps) >= 9
    assert max(steps) <= 100
    assert max(touched) <= 100, "no transaction is longer for there being more"
    assert store.retention.prune("event_ids", before=NOW - DAY) == 0


def test_visitors_go_when_nobody_of_their_group_was_seen(store: Store) -> None:
    old = NOW - 40 * DAY
    ann, bob = source("ann"), source("bob")
    keep(store, visitor("ann", known=True), visitor("phone", person=ann, seen=old))
    keep(store, visitor("bob", known=True, seen=old), visitor("b2", person=bob, seen=old), visitor("eve", seen=old))
    with working(store) as batch:
        batch.memberships([change("fans", "bob"), change("vips", "bob", kind="list")])
        batch.ticks({bob: NOW})
    gone = [store.retention.prune("visitors", before=NOW - 30 * DAY, limit=5_000) for _ in range(2)]
    assert gone == [3, 0]
    left = [name for name in ("ann", "phone", "bob", "b2", "eve") if store.visitors.find(source(name))]
    assert left == ["ann", "phone"]
    assert [one.segment for one in store.visitors.memberships([bob])] == ["vips"], "what others say of him stays"
    assert {copy.source for copy in store.hot_outbox.pending() if copy.hot is None} == {
        bob,
        source("b2"),
        source("eve"),
    }


def test_a_new_key_renames_in_every_table(store: Store) -> None:
    for name in ("ann", "bob"):
        fill(store, name, known=True)
    keep(store, visitor("phone", person=source("ann")))
    store.privacy.fence([fence("ann")])
    renamed = rekey(store, limit=1)
    assert renamed == {source(name): source(f"{name}'") for name in ("ann", "bob", "phone")}
    assert holding(store, "ann") == {"hot_outbox"}, "its old copies are to be removed"
    assert holding(store, "ann'") == EVERYWHERE | {"erasure_fences"}
    row = store.visitors.find(source("phone'"))
    assert row == visitor("phone", source=source("phone'"), person=source("ann'"), key_version=2, version=NOW)
    assert len(store.visitors.group(source("ann'"))) == 2
    copies = {copy.source: copy.hot for copy in store.hot_outbox.pending()}
    assert (copies[source("ann")], copies[source("ann'")]) == (None, b"hot")
    assert rekey(store) == {}


def rekey(store: Store, limit: int = 200) -> dict[str, str]:
    """As the job does: page after page, of each a transaction."""
    names = {source(name): source(f"{name}'") for name in ("ann", "bob", "phone")}
    renamed: dict[str, str] = {}
    after: str | None = None
    while True:
        page = store.rekeying.stale(2, after=after, limit=limit)
        found = {old: names[old] for old, version in page.items if version == 1}
        with store.rekeying.begin() as moving:
            moving.move(found, key_version=2)
        renamed |= found
        if page.next is None:
            return renamed
        after = page.next


def test_a_visitor_that_came_under_both_keys_becomes_one(store: Store) -> None:
    ann, new = source("ann"), source("ann'")
    fill(store, "ann")
    keep(store, visitor("ann'", key_version=2, state=b"newer"))
    with working(store) as batch:
        batch.memberships([change("fans", "ann'", at=NOW + 5, key_version=2)])
        batch.ticks({new: NOW + MINUTE})
    with store.rekeying.begin() as moving:
        rows = {row.source: row for row in moving.groups([ann, new])}
        moving.save([replace(rows[new], state=rows[ann].state + rows[new].state)])
        moving.move({ann: new}, key_version=2)
    assert holding(store, "ann") == {"hot_outbox"}
    row = store.visitors.find(new)
    assert row is not None
    assert (row.state, row.version) == (b"statenewer", NOW + 1)
    assert {one.segment: one.since for one in store.visitors.memberships([new])} == {"fans": NOW + 5, "vips": NOW}
    assert [tick.due for tick in store.applying.due(now=NOW + MINUTE)] == [NOW], "the sooner one"
    assert len(store.event_log.of([new]).items) == 3


def test_a_fence_stands_at_the_instant_from_which_everybody_else_waits(store: Store) -> None:
    """What came while the erasure waited for its turn is erased as well."""
    store.privacy.erase(
        [fence("ann", at=NOW)],
        lift=lambda one, _version: one,
        state=lambda _before, erased: str(erased.at),
        now_ms=lambda: NOW + 700,
    )
    (up,) = store.privacy.fences([source("ann")])
    assert (up.at, up.until - up.at) == (NOW + 700, fence("ann", at=NOW).until - NOW)
