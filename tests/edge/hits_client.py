"""The client of the hit run: a process of its own with some connections, for it must cost less than what it asks."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

CONNECTIONS = 8
_HIT, _KEY = b"varnish; hit", b"\r\nX-Key: miss"


@dataclass
class Counted:
    """What came back; `stored` are hits, `keys` lookups that the origin answered."""

    asked: int = 0
    stored: int = 0
    keys: int = 0
    bytes: int = 0
    passed: int = 0
    statuses: Counter[int] = field(default_factory=Counter)


def total_of(parts: Iterable[Counted]) -> Counted:
    """What came back to several clients together."""
    total = Counted()
    for one in parts:
        total.asked += one.asked
        total.stored += one.stored
        total.keys += one.keys
        total.bytes += one.bytes
        total.passed += one.passed
        total.statuses += one.statuses
    return total


def ask_all(port: int, requests: Sequence[tuple[bytes, str, bytes]], cookies: Any, progress: Any) -> Counted:
    """Send all of them, some at a time.

    Args:
        requests: what stands before the class cookie, whose (a name in `cookies`, or ""), and what stands after it.
        cookies: class cookies by name, shared between processes; replaced in one go after a publication.
        progress: counts what is done, shared likewise.
    """
    counted, known = Counted(), dict(cookies)
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(CONNECTIONS)]
    looked = time.monotonic()
    try:
        for start in range(0, len(requests), CONNECTIONS):
            batch = requests[start : start + CONNECTIONS]
            if time.monotonic() - looked > 0.2:  # browsers do so within a minute
                known, looked = dict(cookies), time.monotonic()
            for one, (head, whose, tail) in zip(sockets, batch, strict=False):
                cookie = known.get(whose)
                one.sendall(head + (b"Cookie: tessera_class=" + cookie + b"\r\n" if cookie else b"") + tail)
            for one, _request in zip(sockets, batch, strict=False):
                _read(one, counted)
            progress.value += len(batch)
    finally:
        for one in sockets:
            one.close()
    return counted


def _read(connection: socket.socket, counted: Counted) -> None:
    data = connection.recv(65_536)
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _more(connection)
    head = data[:end]
    place = head.lower().find(b"\r\ncontent-length: ")
    if place < 0:
        raise RuntimeError(head.decode("latin-1"))
    length = int(head[place + 18 :].split(b"\r\n", 1)[0])
    size = len(data) - end - 4
    while size < length:
        size += len(_more(connection))
    counted.asked += 1
    counted.bytes += length
    counted.statuses[int(head[9:12])] += 1
    counted.stored += _HIT in head
    counted.keys += _KEY in head
    counted.passed += b"fwd=bypass" in head


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionResetError("the server closed the connection")
    return data
