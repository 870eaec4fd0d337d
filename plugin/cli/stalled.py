"""Ends connections of clients that stop half way through a body.

The server has no time-out for bodies (its maintainers leave that to a proxy), and a worker answers nobody while it
waits for one. Which connection a request came by is not told; but of each connection the system knows whose it is, and
when something came and went last. Of those of the sender that wait for an answer the most silent are no longer read
from, one after the other, until the wait is over: the request ends as one whose client went away. What waits in line
behind it came later.
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
"""So often it is looked; so long after one was found its sender is given no time to be silent in."""
_NO, _PERHAPS, _YES = range(3)
"""Whether a connection waits for an answer."""
_TOLD_S = 0.05
"""Within so long a read ends whose connection was shut."""
_DESCRIPTORS = "/proc/self/fd"
_LAST_SENT, _LAST_RECEIVED, _ACKED = 44, 52, 120
"""Where `struct tcp_info` of Linux says, in milliseconds, how long ago data went and came last, and what was received
of what went, in bytes."""
_log = logging.getLogger(__name__)


def watch(waiting: Mapping[int, Body]) -> None:
    """Look after bodies that are waited for until the process ends; where the system cannot tell, nobody does."""
    if hasattr(socket, "TCP_INFO") and os.path.isdir(_DESCRIPTORS):  # noqa: PTH112 - no file of ours
        Thread(target=_watch, args=(waiting,), name="slow-clients", daemon=True).start()


def _watch(waiting: Mapping[int, Body]) -> None:
    pressed_until: dict[str, float] = {}
    while True:
        time.sleep(LOOKED_S)
        now = time.monotonic()
        pressed_until = {address: until for address, until in pressed_until.items() if now < until}
        for thread, body in list(waiting.items()):
            # Others of theirs that wait in line behind one that stalled have been silent for as long.
            if now - body.since > (0.0 if body.address in pressed_until else SILENT_S):
                try:
                    ended = _end(body, thread, waiting, now - body.since)
                except OSError as error:  # such as too many open files
                    _log.warning("it cannot be seen who stopped half way through a body: %s", error)
                    continue
                if ended:
                    pressed_until[body.address] = now + PRESSED_S


def _end(body: Body, thread: int, waiting: Mapping[int, Body], waited_s: float) -> int:
    """Shut connections of a body's sender until it is waited for no more. How many were."""
    silent_s = max(waited_s, SILENT_S) if waited_s <= SLOW_S else SILENT_S if waited_s <= LONGEST_S else 0.0
    since, ended = body.since, 0
    with ExitStack() as closing:
        theirs = [one for one in map(closing.enter_context, _connections()) if _is_of(one, body)]
        silent = [(_silence(one), one) for one in theirs]
        for (waits, silence_s), connection in sorted(silent, key=itemgetter(0), reverse=True):
            if waiting.get(thread) is not body or body.since != since:
                break
            if waits == _NO or silence_s < silent_s:
                continue
            with suppress(OSError):  # it ended meanwhile
                connection.shutdown(socket.SHUT_RD)
                ended += 1
            time.sleep(_TOLD_S)
    if ended:
        _log.warning("a client stopped half way through a body; %d of its connections were ended", ended)
    return ended


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


def _silence(connection: socket.socket) -> tuple[int, float]:
    """Whether it waits for an answer, and for how long nothing came, in seconds."""
    try:
        told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
        came, went = (struct.unpack_from("=I", told, place)[0] for place in (_LAST_RECEIVED, _LAST_SENT))
        (acked,) = struct.unpack_from("=Q", told, _ACKED)
    except (OSError, struct.error):  # it ended meanwhile; an older system
        return _NO, 0.0
    # An answer that went at once has the same time as its question: the clock ticks in milliseconds.
    waits = _YES if came < went or acked <= 1 else _PERHAPS if came == went else _NO
    return waits, came / 1_000
