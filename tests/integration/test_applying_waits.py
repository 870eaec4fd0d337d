"""Events wait for what is published to be built, without which people would leave segments; and metrics of applying."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import requests
from msgspec import structs

from adapters.streams.port import Delivery, StreamDown, partition_of
from plugin.cli.worker import applying
from plugin.errors import ServiceUnavailable, SettingsError
from plugin.flow.types import Site
from plugin.ports import Member
from plugin.profiles.events import decode, encode
from plugin.service.delivery.sites import Sites
from plugin.service.events.apply import Outcome
from plugin.service.events.working import MOST_DELIVERIES
from plugin.setting_kinds import Secret
from plugin.store import Store, open_store
from plugin.wiring import visiting
from plugin.wiring.applying import Applying
from tests.integration.privacy.site import Place, place, running, until


def test_events_wait_for_what_is_published(tmp_path: Path) -> None:
    where = place(tmp_path, apply_events=False)
    with running(where) as app:
        app.events("ann", {"type": "view"}, {"type": "view"}, wait=False)
        ready = app.ask("GET", "/readyz")
        assert (ready["events"], ready["events_waiting"]) == ("ok", 2), "they have not waited for long"
    with ExitStack() as closing:
        store = open_store(where.settings.database_url.reveal())
        closing.callback(store.close)
        kept = visiting.open_visiting(replace(where.settings), store, "k" * 32, closing)
        sites = Sites(store.rulesets, store.content, poll_s=60)
        built: list[Site] = []
        by_hand = Applying(
            kept,
            store,
            lambda: built[0] if built else None,
            deny_unknown=False,
            in_flight_ms=86_400_000,
            count=lambda _outcome, _number: None,
        )
        closing.callback(by_hand.stop)
        with pytest.raises(ServiceUnavailable):
            by_hand._worker.step()
        assert kept.stream.backlog().count == 2
        built.append(sites.current())
        while kept.stream.backlog().count:
            by_hand._worker.step()
        (row,) = store.visitors.group(kept.hasher.source("ann"))
        assert row.window, "both are in the window of the pattern"
        with store.identity.begin() as tx:
            assert [one.segment for one in tx.held([row.source])] == ["readers"]


def test_events_of_a_newer_key_wait_for_a_worker_that_has_it(tmp_path: Path) -> None:
    """While processes are restarted with a new key one by one, those of the old do not give such events up."""
    old, new = Secret("o" * 32), Secret("n" * 32)
    where = place(tmp_path, apply_events=False, visitor_keys=(old, new))
    with running(where) as app:
        app.events("ann", {"type": "view"}, wait=False)
    for keys in ((old,), (old, new)):
        with ExitStack() as closing:
            store = open_store(where.settings.database_url.reveal())
            closing.callback(store.close)
            kept = visiting.open_visiting(replace(where.settings, visitor_keys=keys), store, "k" * 32, closing)
            sites = Sites(store.rulesets, store.content, poll_s=60)
            site = sites.current()
            by_hand = Applying(
                kept,
                store,
                lambda site=site: site,  # type: ignore[misc]
                deny_unknown=False,
                in_flight_ms=86_400_000,
                count=lambda _outcome, _number: None,
            )
            closing.callback(by_hand.stop)
            for _ in range(3):
                by_hand._worker.step()
            assert store.dead_letters.waiting() == 0
            assert kept.stream.backlog().count == (1 if keys == (old,) else 0)
            assert len(store.visitors.group(kept.hasher.source("ann"))) == (0 if keys == (old,) else 1)


class _Ended(BaseException):
    """A process that is gone, amid what it was doing."""


@contextmanager
def life(where: Place, ends_at: bytes | None = None) -> Iterator[tuple[Applying, visiting.Visiting, Store]]:
    """One process that applies events by hand, and ends where it applies a certain event."""
    with ExitStack() as closing:
        store = open_store(where.settings.database_url.reveal())
        closing.callback(store.close)
        kept = visiting.open_visiting(where.settings, store, "k" * 32, closing)
        site = Sites(store.rulesets, store.content, poll_s=60).current()
        made = Applying(
            kept, store, lambda: site, deny_unknown=False, in_flight_ms=86_400_000, count=lambda _outcome, _number: None
        )
        closing.callback(lambda: made._engine.close() if made._engine is not None else None)
        closing.callback(made._partitions.release)  # or the next would wait until the leases are over
        apply = made._worker._applier.apply

        def applied(tokens: Mapping[str, int], deliveries: Sequence[Delivery], copied: Mapping[str, int]) -> Outcome:
            if ends_at is not None and any(ends_at in one.payload for one in deliveries):
                raise _Ended
            return apply(tokens, deliveries, copied)

        made._worker._applier.apply = applied  # type: ignore[method-assign]
        yield made, kept, store


def test_an_event_at_which_processes_end_is_buried_alone(tmp_path: Path) -> None:
    """Whatever was read with it was delivered as often, and is applied all the same."""
    where = place(tmp_path, apply_events=False)
    names = [f"v-{number}" for number in range(12)]
    with running(where) as app:
        for name in names[:6]:
            app.events(name, {"type": "view"}, wait=False)
        app.events("ann", {"type": "view", "slot": "poison"}, wait=False)
        for name in names[6:]:
            app.events(name, {"type": "view"}, wait=False)
    lives = 0
    while True:
        lives += 1
        with life(where, ends_at=b"poison") as (process, kept, store), suppress(_Ended):
            for _ in range(40):
                process._worker.step()
                if not kept.stream.backlog().count:
                    break
            assert kept.stream.backlog().count == 0
            break
    assert lives == MOST_DELIVERIES + 1
    with life(where) as (_process, kept, store):
        assert store.dead_letters.waiting() == 1
        (letter,) = store.dead_letters.page(limit=5).items
        assert b"poison" in letter.payload
        assert all(len(store.visitors.group(kept.hasher.source(name))) == 1 for name in names)


def test_an_event_that_is_to_be_buried_waits_where_its_partition_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else was read with it would not be asked for again while there is more to read."""
    where = place(tmp_path, apply_events=False)

    def down(_partition: int, _positions: Collection[str]) -> None:
        raise StreamDown("The stream cannot do it now.")

    with running(where) as app, life(where) as (process, kept, store):
        app.events("ann", {"type": "view"}, wait=False)
        with monkeypatch.context() as patched:
            patched.setattr(kept.stream, "ack", down)
            process._worker.step()
            app.events("ann", {"type": "view"}, wait=False)
            partition = partition_of(kept.hasher.source("ann"), kept.stream.partitions)
            for number in range(MOST_DELIVERIES):
                kept.stream.claim(partition, f"ended-{number}")
                assert len(kept.stream.read([partition], limit=5, wait_s=0.0)) == 2
            for _ in range(3):
                process._worker.step()
        assert (kept.stream.backlog().count, store.dead_letters.waiting()) == (2, 0)
        until(lambda: process._worker.step() and not kept.stream.backlog().count)
        assert store.dead_letters.waiting() == 1


def test_what_others_did_does_not_wait_for_events_of_a_newer_key(tmp_path: Path) -> None:
    old, new = Secret("o" * 32), Secret("n" * 32)
    where = place(tmp_path, apply_events=False, visitor_keys=(old, new))
    before = replace(where, settings=replace(where.settings, visitor_keys=(old,)))
    for by, name in ((where, "ann"), (before, "ann"), (where, "bob"), (before, "bob")):
        with running(by) as app:
            app.events(name, {"type": "view"}, wait=False)
    with life(before) as (process, kept, store):
        for _ in range(4):
            process._worker.step()
        assert (kept.stream.backlog().count, store.dead_letters.waiting()) == (2, 0)
        assert all(len(store.visitors.group(kept.hasher.source(name))) == 1 for name in ("ann", "bob"))
    with life(where) as (process, kept, store):
        for _ in range(4):
            process._worker.step()
        assert (kept.stream.backlog().count, store.dead_letters.waiting()) == (0, 0)
        assert all(store.visitors.group(kept.hasher.source(name)) for name in ("ann", "bob"))


@pytest.mark.server
def test_who_writes_a_visitor_whose_copy_leaves_the_line_is_not_waited_for_in_a_circle(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    """A link, a list or a word on consent locks the visitor and then its place in line; so does whoever applies."""
    where = place(tmp_path, apply_events=False, database_url=Secret(new_database("template0")))
    with running(where) as app, life(where) as (process, kept, store):
        ann = kept.hasher.source("ann")
        app.events("ann", {"type": "view"}, wait=False)
        until(lambda: process._worker.step() and not kept.stream.backlog().count)
        (row,) = store.visitors.group(ann)
        with store.identity.begin() as tx:
            tx.outbox({ann: row.version})
        process._copying._copied = {ann: row.version}
        app.events("ann", {"type": "view"}, wait=False)
        step = Thread(target=process._worker.step)
        with store.identity.begin() as tx:
            tx.groups([ann])
            step.start()
            until(lambda: _waiting_for_locks(store))
            tx.outbox({ann: row.version})
        step.join(60)
        assert kept.stream.backlog().count == 0, "at once, and not after one of both was undone"


def _waiting_for_locks(store: Store) -> int:
    with store.engine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return int(connection.exec_driver_sql(waiting).scalar_one())


def test_whom_a_list_names_by_a_newer_key_is_not_taken_for_one_of_the_old(tmp_path: Path) -> None:
    """A process of before looks again at somebody whom one with the new key put on a list: a re-key would then move
    them to a name that is nobody's, out of their segments and out of reach of an erasure."""
    old, new = Secret("o" * 32), Secret("n" * 32)
    where = place(tmp_path, apply_events=False, visitor_keys=(old, new))
    store = open_store(where.settings.database_url.reveal())
    ann = visiting.hasher_of(where.settings, "k" * 32).source("ann")
    gone = visiting.hasher_of(where.settings, "k" * 32).source("gone")
    at = visiting.now_ms()
    store.segment_lists.put("vips", "list", [Member(ann, None), Member(gone, None)], key_version=2, at=at)
    store.segment_lists.remove("vips", [gone], at=at)
    for keys in ((old,), (old, new)):
        with ExitStack() as closing:
            kept = visiting.open_visiting(replace(where.settings, visitor_keys=keys), store, "k" * 32, closing)
            sites = Sites(store.rulesets, store.content, poll_s=60)
            site = sites.current()
            by_hand = Applying(
                kept,
                store,
                lambda site=site: site,  # type: ignore[misc]
                deny_unknown=False,
                in_flight_ms=86_400_000,
                count=lambda _outcome, _number: None,
            )
            closing.callback(by_hand.stop)
            by_hand._worker.step()
            if keys == (old, new):
                visiting.rekeyer(kept.hasher, store, None).run(lambda _moved: None)
    assert store.applying.next_due() is None
    (row,) = store.visitors.group(ann)
    assert (row.source, row.key_version) == (ann, 2)
    assert [one.segment for one in store.visitors.memberships([ann])] == ["vips"]
    assert store.visitors.find(gone) is None, "of whom nothing is kept nothing need be kept"
    store.close()


def test_an_event_of_an_erased_visitor_is_no_dead_letter_however_it_is_unfit(tmp_path: Path) -> None:
    """It waited for its key in the memory of a process that was never restarted with it, where no erasure finds it."""
    old, new = Secret("o" * 32), Secret("n" * 32)
    where = place(tmp_path, apply_events=False, visitor_keys=(old, new))
    with running(where) as app:
        app.events("ann", {"type": "view"}, wait=False)
        app.events("bob", {"type": "view"}, wait=False)
        names = [app.source("ann"), app.source("bob")]
        with ExitStack() as closing:
            stream = visiting.open_stream(where.settings, closing)
            waiting = [
                replace(one, payload=encode(structs.replace(event, received=event.received - 2 * 3_600_000)))
                for one in stream.scan(names)
                for event in [decode(one.payload)]
            ]
            stream.drop(names)
            app.ask("DELETE", "/v1/visitors/ann")
            stream.append(waiting)
    with ExitStack() as closing:
        store = open_store(where.settings.database_url.reveal())
        closing.callback(store.close)
        kept = visiting.open_visiting(replace(where.settings, visitor_keys=(old,)), store, "k" * 32, closing)
        site = Sites(store.rulesets, store.content, poll_s=60).current()
        by_hand = Applying(
            *(kept, store, lambda: site),
            deny_unknown=False,
            in_flight_ms=86_400_000,
            count=lambda _outcome, _number: None,
        )
        closing.callback(by_hand.stop)
        for _ in range(3):
            by_hand._worker.step()
        assert kept.stream.backlog().count == 0
        assert [one.source for one in store.dead_letters.page().items] == [names[1]]


def test_how_late_events_are_applied_and_what_patterns_cost_is_measured(tmp_path: Path) -> None:
    where = place(tmp_path)
    with running(where) as app:
        app.events("ann", {"type": "view"}, {"type": "view"})
        text = app.client.get("/metrics").text
        assert 'tessera_events_received_total{outcome="accepted"} 2.0' in text
        assert 'tessera_events_total{outcome="applied"} 2.0' in text
        assert "tessera_events_apply_lag_seconds_count 2.0" in text
        (evaluated,) = [line for line in text.splitlines() if line.startswith("tessera_pattern_evaluations_total ")]
        assert float(evaluated.split()[1]) >= 1


@pytest.mark.server
def test_a_worker_of_its_own_tells_its_metrics_where_it_is_asked_to(tmp_path: Path) -> None:
    where = place(tmp_path, apply_events=False)
    with running(where) as app:
        app.events("ann", {"type": "view"}, wait=False)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(SettingsError, match="listened"), applying(where.settings, metrics=("127.0.0.1", port)):
                pass
        with applying(where.settings, metrics=("127.0.0.1", port)):

            def text() -> str:
                return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text

            until(lambda: 'tessera_events_total{outcome="applied"} 1.0' in text())
            assert "tessera_events_waiting 0.0" in text()
