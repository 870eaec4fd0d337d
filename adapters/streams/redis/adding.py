"""Appending in Redis: all records of a call, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from adapters.streams.limits import size_of
from adapters.streams.port import Record, StreamFull
from adapters.streams.redis.names import Names
from adapters.streams.redis.options import RedisOptions
from adapters.streams.redis.scripts import APPEND
from adapters.streams.redis.server import Server

RETRY_AFTER_S = 1.0


class Adding:
    """Runs the script that appends."""

    def __init__(self, server: Server, names: Names, options: RedisOptions) -> None:
        self._server = server
        self._names = names
        self._options = options
        self._script = server.client.register_script(APPEND)

    def add(self, records: Sequence[Record], origins: Sequence[str] = ()) -> None:
        """The server has them when this returns.

        Args:
            origins: for each record its place in a spool, which wants to hear of its acknowledgement.
        Raises:
            StreamFull, StreamDown: see the port.
        """
        keys = [self._names.bell, self._names.sizes]
        numbers: dict[int, int] = {}
        arguments: list[str | int | bytes] = [
            self._options.max_records,
            self._options.max_bytes,
            sum(map(size_of, records)),
        ]
        for place, record in enumerate(records):
            if (number := numbers.get(record.partition)) is None:
                number = numbers[record.partition] = len(numbers) + 1
                keys.append(self._names.streams[record.partition])
            arguments += (number, record.key, record.payload, origins[place] if origins else "")
        answer = cast(list[int], self._server.ask(lambda client: self._script(keys, arguments, client)))
        if not answer[0]:
            raise StreamFull(f"{answer[1]} records of {answer[2]} bytes wait already", RETRY_AFTER_S)
