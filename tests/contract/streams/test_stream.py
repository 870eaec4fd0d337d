"""What every stream does, whichever adapter."""

from __future__ import annotations

import threading
import time

import pytest

from adapters import registry
from adapters.streams.port import (
    MOST_BYTES,
    MOST_PAYLOAD_BYTES,
    MOST_RECORDS,
    NotClaimed,
    Record,
    RecordTooLarge,
    Stream,
    StreamDown,
    StreamFull,
    partition_of,
)
from tests.contract.streams.conftest import Place
from tests.contract.streams.helpers import ack, claim_all, payloads, read, record, until
from tests.waiting import allowed

KEYS = [f"{number:032x}" for number in range(40)]


def test_partitions_never_move() -> None:
    assert [partition_of(key) for key in ("a", "b", "0" * 32)] == [3, 9, 0]


def test_records_of_a_key_come_in_the_order_in_which_they_were_appended(stream: Stream) -> None:
    for number in range(6):
        stream.append([record(key, number) for key in KEYS])
    claim_all(stream)
    found = read(stream, 6 * len(KEYS), limit=7)
    for key in KEYS:
        assert payloads(one for one in found if one.key == key) == [f"{key} {number}".encode() for number in range(6)]
    assert {one.partition for one in found} == {partition_of(key) for key in KEYS}
    assert {one.attempts for one in found} == {1}


def test_a_delivery_is_given_once_for_each_claim(stream: Stream) -> None:
    stream.append([record("a")])
    stream.claim(partition_of("a"), "me")
    (one,) = read(stream, 1, partitions=[partition_of("a")])
    assert stream.read([one.partition], limit=5, wait_s=0) == []
    stream.claim(one.partition, "me")
    (again,) = read(stream, 1, partitions=[one.partition])
    assert (again.position, again.payload, again.attempts) == (one.position, one.payload, 2)


def test_limit_holds_for_each_partition_and_the_rest_comes_next(stream: Stream) -> None:
    stream.append([record("a", number) for number in range(10)])
    stream.claim(partition_of("a"), "me")
    until(lambda: stream.backlog().count == 10)
    found = [stream.read([partition_of("a")], limit=4, wait_s=1) for _ in range(3)]
    assert [len(part) for part in found] == [4, 4, 2]


def test_what_is_acknowledged_is_gone(stream: Stream, place: Place) -> None:
    stream.append([record(key, number) for key in KEYS for number in range(3)])
    claim_all(stream)
    found = read(stream, 3 * len(KEYS))
    kept = [one for one in found if one.payload.endswith(b" 1")]
    ack(stream, [one for one in found if one not in kept])
    ack(stream, [one for one in found if one not in kept])  # twice does no harm
    stream.ack(0, ["9", "no position", "1-1", "9" * 40])
    backlog = stream.backlog()
    assert backlog.count == len(KEYS)
    assert sum(one.bytes for one in backlog.partitions) == sum(len(one.payload) + len(one.key) for one in kept)
    other = place.open()
    claim_all(other, "another")
    assert sorted(payloads(read(other, len(KEYS)))) == sorted(payloads(kept))
    ack(other, kept)
    assert [(one.count, one.bytes, one.oldest_s) for one in other.backlog().partitions] == [(0, 0, 0)] * 16


def test_the_backlog_tells_the_age_of_the_oldest(stream: Stream) -> None:
    stream.append([record("a")])
    until(lambda: stream.backlog().count == 1)
    until(lambda: stream.backlog().partitions[partition_of("a")].oldest_s >= 0.05)
    assert stream.backlog().partitions[partition_of("b")].oldest_s == 0
    assert stream.backlog().degraded is None


def test_a_new_claim_gets_what_another_reader_holds_and_counts_the_attempts(stream: Stream, place: Place) -> None:
    partition = partition_of("a")
    stream.append([record("a", number) for number in range(5)])
    stream.claim(partition, "first")
    assert len(read(stream, 5, partitions=[partition])) == 5
    stream.append([record("a", 5)])
    second = place.open()
    second.claim(partition, "second")
    found = read(second, 6, partitions=[partition])
    assert payloads(found) == [f"a {number}".encode() for number in range(6)]
    assert [one.attempts for one in found] == [2, 2, 2, 2, 2, 1]
    ack(second, found)
    until(lambda: second.backlog().count == 0)
    third = place.open()
    third.claim(partition, "third")
    assert third.read([partition], limit=9, wait_s=0.1) == []


def test_reading_needs_a_claim(stream: Stream) -> None:
    with pytest.raises(NotClaimed):
        stream.read([3], limit=1, wait_s=0)


def test_a_read_waits_and_is_woken_by_an_append(stream: Stream) -> None:
    claim_all(stream)
    delays = []
    for number in range(15):
        began = threading.Event()
        appended_at: list[float] = []

        def append(began: threading.Event = began, at: list[float] = appended_at, number: int = number) -> None:
            began.wait()
            time.sleep(0.01)
            at.append(time.monotonic())
            stream.append([record("a", number)])

        thread = threading.Thread(target=append)
        thread.start()
        began.set()
        found = stream.read(range(16), limit=5, wait_s=10)
        delays.append(time.monotonic() - appended_at[0])
        thread.join()
        ack(stream, found)
    assert sorted(delays)[7] < 0.05


def test_an_empty_read_takes_its_time_and_no_more(stream: Stream) -> None:
    claim_all(stream)
    began = time.monotonic()
    assert stream.read(range(16), limit=5, wait_s=0.3) == []
    assert 0.28 < time.monotonic() - began < allowed(1.5)


def test_waiting_ends_when_another_opener_appends(stream: Stream, place: Place) -> None:
    other = place.open()
    seen = stream.wait(0, 5)
    assert stream.wait(seen, 0.05) == seen
    delays = []
    for number in range(9):
        thread = threading.Thread(target=other.append, args=([record("a", number)],))
        began = time.monotonic()
        thread.start()
        later = stream.wait(seen, 10)
        delays.append(time.monotonic() - began)
        thread.join()
        assert later != seen
        seen = later
    assert sorted(delays)[4] < 0.06
    other.append([record("a", 99)])
    until(lambda: stream.wait(seen, 0.02) != seen)  # and what came before the wait is not missed


def test_too_many_records_are_refused_as_a_whole_until_there_is_room(place: Place) -> None:
    stream = place.open(max_records=1_000, **({"spool_max_records": 1_000} if place.adapter == "redis" else {}))
    stream.append([record("a", number) for number in range(998)])
    with pytest.raises(StreamFull) as full:
        stream.append([record("a", 998), record("b"), record("a", 999)])
    assert full.value.retry_after_s > 0
    claim_all(stream)
    found = read(stream, 998)
    ack(stream, found[:500])
    until(lambda: stream.backlog().spooled <= 498)
    stream.append([record("b", number) for number in range(300)])
    assert {one.key for one in read(stream, 300)} == {"b"}


def test_too_many_bytes_are_refused(place: Place) -> None:
    stream = place.open(max_bytes=MOST_BYTES, **({"spool_max_bytes": MOST_BYTES} if place.adapter == "redis" else {}))
    stream.append([Record(0, "a", b"x" * MOST_PAYLOAD_BYTES) for _ in range(7)])
    with pytest.raises(StreamFull):
        stream.append([Record(0, "a", b"x" * MOST_PAYLOAD_BYTES)] * 2)
    stream.append([record("a")])
    until(lambda: stream.backlog().count == 8)


def test_what_is_over_the_limits_of_the_port_is_refused(stream: Stream) -> None:
    largest = Record(1, "a", b"\0" * MOST_PAYLOAD_BYTES)
    for wrong in (
        [Record(1, "a", b"x" * (MOST_PAYLOAD_BYTES + 1))],
        [largest] * 9,
        [record("a")] * (MOST_RECORDS + 1),
    ):
        with pytest.raises(RecordTooLarge):
            stream.append(wrong)
    for key, partition in (("", 0), ("x" * 129, 0), ("é", 0), ("a\n", 0), ("a", 16), ("a", -1)):
        with pytest.raises(ValueError, match="records"):
            stream.append([record("a"), Record(partition, key, b"")])
    with pytest.raises(ValueError, match="owner"):
        stream.claim(1, "")
    stream.append([])
    stream.append([largest, Record(1, "a", b"")])
    stream.claim(1, "me")
    assert payloads(read(stream, 2, partitions=[1])) == [largest.payload, b""]


def test_dropping_removes_a_key_wherever_it_waits(stream: Stream, place: Place) -> None:
    stream.append([record(key, number) for number in range(20) for key in KEYS[:3]])
    claim_all(stream)
    until(lambda: stream.backlog().count == 60)
    stream.read([partition_of(KEYS[0])], limit=5, wait_s=1)
    assert {one.payload for one in stream.scan(KEYS[:1])} == {f"{KEYS[0]} {number}".encode() for number in range(20)}
    assert stream.drop(KEYS[:2]) == 40
    assert stream.drop(KEYS[:2]) == 0
    assert list(stream.scan(KEYS[:2])) == []
    assert stream.backlog().count == 20
    other = place.open()
    claim_all(other, "another")
    found = read(other, 20)
    assert {one.key for one in found} == {KEYS[2]}
    ack(other, found)
    until(lambda: stream.backlog().spooled == 0)


def test_appends_of_many_threads_all_arrive_once(stream: Stream) -> None:
    claim_all(stream)

    def append(name: str) -> None:
        for number in range(20):
            stream.append([record(f"{name}{one}", number) for one in range(10)])

    threads = [threading.Thread(target=append, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    found = []
    while len(found) < 800:
        batch = read(stream, 1)
        ack(stream, batch)
        found += batch
    for thread in threads:
        thread.join()
    assert len({one.payload for one in found}) == len(found) == 800
    for key in {one.key for one in found}:
        assert payloads(one for one in found if one.key == key) == [f"{key} {n}".encode() for n in range(20)]
    assert stream.backlog().count == 0


def test_who_closes_wakes_those_who_wait_and_every_call_says_so(stream: Stream) -> None:
    claim_all(stream)
    seen = stream.wait(0, 1)
    ended: list[str] = []

    def reading() -> None:
        with pytest.raises(StreamDown):
            stream.read(range(16), limit=1, wait_s=30)
        ended.append("read")

    def waiting() -> None:
        stream.wait(seen, 30)
        ended.append("wait")

    threads = [threading.Thread(target=reading), threading.Thread(target=waiting)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    stream.close()
    for thread in threads:
        thread.join(90)
    assert sorted(ended) == ["read", "wait"]
    stream.close()
    for call in (
        lambda: stream.append([record("a")]),
        lambda: stream.claim(0, "me"),
        lambda: stream.read([0], limit=1, wait_s=0),
        lambda: stream.ack(0, ["1"]),
        stream.backlog,
        stream.ping,
        lambda: stream.drop(["a"]),
        lambda: list(stream.scan(["a"])),
    ):
        with pytest.raises(StreamDown, match="closed"):
            call()


def test_every_built_in_stream_is_asked() -> None:
    assert {"local", "redis"} == set(registry.BUILT_IN["streams"])
