"""A stream in Redis, with a spool on this machine's disk before it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any, cast

from redis import Redis

from adapters.runtime import Runtime
from adapters.streams.limits import check_name, check_partition, check_records
from adapters.streams.local import LocalStream
from adapters.streams.port import Backlog, Delivery, PartitionBacklog, Record, StreamDown
from adapters.streams.redis.adding import Adding
from adapters.streams.redis.names import Names, entry_of, token_of
from adapters.streams.redis.options import RedisOptions
from adapters.streams.redis.reading import CHUNK, SLICE_MS, Reading
from adapters.streams.redis.relay import Relay
from adapters.streams.redis.server import Server


class RedisStream:
    """See the port. Opened after a fork, for it has a thread."""

    def __init__(self, options: RedisOptions, runtime: Runtime) -> None:
        self._options = options
        self._runtime = runtime
        self._names = Names(options.prefix, options.partitions)
        self._closing = threading.Event()
        self._server = Server(options, self._names, runtime)
        self._server.open()
        self._adding = Adding(self._server, self._names, options)
        self._reading = Reading(self._server, self._names, options.group, runtime.monotonic)
        self._spool = LocalStream(options.spool, runtime)
        self._held = options.durable == "spool"
        self._relay = Relay(
            self._spool,
            options.spool.file,
            self._server,
            self._names,
            self._adding,
            hold=self._held,
            every_round=self._reading.flush,
        )
        self._relay.start()

    @property
    def partitions(self) -> int:
        return self._options.partitions

    def append(self, records: Sequence[Record]) -> None:
        """See the port. What waits in the spool goes first, so that a visitor's records stay in order."""
        check_records(records, self.partitions)
        self._check_open()
        if not records:
            return
        if not self._held and self._server.up and self._spool.empty():
            try:
                self._adding.add(records)
            except StreamDown:
                pass  # it may have happened: then these records are read twice
            else:
                return
        self._spool.append(records)

    def claim(self, partition: int, owner: str) -> None:
        """See the port."""
        check_partition(partition, self.partitions)
        check_name("owner", owner)
        self._check_open()
        self._reading.claim(partition, owner)

    def read(self, partitions: Collection[int], *, limit: int, wait_s: float) -> list[Delivery]:
        """See the port; while the server is down it waits as long before it says so."""
        deadline = self._runtime.monotonic() + wait_s
        while True:
            self._check_open()
            left = deadline - self._runtime.monotonic()
            try:
                found = self._reading.read(partitions, limit, max(int(left * 1000), 0))
            except StreamDown:
                self._closing.wait(max(min(left, self._server.pause_s()), 0))
                raise
            if found or left <= 0:
                return found

    def ack(self, partition: int, positions: Collection[str]) -> None:
        """See the port: they are removed together with others, a quarter of a second later at the latest."""
        check_partition(partition, self.partitions)
        self._check_open()
        self._reading.ack(partition, positions)

    def wait(self, seen: int, timeout_s: float) -> int:
        """See the port: a blocking read of a stream that every append rings."""
        deadline = self._runtime.monotonic() + timeout_s
        while not self._closing.is_set():
            left = deadline - self._runtime.monotonic()
            try:
                token = self._rung(seen, max(int(left * 1000), 1))
            except StreamDown:
                token = seen
                self._closing.wait(max(min(left, self._server.pause_s()), 0))
            if token != seen or left <= 0:
                return token
        return seen

    def backlog(self) -> Backlog:
        """See the port."""
        self._check_open()
        try:
            self._reading.flush()
            partitions, fault = self._server.ask(self._sizes), None
        except StreamDown as down:
            partitions, fault = (), str(down)
        return Backlog(partitions, self._spool.backlog().count, fault)

    def scan(self, keys: Collection[str]) -> Iterator[Record]:
        """See the port: of the server, then of this machine's spool."""
        wanted = frozenset(keys)
        self._check_open()
        for partition in range(self.partitions):
            for _entry, fields in self._reading.entries(partition):
                if (key := fields[b"k"].decode()) in wanted:
                    yield Record(partition, key, fields[b"p"])
        yield from self._spool.scan(wanted)

    def drop(self, keys: Collection[str]) -> int:
        """See the port; a record that is in the spool and with the server counts once."""
        wanted = frozenset(key.encode() for key in keys)
        self._check_open()
        dropped = self._spool.drop(keys)
        ours = f"{self._relay.name}/".encode()
        for partition in range(self.partitions):
            found = [(entry, fields) for entry, fields in self._reading.entries(partition) if fields[b"k"] in wanted]
            for place in range(0, len(found), CHUNK):
                some = found[place : place + CHUNK]
                self._reading.remove([(partition, entry.decode()) for entry, _fields in some])
            dropped += sum(not fields.get(b"o", b"").startswith(ours) for _entry, fields in found)
        return dropped

    def ping(self) -> None:
        """See the port."""
        self._check_open()
        self._spool.ping()
        self._server.ask(lambda client: client.ping())

    def close(self) -> None:
        """See the port; a call to the server that is under way ends within its time-out."""
        if not self._closing.is_set():
            self._closing.set()
            self._relay.close()
            with suppress(StreamDown):
                self._reading.flush()
            self._spool.close()
            self._server.close()

    def _rung(self, seen: int, wait_ms: int) -> int:
        def question(client: Redis) -> int:
            if not seen:
                newest = cast(list[tuple[bytes, Any]], client.xrevrange(self._names.bell, count=1))
                return token_of(newest[0][0].decode()) if newest else 1
            bells = cast(Any, {self._names.bell: entry_of(seen)})
            answer = cast(
                list[tuple[bytes, list[tuple[bytes, Any]]]], client.xread(bells, block=min(wait_ms, SLICE_MS))
            )
            return token_of(answer[0][1][-1][0].decode()) if answer else seen

        return self._server.ask(question)

    def _sizes(self, client: Redis) -> tuple[PartitionBacklog, ...]:
        with client.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.hgetall(self._names.sizes)
            for stream in self._names.streams:
                pipe.xlen(stream)
                pipe.xrange(stream, count=1)
            (seconds, micros), sizes, *rest = pipe.execute()
        now_ms = seconds * 1000 + micros // 1000
        found = []
        for partition, stream in enumerate(self._names.streams):
            count, oldest = rest[2 * partition : 2 * partition + 2]
            age_ms = now_ms - int(oldest[0][0].partition(b"-")[0]) if oldest else 0
            size = int(sizes.get(stream.encode(), 0))
            found.append(PartitionBacklog(partition, count, size, max(age_ms, 0) / 1000))
        return tuple(found)

    def _check_open(self) -> None:
        if self._closing.is_set():
            raise StreamDown("closed")
