"""The one look-up in Redis that requests make, over a connection that each thread holds.

What the client does around a command costs several times the command itself: the pool, retries, metrics, and on each
connection checks and layers of reading. The client connects, with all that a URL may ask for; then a command is written
to its socket and the answer read by the parser that the client uses too. A connection that the server ended meanwhile
is replaced once.
"""

from __future__ import annotations

import threading
from socket import socket
from typing import TYPE_CHECKING, Any, NamedTuple

from hiredis import ProtocolError, Reader, ReplyError
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as TooLate

if TYPE_CHECKING:
    from redis import Connection, ConnectionPool

_AT_ONCE = 16_384
"""Bytes read at once: the view of nearly everybody is shorter."""


class _Held(NamedTuple):
    """A connection, its socket, what reads its answers, and which start of the server it is of."""

    connection: Connection
    socket: socket
    reader: Reader
    run: bytes


class Lookup:
    """Reads the value of a key and of one that all ask for, in one round trip. Safe to share between threads."""

    def __init__(self, pool: ConnectionPool, beside: str) -> None:
        """Ask nothing yet.

        Args:
            pool: says how to connect, and how long that and an answer may take; none of its connections is taken.
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
        held: _Held | None = getattr(self._threads, "held", None)
        if held is not None:
            try:
                return held.run, self._ask(held, command)
            except ConnectionLost:
                pass  # it may have been idle for too long, or the server was started anew
        held = self._connected()
        found: list[bytes | None] = self._ask(held, command)
        self._threads.held = held
        return held.run, found

    def close(self) -> None:
        """Close the connections of all threads; asked again, they connect anew."""
        self._threads = threading.local()

    def _connected(self) -> _Held:
        """A connection of its own. A server that was started anew has ended all connections of before."""
        connection = self._pool.connection_class(**self._pool.connection_kwargs)
        connection.connect()
        plain = connection._sock  # the client has no public name for it
        if plain is None:
            raise ConnectionLost("Redis closed the connection at once.")
        held = _Held(connection, plain, Reader(), b"")
        return held._replace(run=_run_of(self._ask(held, b"*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n")))

    def _ask(self, held: _Held, command: bytes) -> Any:  # noqa: ANN401  # what the command answers
        try:
            held.socket.sendall(command)
            reader = held.reader
            while True:
                octets = held.socket.recv(_AT_ONCE)
                if not octets:
                    raise ConnectionLost("Redis ended the connection.")
                reader.feed(octets)
                answer = reader.gets()
                if answer is not False:
                    break
            if isinstance(answer, ReplyError):
                raise ResponseError(str(answer))
        except BaseException as error:
            # An answer that comes too late must not be taken for that of the next question.
            self._threads.held = None
            held.connection.disconnect()  # type: ignore[no-untyped-call]
            if isinstance(error, TimeoutError):
                raise TooLate("Redis did not answer in time.") from error
            if isinstance(error, OSError | ProtocolError):
                raise ConnectionLost(f"Redis was lost: {error}") from error
            raise
        return answer


def _run_of(told: bytes) -> bytes:
    """The name of a server's start, from what it tells of itself; nothing where it does not say."""
    _before, _name, rest = told.partition(b"run_id:")
    return rest.partition(b"\r")[0]
