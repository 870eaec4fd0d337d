"""Reading by a consumer group: what was delivered stays pending until it is acknowledged, whoever dies meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from redis import Redis
from redis.exceptions import ResponseError

from adapters.streams.port import Delivery, NotClaimed, StreamDown
from adapters.streams.redis.names import Names, is_id
from adapters.streams.redis.scripts import CLAIM, REMOVE
from adapters.streams.redis.server import Server

SLICE_MS = 200
CHUNK = 500
MOST_NOTED = 5_000
FLUSH_S = 0.1
"""How often reading removes what was acknowledged: each time would be one more sync of the server before it."""
FIRST = "0-0"
Entry = tuple[bytes, Mapping[bytes, bytes]]


class _Place:
    """How far one partition was read.

    Attributes:
        last: the id of the last entry that was given out.
        news: whether all that is pending behind it was given out; otherwise that comes first, since an answer may have
            been lost on its way and Redis counts it as delivered.
    """

    __slots__ = ("last", "news", "owner")

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.last = FIRST
        self.news = False


class Reading:
    """Claims, reads and removes. Calls of one partition are made by one thread at a time."""

    def __init__(self, server: Server, names: Names, group: str, monotonic: Callable[[], float]) -> None:
        self._server = server
        self._names = names
        self._group = group
        self._claim = server.client.register_script(CLAIM)
        self._remove = server.client.register_script(REMOVE)
        self._places: dict[int, _Place] = {}
        self._noting = threading.Lock()
        self._acked: list[tuple[int, str]] = []
        self._monotonic = monotonic
        self._flushed_at = float("-inf")

    def claim(self, partition: int, owner: str) -> None:
        self.flush()
        self._server.ask(lambda client: self._claim([self._names.streams[partition]], [self._group, owner], client))
        self._places[partition] = _Place(owner)

    def read(self, partitions: Collection[int], limit: int, wait_ms: int) -> list[Delivery]:
        """What there is, or what comes within the time, at most `SLICE_MS`. Raises NotClaimed."""
        owners: dict[str, list[int]] = {}
        for partition in partitions:
            if (place := self._places.get(partition)) is None:
                raise NotClaimed(f"partition {partition} is read before it was claimed")
            owners.setdefault(place.owner, []).append(partition)
        if self._monotonic() - self._flushed_at >= FLUSH_S:
            self.flush()
        found: list[Delivery] = []
        for owner, those in owners.items():
            pending = [one for one in those if not self._places[one].news]
            if pending:
                found += self._pending(owner, pending, limit)
            if news := [one for one in those if self._places[one].news and one not in {d.partition for d in found}]:
                found += self._news(owner, news, limit, 0 if found or len(owners) > 1 else wait_ms)
        return found

    def ack(self, partition: int, positions: Collection[str]) -> None:
        """Notes them; `flush` tells the server. A call each, and a sync each, would hold up those who append."""
        with self._noting:
            self._acked += ((partition, position) for position in positions if is_id(position))
            many = len(self._acked) >= MOST_NOTED
        if many:
            self.flush()

    def flush(self) -> None:
        """Removes what was acknowledged; what cannot be removed now stays noted."""
        with self._noting:
            taken, self._acked = self._acked, []
            self._flushed_at = self._monotonic()
        for place in range(0, len(taken), CHUNK):
            try:
                self.remove(taken[place : place + CHUNK])
            except StreamDown:
                with self._noting:
                    self._acked += taken[place:]
                raise

    def remove(self, places: Sequence[tuple[int, str]]) -> int:
        """At most `CHUNK` of them; gives how many there were."""
        if not places:
            return 0
        numbers = {partition: number for number, partition in enumerate({one for one, _entry in places}, 1)}
        keys = [self._names.sizes, *(self._names.streams[partition] for partition in numbers)]
        arguments: list[str | int] = [self._group, self._names.done]
        for partition, entry in places:
            arguments += (numbers[partition], entry)
        return cast(int, self._server.ask(lambda client: self._remove(keys, arguments, client)))

    def entries(self, partition: int) -> Iterator[Entry]:
        """Every entry that waits, in order."""
        first = "-"
        while True:
            chunk = self._server.ask(
                lambda client, f=first: cast(list[Entry], client.xrange(self._names.streams[partition], f, "+", CHUNK))  # type: ignore[misc]
            )
            yield from chunk
            if len(chunk) < CHUNK:
                return
            first = f"({chunk[-1][0].decode()}"

    def _pending(self, owner: str, partitions: Collection[int], limit: int) -> list[Delivery]:
        found = self._ask_group(owner, {one: self._places[one].last for one in partitions}, limit, 0)
        asked = [(partition, entries) for partition, entries in found.items() if entries]
        for partition in set(partitions) - {partition for partition, _entries in asked}:
            self._places[partition].news = True
        tried = self._attempts(owner, asked)
        given = [
            Delivery(partition, entry.decode(), fields[b"p"], tried.get((partition, entry), 1), fields[b"k"].decode())
            for partition, entries in asked
            for entry, fields in entries
            if fields  # None or empty where it was dropped since
        ]
        for partition, entries in asked:
            self._places[partition].last = entries[-1][0].decode()
        return given

    def _attempts(self, owner: str, asked: Collection[tuple[int, list[Entry]]]) -> dict[tuple[int, bytes], int]:
        if not asked:
            return {}

        def question(client: Redis) -> list[list[dict[str, Any]]]:
            with client.pipeline(transaction=False) as pipe:
                for partition, entries in asked:
                    low, high = entries[0][0], entries[-1][0]
                    pipe.xpending_range(self._names.streams[partition], self._group, low, high, len(entries), owner)
                return cast(list[list[dict[str, Any]]], pipe.execute())

        answers = self._server.ask(question)
        return {
            (partition, cast(bytes, one["message_id"])): int(one["times_delivered"])
            for (partition, _entries), answer in zip(asked, answers, strict=True)
            for one in answer
        }

    def _news(self, owner: str, partitions: Collection[int], limit: int, wait_ms: int) -> list[Delivery]:
        try:
            found = self._ask_group(owner, dict.fromkeys(partitions, ">"), limit, wait_ms)
        except StreamDown:
            # It may have been delivered all the same, and be pending for us now.
            for partition in partitions:
                self._places[partition].news = False
            raise
        given = []
        for partition, entries in found.items():
            for entry, fields in entries:
                given.append(Delivery(partition, entry.decode(), fields[b"p"], 1, fields[b"k"].decode()))
                self._places[partition].last = given[-1].position
        return given

    def _ask_group(self, owner: str, after: Mapping[int, str], limit: int, wait_ms: int) -> dict[int, list[Entry]]:
        streams = {self._names.streams[partition]: entry for partition, entry in after.items()}

        def question(client: Redis) -> object:
            block = min(wait_ms, SLICE_MS) or None
            try:
                return client.xreadgroup(self._group, owner, cast(Any, streams), count=limit, block=block)
            except ResponseError as fault:
                if not str(fault).startswith("NOGROUP"):
                    raise
                for partition in after:  # it has lost everything: from the beginning, once the group is there again
                    self._places[partition] = _Place(owner)
                raise

        answer = cast(list[tuple[bytes, list[Entry]]], self._server.ask(question) or [])
        return {self._names.partition[name]: entries for name, entries in answer}
