"""The client of the benchmark: requests made ready beforehand, over a few kept connections, from this process."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from time import perf_counter_ns
from typing import NamedTuple

from plugin.bench.processes import Server

CONNECTIONS = 4


class WrongStatusError(RuntimeError):
    """A server answered with something other than what is measured."""


class Answered(NamedTuple):
    """One answer: its status, its headers by lower-case names, and its body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """Several kept connections; each sends its next request when all answers of the one before are there."""

    def __init__(
        self, server: Server, requests: Sequence[bytes], connections: Sequence[socket.socket], status: int
    ) -> None:
        self.server = server
        self.last: list[Answered] = []
        self.bytes = 0
        self.asked = 0
        self._requests = cycle(requests)
        self._connections = connections
        self._status = status

    def ask(self, count: int) -> list[float]:
        """Send so many requests; their latencies in µs. Raises WrongStatusError for an answer of another status."""
        found: list[float] = []
        self.bytes = 0
        self.asked += count
        while len(found) < count:
            batch = list(islice(self._requests, min(len(self._connections), count - len(found))))
            started = perf_counter_ns()
            for connection, request in zip(self._connections, batch, strict=False):
                connection.sendall(request)
            self.last = []
            for connection, _request in zip(self._connections, batch, strict=False):
                answer = _read(connection)
                found.append((perf_counter_ns() - started) / 1000)
                if answer.status != self._status:
                    raise WrongStatusError(f"{answer.status}: {answer.body[:500]!r}")
                self.bytes += len(answer.body)
                self.last.append(answer)
        return found


@contextmanager
def client(server: Server, requests: Sequence[bytes], status: int = 200) -> Iterator[Client]:
    """A client that sends these in turn, again and again, and takes answers of one status alone."""
    with ExitStack() as closing:
        connections = [
            closing.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            for _number in range(CONNECTIONS)
        ]
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Client(server, requests, connections, status)


def _read(connection: socket.socket) -> Answered:
    """One answer, of the length that it tells, or of none."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _blank, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _colon, value in pairs}
    status = int(first.split()[1])
    length = 0 if status == 304 else int(headers["content-length"])
    while len(body) < length:
        body += _more(connection)
    return Answered(status, headers, body)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise WrongStatusError("the server closed the connection")
    return data
