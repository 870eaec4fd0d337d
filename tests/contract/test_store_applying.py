"""The contract of batches, the hot outbox and ticks, over each database."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.streams.port import partition_of
from plugin.errors import Conflict, ServiceUnavailable
from plugin.ports import DAYS_KEPT, Batch, DeadLetter, HotCopy, Membership, Tick
from plugin.store import Store, open_store
from tests import servers
from tests.contract.visitors import MINUTE, NOW, TODAY, change, event, event_id, keep, source, visitor, working


def test_ids_are_known_with_their_digests_for_eight_days(store: Store) -> None:
    old, new = event_id("old"), event_id("new")
    with working(store) as batch:
        batch.add_ids({old: b"d1"}, day=TODAY)
    with working(store) as batch:
        assert batch.known_ids([old, new], day=TODAY) == {old: b"d1"}
        assert batch.known_ids([old], day=TODAY + DAYS_KEPT) == {old: b"d1"}
        assert batch.known_ids([old], day=TODAY + DAYS_KEPT + 1) == {}
        batch.add_ids({old: b"d2", new: b"d3"}, day=TODAY + DAYS_KEPT + 1)
    with working(store) as batch:
        assert batch.known_ids([old, new], day=TODAY + DAYS_KEPT + 1) == {old: b"d2", new: b"d3"}


def test_an_id_that_is_known_is_not_added_again(store: Store) -> None:
    with working(store) as batch:
        batch.add_ids({event_id("a"): b"d"}, day=TODAY)
    with pytest.raises(Conflict), working(store) as batch:
        batch.add_ids({event_id("a"): b"other", event_id("b"): b"d"}, day=TODAY)
    with working(store) as batch:
        assert batch.known_ids([event_id("a"), event_id("b")], day=TODAY) == {event_id("a"): b"d"}


def test_more_ids_than_a_statement_takes(store: Store) -> None:
    ids = {event_id(str(number)): b"d" for number in range(1_201)}
    with working(store) as batch:
        batch.add_ids(ids, day=TODAY)
        assert batch.known_ids(ids, day=TODAY) == ids


def test_a_batch_is_kept_whole_or_not_at_all(store: Store) -> None:
    def everything(batch: Batch, fault: int = 0) -> None:
        batch.outbox(batch.save([visitor("ann")]))
        batch.add_ids({event_id("e"): b"d"}, day=TODAY)
        batch.log([event("e")])
        batch.memberships([change("fans")])
        batch.ticks({source("ann"): NOW})
        batch.dead([DeadLetter("x", None, 0, b"p", "why", 1, NOW, NOW)])
        assert fault == 0, "here it dies"

    with pytest.raises(AssertionError, match="dies"), working(store) as batch:
        everything(batch, fault=1)
    assert (store.visitors.find(source("ann")), store.hot_outbox.waiting(), store.applying.next_due()) == (
        None,
        0,
        None,
    )
    assert (store.dead_letters.waiting(), store.visitors.memberships([source("ann")])) == (0, ())
    with working(store) as batch:
        everything(batch)
    assert store.visitors.find(source("ann")) == visitor("ann", version=NOW)
    assert (store.hot_outbox.waiting(), store.applying.next_due(), store.dead_letters.waiting()) == (1, NOW, 1)


def test_versions_begin_with_the_instant_and_move_up_with_every_write(store: Store) -> None:
    assert keep(store, visitor("ann")) == {source("ann"): NOW}
    with working(store) as batch:
        (row,) = batch.groups([source("ann"), source("nobody")])
        assert batch.save([replace(row, state=b"s2", window=b"w2", hot=b"h2", seen=NOW + 5)]) == {row.source: NOW + 1}
    assert store.visitors.find(source("ann")) == visitor(
        "ann", version=NOW + 1, state=b"s2", window=b"w2", hot=b"h2", seen=NOW + 5
    )
    assert store.visitors.hot(source("ann")) == (NOW + 1, b"h2")


def test_a_row_that_is_not_as_it_was_read_is_not_written(store: Store) -> None:
    keep(store, visitor("ann"))
    with pytest.raises(Conflict), working(store) as batch:
        batch.save([visitor("ann", version=NOW + 7)])
    with pytest.raises(Conflict), working(store) as batch:
        batch.save([visitor("bob"), visitor("ann")])
    assert store.visitors.find(source("bob")) is None
    with working(store) as batch:
        (row,) = batch.groups([source("ann")])
        batch.save([row])
        with pytest.raises(Conflict):
            batch.save([row])


def test_groups_bring_everybody_in_order(store: Store) -> None:
    ann = source("ann")
    keep(store, visitor("ann", known=True), *(visitor(one, person=ann) for one in ("a1", "a2")), visitor("bob"))
    with working(store) as batch:
        rows = batch.groups([source("a1")])
        assert [row.source for row in rows] == sorted(map(source, ("ann", "a1", "a2")))
        assert {row.person for row in rows} == {ann}
        assert len(batch.groups([source("a1"), source("bob"), source("nobody")])) == 4
        assert batch.groups([]) == ()
    assert [row.source for row in store.visitors.group(source("a2"))] == [row.source for row in rows]
    assert store.visitors.group(source("nobody")) == ()
    assert store.visitors.count() == 4


# SQLite has one writer at a time.
@pytest.mark.parametrize("store", [pytest.param("postgresql", marks=pytest.mark.server)], indirect=True)
def test_a_group_that_changes_while_it_is_waited_for_is_locked_as_it_became(store: Store) -> None:
    keep(store, visitor("ann", known=True), visitor("a1"), visitor("bob", known=True))
    read: list[list[str]] = []
    locked = threading.Event()

    def follow() -> None:
        with working(store, "p-2", "other") as batch:
            locked.set()
            read.append([row.source for row in batch.groups([source("a1")])])

    thread = threading.Thread(target=follow)
    with working(store, "p-1") as batch:
        rows = {row.source: row for row in batch.groups([source("a1"), source("ann")])}
        thread.start()
        assert locked.wait(90)
        wait_for_lock(store)
        batch.save([replace(rows[source("a1")], person=source("ann")), rows[source("ann")]])
    thread.join(90)
    assert read == [sorted([source("a1"), source("ann")])]


def wait_for_lock(store: Store) -> None:
    """Until somebody waits for a lock: asked of the server, again and again."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    for _ in range(10_000):
        with store.engine.connect() as connection:
            if connection.exec_driver_sql(waiting).scalar_one():
                return
    pytest.fail("nobody waited")


def test_workers_that_write_overlapping_groups_do_not_lose_each_others_writes(store: Store) -> None:
    names = [f"v-{number}" for number in range(12)]
    keep(
        store,
        *(visitor(name, person=source("v-0") if number < 6 else source(name)) for number, name in enumerate(names)),
    )
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            for round_ in range(8):
                mine = [source(names[(number * 3 + round_ + step) % 12]) for step in range(4)]
                with working(store, f"w-{number}", "own") as batch:
                    rows = batch.groups(mine)
                    batch.outbox(batch.save([replace(row, state=row.state + b".") for row in rows]))
        except Exception as error:  # noqa: BLE001  # handed to the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert failures == []
    for name in names:
        row = store.visitors.find(source(name))
        assert row is not None
        assert len(row.state) - len(b"state") == row.version - NOW > 0


def test_hot_copies_are_put_in_line_once_as_they_are_by_then(store: Store) -> None:
    ann, bob = source("ann"), source("bob")
    with working(store) as batch:
        batch.outbox(batch.save([visitor("ann"), visitor("bob", hot=b"bob")]))
    with working(store) as batch:
        (row,) = batch.groups([ann])
        batch.outbox(batch.save([replace(row, hot=b"newer")]))
    assert set(store.hot_outbox.pending()) == {HotCopy(ann, NOW + 1, b"newer"), HotCopy(bob, NOW, b"bob")}
    store.hot_outbox.done({ann: NOW, bob: NOW})
    assert store.hot_outbox.pending() == (HotCopy(ann, NOW + 1, b"newer"),), "what moved on since stays in line"
    store.hot_outbox.done({ann: NOW + 1})
    assert (store.hot_outbox.pending(), store.hot_outbox.waiting()) == ((), 0)


def test_a_batch_takes_copies_out_of_the_line_that_were_written_before_it(store: Store) -> None:
    ann, bob, cem = map(source, ("ann", "bob", "cem"))
    with working(store) as batch:
        batch.outbox(batch.save([visitor("ann"), visitor("bob"), visitor("cem")]))

    def undone(batch: Batch) -> None:
        batch.copied({ann: NOW, bob: NOW, cem: NOW})
        raise AssertionError("here it dies")

    with pytest.raises(AssertionError, match="dies"), working(store) as batch:
        undone(batch)
    assert store.hot_outbox.waiting() == 3
    with working(store) as batch:
        batch.copied({ann: NOW, bob: NOW, cem: NOW - 1})
        (row,) = batch.groups([bob])
        batch.outbox(batch.save([replace(row, hot=b"newer")]))
    assert {(one.source, one.version) for one in store.hot_outbox.pending()} == {(bob, NOW + 1), (cem, NOW)}


@pytest.mark.parametrize("store", [pytest.param("postgresql", marks=pytest.mark.server)], indirect=True)
def test_copies_that_are_being_put_in_line_are_not_waited_for(store: Store) -> None:
    """Two who did it in different order would wait for each other."""
    ann, bob = source("ann"), source("bob")
    with working(store) as batch:
        batch.outbox(batch.save([visitor("ann"), visitor("bob")]))
    with working(store) as batch:
        batch.copied({bob: NOW})
        batch.outbox({ann: NOW + 1})
        store.hot_outbox.done({ann: NOW, bob: NOW})
    assert [(one.source, one.version) for one in store.hot_outbox.pending()] == [(ann, NOW + 1)]


def test_every_hot_copy_comes_in_pages(store: Store) -> None:
    names = [f"v-{number}" for number in range(7)]
    keep(store, *(visitor(name, hot=name.encode()) for name in names))
    seen: list[HotCopy] = []
    while page := store.hot_outbox.every(after=seen[-1].source if seen else "", limit=3):
        seen += page
    assert seen == sorted((HotCopy(source(name), NOW, name.encode()) for name in names), key=lambda one: one.source)


def test_ticks_are_due_by_partition_the_oldest_first(store: Store) -> None:
    due = {source(str(number)): NOW - number for number in range(20)}
    with working(store) as batch:
        batch.ticks(dict.fromkeys(due, NOW + MINUTE))
        batch.ticks(due)
    everything = [tick for part in range(3) for tick in store.applying.due(now=NOW, partition=part, partitions=3)]
    assert sorted(everything, key=lambda one: one.due) == [
        Tick(one, due[one]) for one in sorted(due, key=due.__getitem__)
    ]
    for part in range(3):
        mine = store.applying.due(now=NOW, partition=part, partitions=3)
        assert list(mine) == sorted(mine, key=lambda one: one.due)
        assert {partition_of(tick.source, 3) for tick in mine} == {part}
    assert [tick.due for tick in store.applying.due(now=NOW - 3, limit=2)] == [NOW - 19, NOW - 18]
    assert store.applying.next_due() == NOW - 19


def test_a_tick_is_cleared_unless_it_is_set_again(store: Store) -> None:
    with working(store) as batch:
        batch.ticks({source("a"): NOW, source("b"): NOW})
    with working(store) as batch:
        batch.ticks({source("a"): NOW + 9}, clear=[source("a"), source("b"), source("none")])
    assert store.applying.due(now=NOW + 9) == (Tick(source("a"), NOW + 9),)


def test_memberships_are_logged_when_they_begin_and_end(store: Store) -> None:
    ann = source("ann")
    with working(store) as batch:
        batch.memberships([change("fans", reason='{"events":["e"]}'), change("vips", kind="computed", score=0.5)])
    with working(store) as batch:
        batch.memberships([change("fans", at=NOW + 5, until=NOW + 9), change("vips", at=NOW + 6, left=True)])
        batch.memberships([change("other", at=NOW + 7, left=True)])
        assert batch.held([ann]) == (Membership("fans", ann, "pattern", NOW, NOW + 9, None, "{}"),)
    with working(store) as batch:
        batch.memberships([change("fans", at=NOW + 9)])
    assert store.visitors.memberships([ann, source("bob")]) == (
        Membership("fans", ann, "pattern", NOW + 9, None, None, "{}"),
    )
    first = store.visitors.history([ann], limit=3)
    assert first.next is not None
    rest = store.visitors.history([ann], limit=3, after=first.next)
    told = [(one.segment, one.way, one.at - NOW) for one in (*first.items, *rest.items)]
    assert told == [("fans", "entered", 9), ("vips", "left", 6), ("vips", "entered", 0), ("fans", "entered", 0)]
    assert rest.next is None
    assert rest.items[-1].reason == '{"events":["e"]}'


def test_who_is_in_a_segment_is_known_with_the_version_of_their_key(store: Store) -> None:
    with working(store) as batch:
        batch.memberships([change("fans"), replace(change("vips", kind="list"), key_version=2)])
        assert batch.listed([source("ann"), source("bob")]) == {source("ann"): 2}
        assert batch.listed([]) == {}


def test_letters_that_come_again_are_one(store: Store) -> None:
    letter = DeadLetter("e-1", source("ann"), 1, b"\x00p", "it broke\0", 3, NOW, NOW)
    with working(store) as batch:
        batch.dead([letter])
    store.dead_letters.replayed(letter, at=NOW + 1)
    assert (store.dead_letters.waiting(), store.dead_letters.page().items) == (0, ())
    store.dead_letters.put(
        [replace(letter, payload=b"p2", reason="again", attempts=2, first_at=NOW + 9, last_at=NOW + 9)]
    )
    assert store.dead_letters.get(["e-1", "e-2"]) == (
        replace(letter, payload=b"p2", reason="again", attempts=5, last_at=NOW + 9),
    )
    store.dead_letters.replayed(letter, at=NOW + 10)  # as it was before it failed again
    assert [one.id for one in store.dead_letters.page().items] == ["e-1"]
    store.dead_letters.put([replace(letter, id=f"e-{number}") for number in range(2, 5)])
    first = store.dead_letters.page(limit=3)
    assert [one.id for one in first.items] == ["e-1", "e-2", "e-3"]
    assert [one.id for one in store.dead_letters.page(after=first.next).items] == ["e-4"]
    assert store.dead_letters.discard(["e-1", "e-4", "e-9"]) == 2
    assert store.dead_letters.waiting() == 2


def test_threads_look_up_hot_copies_each_by_its_own_connection(store: Store) -> None:
    keep(store, visitor("ann"))
    found: list[object] = []

    def look() -> None:
        found.append((store.visitors.hot(source("ann")), store.visitors.hot(source("bob"))))

    for _ in range(20):  # more than the pool has
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(90)
    assert found == [((NOW, b"hot"), None)] * 20
    store.close()
    look()
    assert found[-1] == found[0]


def test_a_connection_that_the_server_ended_is_replaced(store: Store) -> None:
    keep(store, visitor("ann"))
    store.visitors.hot(source("ann"))
    if store.engine.dialect.name == "postgresql":
        mine = "pid <> pg_backend_pid() AND datname = current_database()"
        with store.engine.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")
    assert store.visitors.hot(source("ann")) == (NOW, b"hot")


def test_a_look_up_in_a_database_that_is_out_of_reach_says_so_at_once() -> None:
    store = open_store(f"postgresql://ann:hunter2@127.0.0.1:{servers.free_port()}/tessera")
    with pytest.raises(ServiceUnavailable) as caught:
        store.visitors.hot(source("ann"))
    assert "hunter2" not in str(caught.value)
    store.close()


def test_a_look_up_without_tables_is_a_fault_and_no_passing_trouble(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.visitors.hot(source("ann"))
    store.close()
