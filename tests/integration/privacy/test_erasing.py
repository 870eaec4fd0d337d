"""Erasing: everywhere, whatever is in flight, and whenever it is interrupted."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from adapters.streams.port import Record, partition_of
from plugin.ports import DeadLetter
from plugin.profiles.events import Event, encode
from plugin.wiring.visiting import hasher_of, now_ms
from tests import servers
from tests.integration.privacy.site import Place, Running, again, in_redis, place, running, until

RAW, PHONE, KNOWN = "v-raw-4711", "v-phone-4712", "jane.doe@example.org"
QUERY, ENTRY, TIER = "planted-query-99", "planted-entry-77", "planted-tier-55"
POINTS = ("erasure begun", "erasure logs", "erasure stream", "erasure copies")


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.server)])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "local":
        return place(tmp_path)
    server: servers.Redis = request.getfixturevalue("redis_server")
    Redis.from_url(server.url).flushall()
    return place(tmp_path, **in_redis(tmp_path, server.url, "tessera"))


def live(site: Running) -> None:
    """Somebody on two devices, who signs in on both, reads, searches, and is given a tier."""
    for visitor in (RAW, PHONE):
        site.events(
            visitor,
            {"type": "view", "content_id": "reading"},
            {"type": "view", "content_id": ENTRY},
            {"type": "search", "properties": {"query": QUERY}},
        )
        site.ask("POST", "/v1/identify", json={"visitor_id": visitor, "user_id": KNOWN})
    site.ask("PATCH", f"/v1/visitors/{KNOWN}", json={"attributes": {"tier": "gold"}})
    site.ask("PATCH", f"/v1/visitors/{RAW}", json={"attributes": {"tier": TIER}})
    site.ask("PATCH", f"/v1/visitors/{KNOWN}", json={"attributes": {"tier": "gold"}})
    site.events("v-other", {"type": "view", "content_id": "reading"}, {"type": "view", "content_id": "reading"})
    assert (site.shown(RAW), site.shown(PHONE), site.shown("v-other")) == ("gold", "gold", "reading")


def holding(site: Running, *visitors: str) -> set[str]:
    """The tables in which one of these stands."""
    from sqlalchemy import select

    from plugin.store.engine import reading
    from plugin.store.tables import metadata

    sources = {site.source(one) for one in visitors}
    with reading(site.store.engine) as tx:
        return {
            table.name
            for table in metadata.sorted_tables
            for row in tx.execute(select(table))
            if sources & {value for value in row if isinstance(value, str)}
        }


LEFT = {"audit_log", "erasure_fences"}


def test_whoever_is_linked_is_gone_everywhere_and_may_begin_anew(where: Place) -> None:
    with running(where) as site:
        live(site)
        before = holding(site, RAW, PHONE, KNOWN)
        assert {"visitors", "events", "visitor_links", "segment_members", "segment_log"} <= before
        receipt = site.ask("DELETE", f"/v1/visitors/{RAW}")
        assert (receipt["done"], receipt["linked"]) == (True, 3)
        assert receipt["removed"]["visitors"] == 3
        assert receipt["removed"]["events"] == 6
        assert (receipt["removed"]["visitor_links"], receipt["repeated"]) == (2, None)
        assert [one["what"] for one in receipt["pending"]] == [
            "profiles that other processes remember",
            "digests of event ids",
            "the fence, and events in flight",
        ]
        assert site.ask("GET", f"/v1/erasures/{receipt['id']}")["removed"] == receipt["removed"]
        assert holding(site, RAW, PHONE, KNOWN) == LEFT
        assert [site.shown(one) for one in (RAW, PHONE, KNOWN, "v-other")] == ["plain"] * 3 + ["reading"]
        exported = site.ask("GET", f"/v1/visitors/{PHONE}/export")
        assert not any(exported[part] for part in ("profiles", "events", "links", "segments", "segment_history"))
        again = site.ask("DELETE", f"/v1/visitors/{RAW}")
        assert (again["id"], again["removed"]) == (receipt["id"], receipt["removed"])
        assert again["repeated"] is not None
        site.events(RAW, {"type": "view", "content_id": "reading"}, {"type": "view", "content_id": "reading"})
        (row,) = site.rows(RAW)
        assert row.person == site.source(RAW)
        assert site.shown(RAW) == "reading"
        assert site.shown(PHONE) == "plain"
        site.ask("DELETE", "/v1/visitors/v-other")
        site.ask("DELETE", f"/v1/visitors/{RAW}")
    found = where.settled()
    for trace in (QUERY, ENTRY, TIER, RAW, PHONE, KNOWN):
        assert trace.encode() not in found, f"{trace} is in a file still"


def test_nothing_in_flight_revives_the_visitor(where: Place) -> None:
    """Accepted before and applied after: waiting in the stream, from another machine's spool, sent again by hand."""
    with running(where) as site:
        live(site)
    with running(where, apply_events=False) as site:
        site.events(RAW, {"type": "view", "content_id": ENTRY}, wait=False)
        hasher = hasher_of(site.settings, "k" * 32)
        old = _event(hasher.identity(PHONE), "from-a-spool")
        site.store.dead_letters.put(
            [DeadLetter("unread", None, 1, old, "of a version that is to come", 1, 0, now_ms())]
        )
        receipt = site.ask("DELETE", f"/v1/visitors/{PHONE}")
        assert receipt["removed"]["stream"] == 1
        stream = _stream(site)
        source = site.source(PHONE)
        stream.append([Record(partition_of(source, stream.partitions), source, old)])
        stream.close()
    with running(where) as site:
        site.events(PHONE, {"type": "search", "properties": {"query": "later"}})
        (row,) = site.rows(PHONE)
        assert row.person == site.source(PHONE)
        assert [one.type for one in site.store.event_log.of([site.source(PHONE)]).items] == ["search"]
        assert holding(site, RAW, KNOWN) == LEFT
        site.ask("POST", "/v1/identify", json={"visitor_id": PHONE, "user_id": KNOWN})
        (profile,) = [
            one for one in site.ask("GET", f"/v1/visitors/{KNOWN}/export")["profiles"] if one["kind"] == "known"
        ]
        assert profile["attributes"] == {}, "who comes back is known again, and nothing else"
        assert holding(site, RAW) == LEFT


@pytest.mark.parametrize("point", POINTS)
def test_an_erasure_that_is_killed_is_finished_by_a_worker(tmp_path: Path, point: str) -> None:
    where = place(tmp_path)
    with running(where) as site:
        live(site)
    with running(where, apply_events=False) as site:
        site.events(RAW, {"type": "view", "content_id": ENTRY}, wait=False)
    child = multiprocessing.get_context("spawn").Process(target=_erase_and_die, args=(tmp_path, point))
    child.start()
    child.join(90)
    assert child.exitcode == 9, "it was to die"
    with running(where) as site:
        until(lambda: not site.store.privacy.unfinished())
        assert holding(site, RAW, PHONE, KNOWN) == LEFT
        (fence, *_others) = site.store.privacy.fences([site.source(RAW)])
        receipt = site.ask("GET", f"/v1/erasures/{fence.receipt}")
        assert (receipt["done"], receipt["linked"]) == (True, 3)
        assert receipt["removed"]["events"] == 6
        assert site.shown(RAW) == "plain"


def _erase_and_die(folder: Path, point: str) -> None:
    def at(name: str) -> None:
        if name == point:
            os._exit(9)

    with running(again(folder), apply_events=False, at=at) as site:
        site.ask("DELETE", f"/v1/visitors/{KNOWN}")


@pytest.mark.server
def test_what_redis_holds_goes_when_it_is_back(tmp_path: Path) -> None:
    with servers.redis() as server:
        where = place(tmp_path, redis_url=in_redis(tmp_path, server.url, "t")["redis_url"])
        with running(where) as site:
            live(site)
            client = Redis.from_url(server.url)
            client.execute_command("CLIENT", "PAUSE", "3000", "ALL")
            receipt = site.ask("DELETE", f"/v1/visitors/{RAW}", status=202)
            assert receipt["pending"][0]["what"] == "copies of the profile in Redis"
            assert site.shown(RAW) == "plain"
            until(lambda: site.ask("GET", f"/v1/erasures/{receipt['id']}")["done"])
            held = b"".join(client.get(key) or b"" for key in client.scan_iter("*:view:*"))
            assert TIER.encode() not in held
            assert b"gold" not in held
            client.close()


def test_only_keys_with_the_right_see_or_erase(tmp_path: Path) -> None:
    with running(place(tmp_path)) as site:
        for method, path in (
            ("GET", "/v1/visitors/ann/export"),
            ("DELETE", "/v1/visitors/ann"),
            ("GET", "/v1/audit"),
            ("GET", "/v1/erasures/x"),
        ):
            site.ask(method, path, status=403, key="reader-key-0123456789")
            assert site.client.open(f"{path}?key=public", method=method).status_code in {401, 403}
        site.ask("GET", "/v1/erasures/x", status=404)
        site.ask("DELETE", f"/v1/visitors/{'x' * 129}", status=422)


def _stream(site: Running) -> Any:
    from contextlib import ExitStack

    from plugin.wiring.visiting import open_visiting

    return open_visiting(site.settings, site.store, "k" * 32, ExitStack()).stream


def _event(identity: Any, name: str) -> bytes:
    now = now_ms() - 60_000
    return encode(
        Event(
            name,
            "view",
            identity.source,
            identity.key_version,
            identity.uid,
            now,
            now,
            b"d" * 16,
            "personalization",
            content_id=ENTRY,
        )
    )
