"""Moves records from the local spool to Redis, in order, and tells the spool when they may go.

One process of those that share a spool does it: the one that holds a lock on a file beside it, which the system frees
when the process dies. Where the server syncs every append, a record leaves the spool when the server has it. Otherwise
it stays until a reader has acknowledged it, which Redis notes in a list for this spool: should the server lose its
memory, all that is still in the spool is sent again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

from adapters.streams.local import LocalStream
from adapters.streams.port import MOST_BYTES, MOST_RECORDS, Delivery, Record, StreamDown, StreamError, StreamFull
from adapters.streams.redis.adding import Adding
from adapters.streams.redis.names import Names
from adapters.streams.redis.server import Server

OWNER = "relay"
LIMIT = 200
IDLE_S = 0.1
LOCK_EVERY_S = 0.25
FULL_S = 0.1
_log = logging.getLogger(__name__)


class Relay:
    """A thread that empties the spool.

    Args:
        hold: keep records in the spool until they are acknowledged.
        every_round: what else is done now and then, at least every `LOCK_EVERY_S` while the server is well.
    """

    def __init__(
        self,
        spool: LocalStream,
        file: Path,
        server: Server,
        names: Names,
        adding: Adding,
        *,
        hold: bool,
        every_round: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._server = server
        self._adding = adding
        self._hold = hold
        self._every_round = every_round
        self._closing = threading.Event()
        self._lock = os.open(f"{file}.relay", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self.name = _name_of(file)
        self._done = names.done + self.name
        self._locked = False
        self._generation = -1
        self._thread = threading.Thread(target=self._run, name="stream-relay", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, after the call that it is in."""
        self._closing.set()
        self._thread.join()
        os.close(self._lock)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._server.prepare()
                self._every_round()
                if self._is_ours():
                    self._round()
                else:
                    self._closing.wait(LOCK_EVERY_S)
            except StreamDown:
                self._generation = -1
                self._closing.wait(max(self._server.pause_s(), IDLE_S))
            except StreamError as fault:
                _log.error("the spool is not relayed: %s", fault)
                self._generation = -1
                self._closing.wait(1)

    def _round(self) -> None:
        if self._generation != self._server.generation:
            generation = self._server.generation
            for partition in range(self._spool.partitions):
                self._spool.claim(partition, OWNER)
            self._generation = generation
        found = self._spool.read(range(self._spool.partitions), limit=LIMIT, wait_s=IDLE_S)
        for piece in _pieces(found):
            if not self._add(piece):
                return
            if not self._hold:
                self._leave([(one.partition, one.position) for one in piece])
        if self._hold:
            self._hear()

    def _add(self, piece: Sequence[Delivery]) -> bool:
        """Waits for room; False where it is given up because all ends."""
        records = [Record(one.partition, one.key, one.payload) for one in piece]
        origins = [f"{self.name}/{one.partition}/{one.position}" for one in piece] if self._hold else []
        while not self._closing.is_set():
            try:
                self._adding.add(records, origins)
            except StreamFull:
                if self._hold:
                    self._hear()
                self._closing.wait(FULL_S)
            else:
                return True
        return False

    def _hear(self) -> None:
        """Of acknowledgements. Should they be lost between the list and the spool, the records are sent again."""
        while True:
            heard = self._server.ask(lambda client: cast(list[bytes] | None, client.lpop(self._done, MOST_RECORDS)))
            places = [one.decode().partition("/") for one in heard or ()]
            self._leave([(int(partition), position) for partition, _slash, position in places])
            if len(places) < MOST_RECORDS:
                return

    def _leave(self, positions: Sequence[tuple[int, str]]) -> None:
        for partition in {partition for partition, _position in positions}:
            self._spool.ack(partition, [position for one, position in positions if one == partition])

    def _is_ours(self) -> bool:
        if not self._locked:
            with suppress(BlockingIOError):
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._locked = True
        return self._locked


def _name_of(file: Path) -> str:
    """The spool's own name, made once: lists in Redis are known by it."""
    kept, made = Path(f"{file}.name"), Path(f"{file}.name.{uuid.uuid4().hex}")
    if not kept.exists():
        with os.fdopen(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
            out.write(uuid.uuid4().hex)
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):  # of several processes, one is first
            kept.hardlink_to(made)
        made.unlink()
    return kept.read_text("ascii")


def _pieces(found: Sequence[Delivery]) -> list[Sequence[Delivery]]:
    """Each within the limits of an append."""
    pieces: list[Sequence[Delivery]] = []
    low = size = 0
    for place, one in enumerate(found):
        more = len(one.payload) + len(one.key)
        if place - low >= MOST_RECORDS or size + more > MOST_BYTES:
            pieces.append(found[low:place])
            low, size = place, 0
        size += more
    return [*pieces, found[low:]] if found else []
