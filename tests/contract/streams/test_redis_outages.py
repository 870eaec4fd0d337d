"""A Redis that is killed, hangs, forgets or never was: what was accepted arrives, in each visitor's order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from adapters.runtime import Runtime
from adapters.streams.port import StreamDown, StreamFull, StreamOptionsError
from adapters.streams.redis import RedisStream, build
from tests import servers
from tests.contract.streams.durable_redis import DurableRedis
from tests.contract.streams.helpers import ack, claim_all, payloads, read, record, until
from tests.waiting import allowed

pytestmark = pytest.mark.server


@pytest.fixture(params=["fsync", "spool"])
def durable(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(tmp_path: Path, durable: str) -> Iterator[DurableRedis]:
    """With "spool" it keeps nothing on its disk, so that killing it loses all."""
    folder = tmp_path / "redis"
    folder.mkdir()
    made = DurableRedis(folder, fsync="always" if durable == "fsync" else "none")
    yield made
    made.stop()


@pytest.fixture
def stream(server: DurableRedis, durable: str, tmp_path: Path) -> Iterator[RedisStream]:
    made = build({"url": server.url, "spool": str(tmp_path / "spool.db"), "durable": durable}, Runtime.system())
    yield made
    made.close()


def in_order(found: list[bytes], key: str, count: int) -> bool:
    """Whether the first sight of each is in order, and none is missing."""
    return list(dict.fromkeys(one for one in found if one.startswith(key.encode()))) == [
        f"{key} {number}".encode() for number in range(count)
    ]


def test_killed_twice_while_records_come_and_go(stream: RedisStream, server: DurableRedis) -> None:
    keys = [f"k{number}" for number in range(5)]
    done = threading.Event()

    def append() -> None:
        for number in range(150):
            stream.append([record(key, number) for key in keys])
            time.sleep(0.004)
        done.set()

    thread = threading.Thread(target=append)
    found: list[bytes] = []
    claimed = False
    thread.start()
    kills = 0
    deadline = time.monotonic() + 60
    while not (done.is_set() and all(in_order(found, key, 150) for key in keys)):
        assert time.monotonic() < deadline, [len(set(found)), stream.backlog()]
        if kills < 2 and len(set(found)) > 200 * (kills + 1):
            server.kill()
            kills += 1
            threading.Timer(0.3, server.start).start()
        try:
            if not claimed:
                claim_all(stream)
                claimed = True
            batch = stream.read(range(16), limit=20, wait_s=0.2)
            found += payloads(batch)
            ack(stream, batch)
        except StreamDown:
            claimed = False
            time.sleep(0.02)
    thread.join()
    assert kills == 2
    until(lambda: not stream.read(range(16), limit=100, wait_s=0) and stream.backlog().spooled == 0)


def test_what_was_not_acknowledged_outlives_the_server(stream: RedisStream, server: DurableRedis) -> None:
    stream.append([record("a", number) for number in range(10)])
    claim_all(stream)
    found = read(stream, 10)
    ack(stream, found[:4])
    until(lambda: stream.backlog().spooled in {0, 6})
    server.kill()
    server.start()

    def again() -> bool:
        try:
            claim_all(stream, "next")
            return len(set(payloads(stream.read(range(16), limit=100, wait_s=1)))) >= 6
        except StreamDown:
            return False

    until(again)


def test_while_it_is_down_the_spool_takes_records_within_bounds(tmp_path: Path) -> None:
    port = servers.free_port()
    options = {"url": f"redis://:secret@127.0.0.1:{port}/0", "spool": str(tmp_path / "s.db"), "spool_max_records": 1000}
    stream = build(options, Runtime.system())
    began = time.monotonic()
    for number in range(100):
        stream.append([record("a", 10 * number + one) for one in range(10)])
    assert time.monotonic() - began < allowed(5)
    with pytest.raises(StreamFull):
        stream.append([record("a")])
    backlog = stream.backlog()
    assert (backlog.partitions, backlog.spooled) == ((), 1000)
    assert backlog.degraded is not None
    for call in (stream.ping, lambda: stream.claim(0, "me"), lambda: list(stream.scan(["a"]))):
        with pytest.raises(StreamDown) as down:
            call()
        assert "secret" not in str(down.value)
    began = time.monotonic()
    assert stream.wait(7, 0.3) == 7
    assert time.monotonic() - began >= 0.28
    stream.close()


def test_a_server_that_hangs_holds_up_an_append_once_and_no_longer_than_its_time(
    stream: RedisStream, server: DurableRedis, durable: str
) -> None:
    stream.append([record("a", 0)])
    server.freeze()
    try:
        slowest = 0.0
        for number in range(1, 6):
            began = time.monotonic()
            stream.append([record("a", number)])
            slowest = max(slowest, time.monotonic() - began)
            assert number == 1 or time.monotonic() - began < allowed(1)
        assert slowest < 3.5
    finally:
        server.thaw()
    until(lambda: stream.backlog().degraded is None)
    claim_all(stream)
    found: list[bytes] = []

    def came() -> bool:
        found.extend(payloads(stream.read(range(16), limit=100, wait_s=0.2)))
        return in_order(found, "a", 6)

    until(came)


def test_a_server_that_lost_its_data_is_filled_from_the_spool(
    stream: RedisStream, server: DurableRedis, durable: str
) -> None:
    if durable == "fsync":
        server.kill()  # before anything came: all goes to the spool
    stream.append([record("a", number) for number in range(5)])
    if durable == "fsync":
        server.start()
    else:
        until(lambda: stream.backlog().count == 5)
        Redis.from_url(server.url).flushall()
    found: list[bytes] = []

    def came() -> bool:
        try:
            claim_all(stream)
            found.extend(payloads(stream.read(range(16), limit=100, wait_s=0.5)))
        except StreamDown:
            time.sleep(0.02)
        return in_order(found, "a", 5)

    until(came)


def test_a_server_that_does_not_sync_is_refused_unless_trusted(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    server = DurableRedis(tmp_path / "redis", fsync="everysec")
    options = {"url": server.url, "spool": str(tmp_path / "spool.db")}
    try:
        with pytest.raises(StreamOptionsError, match="appendfsync always"):
            build(options, Runtime.system())
        build({**options, "trusted": True}, Runtime.system()).close()
        build({**options, "durable": "spool"}, Runtime.system()).close()
        with Redis.from_url(server.url) as client:
            client.config_set("appendfsync", "always")
            stream = build(options, Runtime.system())
            client.config_set("maxmemory", "1gb")
            client.config_set("maxmemory-policy", "allkeys-lru")
            with pytest.raises(StreamOptionsError, match="noeviction"):
                build(options, Runtime.system())
            client.config_set("maxmemory", "0")
            client.execute_command("ACL", "SETUSER", "default", "-config")
            with pytest.raises(StreamOptionsError, match="trusted"):
                build(options, Runtime.system())
            stream.append([record("a")])
            with pytest.raises(StreamOptionsError, match="partitions"):
                build({**options, "trusted": True, "partitions": 8, "spool": f"{tmp_path}/2.db"}, Runtime.system())
            stream.close()
    finally:
        server.stop()


@pytest.mark.parametrize("durable", ["fsync"], indirect=True)
def test_a_server_that_comes_back_with_other_settings_gets_nothing(server: DurableRedis, stream: RedisStream) -> None:
    server.stop()
    stream.append([record("a")])
    server._fsync = "everysec"
    server.start()
    until(lambda: "appendfsync" in (stream.backlog().degraded or ""))
    assert stream.backlog().spooled == 1
    with Redis.from_url(server.url) as client:
        client.config_set("appendfsync", "always")
    until(lambda: stream.backlog().spooled == 0)


def test_a_server_without_memory_sends_records_to_the_spool(
    server: DurableRedis, durable: str, stream: RedisStream
) -> None:
    with Redis.from_url(server.url) as client:
        client.config_set("maxmemory", "1mb")
        stream.append([record("a")])
        until(lambda: stream.backlog().degraded is not None)
        assert "OOM" in str(stream.backlog().degraded) or "OutOfMemory" in str(stream.backlog().degraded)
        assert stream.backlog().spooled == 1
        client.config_set("maxmemory", "0")
    claim = False

    def came() -> bool:
        nonlocal claim
        try:
            if not claim:
                claim_all(stream)
                claim = True
            return bool(stream.read(range(16), limit=10, wait_s=0.1))
        except StreamDown:
            claim = False
            return False

    until(came)
