"""Appends of several threads become durable by one commit.

Who comes while a commit is under way waits for the next one, and whoever is first then commits for all that wait: no
thread of its own, no delay for one who is alone.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence

from adapters.streams.limits import size_of
from adapters.streams.local.file import NUMBER_BITS, LocalOptions, telling, transaction, write_back
from adapters.streams.port import Record, StreamDiskFull, StreamDown, StreamError, StreamFull

MOST_AT_ONCE = 5_000
RETRY_AFTER_S = 1.0


class _Ticket:
    """One caller's records, and what became of them."""

    __slots__ = ("bytes", "done", "fault", "records")

    def __init__(self, records: Sequence[Record], total: int) -> None:
        self.records = records
        self.bytes = total
        self.done = False
        self.fault: StreamError | None = None


class Appender:
    """Appends to the file through one connection.

    Args:
        writing: held while anything of this process writes to the file.
        now_ms: milliseconds since the epoch.
        committed: told the number of the newest durable record.
    """

    def __init__(
        self,
        options: LocalOptions,
        connection: sqlite3.Connection,
        writing: threading.Lock,
        now_ms: Callable[[], int],
        committed: Callable[[int], None],
    ) -> None:
        self._options = options
        self._connection = connection
        self._writing = writing
        self._now_ms = now_ms
        self._committed = committed
        self._queue: list[_Ticket] = []
        self._queueing = threading.Lock()

    def append(self, records: Sequence[Record], total: int) -> None:
        """See `Stream.append`; `total` is what they count for."""
        ticket = _Ticket(records, total)
        with self._queueing:
            self._queue.append(ticket)
        with self._writing:
            while not ticket.done:
                self._commit(self._take())
        if ticket.fault is not None:
            raise ticket.fault

    def _take(self) -> list[_Ticket]:
        with self._queueing:
            count = place = 0
            while place < len(self._queue) and count < MOST_AT_ONCE:
                count += len(self._queue[place].records)
                place += 1
            taken, self._queue = self._queue[:place], self._queue[place:]
        return taken

    def _commit(self, tickets: Sequence[_Ticket]) -> None:
        number = None
        try:
            try:
                number = self._attempt(tickets)
            except StreamDiskFull:
                write_back(self._connection)
                number = self._attempt(tickets)
        except BaseException as fault:
            # Whatever it was, nobody may take these for durable.
            for ticket in tickets:
                ticket.fault = fault if isinstance(fault, StreamError) else StreamDown("the append failed")
            if not isinstance(fault, StreamError):
                raise
        finally:
            for ticket in tickets:
                ticket.done = True
        if number is not None:
            self._committed(number)

    def _attempt(self, tickets: Sequence[_Ticket]) -> int | None:
        with telling(self._options.file), transaction(self._connection):
            return self._write(tickets)

    def _write(self, tickets: Sequence[_Ticket]) -> int | None:
        """Admits each as far as there is room; gives the newest number, None where none was admitted."""
        options, run = self._options, self._connection.execute
        count, size = run("SELECT sum(count), sum(bytes) FROM partitions").fetchone()
        number, at = run("SELECT number FROM state").fetchone()[0], self._now_ms()
        rows: list[tuple[int, str, int, bytes]] = []
        grown: dict[int, list[int]] = {}
        for ticket in tickets:
            ticket.fault = None
            if count + len(ticket.records) > options.max_records or size + ticket.bytes > options.max_bytes:
                ticket.fault = StreamFull(f"{count} records of {size} bytes wait already", RETRY_AFTER_S)
                continue
            count, size = count + len(ticket.records), size + ticket.bytes
            for record in ticket.records:
                number += 1
                rows.append((record.partition << NUMBER_BITS | number, record.key, at, record.payload))
                one = grown.setdefault(record.partition, [0, 0])
                one[0] += 1
                one[1] += size_of(record)
        if not rows:
            return None
        self._connection.executemany("INSERT INTO records (position, key, at, payload) VALUES (?, ?, ?, ?)", rows)
        self._connection.executemany(
            "UPDATE partitions SET count = count + ?, bytes = bytes + ? WHERE partition = ?",
            [(more, larger, partition) for partition, (more, larger) in grown.items()],
        )
        run("UPDATE state SET number = ?", (number,))
        return int(number)
