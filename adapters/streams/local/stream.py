"""A stream in a file of its own, for the processes of one machine."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from adapters.runtime import Runtime
from adapters.streams.limits import check_name, check_partition, check_records
from adapters.streams.local import rows
from adapters.streams.local.appends import Appender
from adapters.streams.local.file import NUMBER_BITS, LocalOptions, connect, prepare, telling, transaction, write_back
from adapters.streams.port import Backlog, Delivery, NotClaimed, Record, StreamDiskFull, StreamDown

POLL_S = 0.01
"""How often appends of other processes are looked for; those of this one wake who waits."""
QUIET_POLL_S = 0.05
"""The same at most: a hundredth of the time since anything came. Most of the day is quiet, and each look costs."""
_TICK_NS = 50_000_000
CHUNK = 2_000
REMOVED_AT_ONCE = 200


class LocalStream:
    """See the port. Opened after a fork, never before: SQLite's connections do not survive one."""

    def __init__(self, options: LocalOptions, runtime: Runtime) -> None:
        self._options = options
        self._runtime = runtime
        prepare(options, runtime)
        with telling(options.file):
            self._writer = connect(options, "FULL")
            # What was delivered and acknowledged may be forgotten by a loss of power: it is delivered again.
            self._marker = connect(options, "NORMAL")
            self._reader = connect(options, "NORMAL")
        # Whoever needs both takes `_reading` first.
        self._reading = threading.RLock()
        self._writing = threading.Lock()
        self._appended = threading.Condition()
        self._newest = 0
        self._cursors: dict[int, int] = {}
        self._emptied: tuple[frozenset[int], int] | None = None  # where nothing was, and the newest number then
        self._moved = (0, runtime.monotonic())
        self._log = f"{options.file}-wal"
        self._known: tuple[int | None, int] = (None, 0)  # when the file was written, and the number read after that
        self._closed = False
        self._appends = Appender(options, self._writer, self._writing, self._now_ms, self._tell)

    @property
    def partitions(self) -> int:
        return self._options.partitions

    def append(self, records: Sequence[Record]) -> None:
        """See the port; waits for another process that writes, at most `busy_timeout_s`."""
        total = check_records(records, self.partitions)
        if records:
            self._check_open()
            self._appends.append(records, total)

    def claim(self, partition: int, owner: str) -> None:
        """See the port; who the owner is makes no difference here."""
        check_partition(partition, self.partitions)
        check_name("owner", owner)
        with self._reading, self._marking():
            self._cursors[partition] = rows.claim(self._marker.execute, partition)
            self._emptied = None

    def read(self, partitions: Collection[int], *, limit: int, wait_s: float) -> list[Delivery]:
        """See the port."""
        deadline = self._runtime.monotonic() + wait_s
        number = self._number()
        while True:
            if found := self._next(partitions, limit, number):
                return found
            if deadline <= self._runtime.monotonic():
                return []
            number = self._wait(number, number, deadline)

    def ack(self, partition: int, positions: Collection[str]) -> None:
        """See the port."""
        check_partition(partition, self.partitions)
        done = [one for position in positions if (one := rows.position_of(partition, position)) is not None]
        for place in range(
            0, len(done), REMOVED_AT_ONCE
        ):  # removing overwrites, and the log has to hold all that one step does
            some = done[place : place + REMOVED_AT_ONCE]
            try:
                with self._marking():
                    rows.remove(self._marker, some)
            except StreamDiskFull:
                with self._writing:
                    write_back(self._marker)
                with self._marking():
                    rows.remove(self._marker, some)

    def wait(self, seen: int, timeout_s: float) -> int:
        """See the port; appends of other processes are looked for every 10 ms, or 50 where it is quiet."""
        deadline = self._runtime.monotonic() + timeout_s
        return self._wait(self._number_or(seen), seen, deadline)

    def _wait(self, number: int, seen: int, deadline: float) -> int:
        while True:
            now = self._runtime.monotonic()
            if number != self._moved[0]:
                self._moved = (number, now)
            pause = min(max((now - self._moved[1]) / 100, POLL_S), QUIET_POLL_S)
            with self._appended:
                if number != seen or deadline <= now or self._closed:
                    return number
                if self._newest <= number:
                    self._appended.wait(min(deadline - now, pause))
            number = self._number_or(seen)

    def backlog(self) -> Backlog:
        """See the port."""
        with self._looking():
            return Backlog(rows.backlog(self._reader.execute, self._now_ms()))

    def scan(self, keys: Collection[str]) -> Iterator[Record]:
        """See the port."""
        for position in self._positions(frozenset(keys)):
            with self._looking():
                found = self._reader.execute(
                    "SELECT key, payload FROM records WHERE position = ?", (position,)
                ).fetchone()
            if found is not None:
                yield Record(position >> NUMBER_BITS, *found)

    def drop(self, keys: Collection[str]) -> int:
        """See the port; what was removed is overwritten in the file, and not left in its log."""
        found = list(self._positions(frozenset(keys)))
        dropped = 0
        for place in range(0, len(found), REMOVED_AT_ONCE):
            with self._writing, telling(self._options.file):
                self._check_open()
                with transaction(self._writer):
                    dropped += rows.remove(self._writer, found[place : place + REMOVED_AT_ONCE])
        with self._writing:
            write_back(self._writer)
        return dropped

    def ping(self) -> None:
        """See the port."""
        with self._marking():
            pass

    def close(self) -> None:
        """See the port."""
        with self._appended:
            self._closed = True
            self._appended.notify_all()
        with self._reading, self._writing:
            for connection in (self._reader, self._marker, self._writer):
                connection.close()

    def empty(self) -> bool:
        """Whether nothing waits: what a spool is asked before each append past it."""
        with self._looking():
            return self._reader.execute("SELECT 1 FROM records LIMIT 1").fetchone() is None

    def _next(self, partitions: Collection[int], limit: int, seen: int) -> list[Delivery]:
        found: list[Delivery] = []
        moved: dict[int, int] = {}
        looked = (frozenset(partitions), seen)
        with self._looking():
            if looked == self._emptied:
                return found
            for partition in partitions:
                if (cursor := self._cursors.get(partition)) is None:
                    raise NotClaimed(f"partition {partition} is read before it was claimed")
                more, last = rows.following(self._reader.execute, cursor, limit)
                if more:
                    found += more
                    moved[partition] = last
            if moved:
                with self._marking():
                    rows.mark(self._marker, moved.values())
                self._cursors.update(moved)
            else:
                self._emptied = looked
        return found

    def _positions(self, keys: frozenset[str]) -> Iterator[int]:
        """Of these keys, in order; a key has no index, for nothing but an erasure asks by it."""
        last = -1
        while True:
            with self._looking():
                chunk = self._reader.execute(
                    "SELECT position, key FROM records WHERE position > ? ORDER BY position LIMIT ?", (last, CHUNK)
                ).fetchall()
            yield from (position for position, key in chunk if key in keys)
            if len(chunk) < CHUNK:
                return
            last = chunk[-1][0]

    def _number_or(self, seen: int) -> int:
        try:
            return self._number()
        except StreamDown:
            return seen

    def _number(self) -> int:
        """Of the newest record. While nothing writes to the file, its log's time tells so for a fraction of a look."""
        self._check_open()
        at = self._written_at()
        known = self._known
        if at is not None and known == (at, known[1]) and self._newest <= known[1]:
            return known[1]
        with self._looking():
            number = int(self._reader.execute("SELECT number FROM state").fetchone()[0])
        self._known = (at, number)
        return number

    def _written_at(self) -> int | None:
        """When the file was written last; None where it was just now, for what follows may leave the same time."""
        try:
            at = os.stat(self._log).st_mtime_ns  # noqa: PTH116  # many times a second
        except OSError:
            return None
        return at if self._runtime.now() * 1e9 - at > _TICK_NS else None

    @contextmanager
    def _looking(self) -> Iterator[None]:
        with self._reading, telling(self._options.file):
            self._check_open()
            yield

    @contextmanager
    def _marking(self) -> Iterator[None]:
        """A transaction that a loss of power may undo."""
        with self._writing, telling(self._options.file):
            self._check_open()
            with transaction(self._marker):
                yield

    def _now_ms(self) -> int:
        return int(self._runtime.now() * 1000)

    def _tell(self, number: int) -> None:
        with self._appended:
            self._newest = number
            self._appended.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise StreamDown(f"{self._options.file}: closed")
