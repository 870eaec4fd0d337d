"""The one look-up in Redis that requests make, over a connection that each thread holds.

What the client does around a command costs three times the command itself: the pool, retries, metrics. Here a command
is written and its answer read; a connection that the server ended meanwhile is replaced once.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError as ConnectionLost

if TYPE_CHECKING:
    from redis import Connection, ConnectionPool


class Lookup:
    """Reads the value of a key and of one that all ask for, in one round trip. Safe to share between threads."""

    def __init__(self, pool: ConnectionPool, beside: str) -> None:
        """Ask nothing yet.

        Args:
            pool: says how to connect; none of its connections is taken.
            beside: the key that all ask for.
        """
        self._pool = pool
        self._threads = threading.local()
        self._beginning = b"*3\r\n$4\r\nMGET\r\n$%d\r\n%b\r\n" % (len(beside.encode()), beside.encode())

    def __call__(self, key: str) -> tuple[bytes, list[bytes | None]]:
        """What names the start of the server that answered; the value of the key beside, and of this one.

        Raises: RedisError.
        """
        name = key.encode()
        command = b"%b$%d\r\n%b\r\n" % (self._beginning, len(name), name)
        held: tuple[Connection, bytes] | None = getattr(self._threads, "held", None)
        if held is not None:
            connection, run = held
            try:
                return run, self._ask(connection, command)
            except ConnectionLost:
                pass  # it may have been idle for too long, or the server was started anew
        connection = self._pool.connection_class(**self._pool.connection_kwargs)
        # A server that was started anew has ended all connections.
        run = _run_of(self._ask(connection, b"*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n"))
        found: list[bytes | None] = self._ask(connection, command)
        self._threads.held = connection, run
        return run, found

    def close(self) -> None:
        """Close the connections of all threads; asked again, they connect anew."""
        self._threads = threading.local()

    def _ask(self, connection: Connection, command: bytes) -> Any:  # noqa: ANN401  # what the command answers
        try:
            connection.send_packed_command([command])  # type: ignore[no-untyped-call]
            return connection.read_response()
        except BaseException:
            # An answer that comes too late must not be taken for that of the next question.
            self._threads.held = None
            connection.disconnect()  # type: ignore[no-untyped-call]
            raise


def _run_of(told: bytes) -> bytes:
    """The name of a server's start, from what it tells of itself; nothing where it does not say."""
    _before, _name, rest = told.partition(b"run_id:")
    return rest.partition(b"\r")[0]
