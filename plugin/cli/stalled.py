"""Ends connections of clients that stop half way through a body.

The server has no time-out for bodies (its maintainers leave that to a proxy), and a worker answers nobody while it
waits for one. Which connection a request came by is not told; but whose it is, and for how long nothing came by each of
theirs, the system knows. The most silent are no longer read from, one after the other, until the wait is over: the
request ends as one whose client went away. What rests between two requests is more silent than that, and goes too,
which clients of HTTP are used to; what waits in line behind it is less.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from operator import itemgetter
from threading import Thread

from plugin.web.bodies import Body

SILENT_S = 5.0
"""So long is waited for a body of which nothing came since."""
SLOW_S, LONGEST_S = 15.0, 60.0
"""So long for one of which something came meanwhile, and nothing for `SILENT_S`; so long for any."""
LOOKED_S, PRESSED_S = 0.5, 10.0
"""So often it is looked; so long after one was found nobody else is given time to be silent in."""
_TOLD_S = 0.05
"""Within so long a read ends whose connection was shut."""
_DESCRIPTORS = "/proc/self/fd"
_LAST_RECEIVED = 52
"""Where `struct tcp_info` of Linux says, in milliseconds, how long ago data came last."""
_log = logging.getLogger(__name__)


def watch(waiting: Mapping[int, Body]) -> None:
    """Look after bodies that are waited for until the process ends; where the system cannot tell, nobody does."""
    if hasattr(socket, "TCP_INFO") and os.path.isdir(_DESCRIPTORS):  # noqa: PTH112 - no file of ours
        Thread(target=_watch, args=(waiting,), name="slow-clients", daemon=True).start()


def _watch(waiting: Mapping[int, Body]) -> None:
    pressed_until = 0.0
    while True:
        time.sleep(LOOKED_S)
        for thread, body in list(waiting.items()):
            now = time.monotonic()
            # Others who wait in line behind one who stalled have been silent for as long.
            if now - body.since > (0.0 if now < pressed_until else SILENT_S) and _end(body, thread, waiting, now):
                pressed_until = now + PRESSED_S


def _end(body: Body, thread: int, waiting: Mapping[int, Body], now: float) -> bool:
    """Shut connections of a body's sender until it is waited for no more. Whether any was."""
    waited_s = now - body.since
    silent_s = max(waited_s, SILENT_S) if waited_s <= SLOW_S else SILENT_S if waited_s <= LONGEST_S else 0.0
    ended = 0
    with ExitStack() as closing:
        theirs = [(_silent_s(one), one) for one in map(closing.enter_context, _connections()) if _is_of(one, body)]
        for silence_s, connection in sorted(theirs, key=itemgetter(0), reverse=True):
            if silence_s < silent_s or waiting.get(thread) is not body:
                break
            body.is_cut = True
            with suppress(OSError):  # it ended meanwhile
                connection.shutdown(socket.SHUT_RD)
                ended += 1
            time.sleep(_TOLD_S)
    if ended:
        _log.warning("a client stopped half way through a body; %d of its connections were ended", ended)
    return bool(ended)


def _connections() -> Iterator[socket.socket]:
    """Second handles of all sockets of this process, for the caller to close."""
    for name in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - as above
        with suppress(OSError):
            copy = os.dup(int(name))
            try:
                found = socket.socket(fileno=copy)
            except OSError:  # no socket
                os.close(copy)
            else:
                yield found


def _is_of(connection: socket.socket, body: Body) -> bool:
    if connection.family not in (socket.AF_INET, socket.AF_INET6) or connection.type != socket.SOCK_STREAM:
        return False
    try:
        mine, theirs = connection.getsockname(), connection.getpeername()
    except OSError:  # it listens, or ended meanwhile
        return False
    return str(mine[1]) == body.port and theirs[0].removeprefix("::ffff:") == body.address.removeprefix("::ffff:")


def _silent_s(connection: socket.socket) -> float:
    """For how long nothing came; 0 where the connection ended meanwhile."""
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    except OSError:
        return 0.0
    (milliseconds,) = struct.unpack_from("=I", told, _LAST_RECEIVED)
    return float(milliseconds / 1_000)
