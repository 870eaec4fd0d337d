"""Bodies of requests as they come in: whole, or refused; and which of them are waited for.

A server in front of this may hand out as much of a body as came before the connection ended, and say nothing of it.
Half a list must not be taken for a list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import get_ident
from typing import TYPE_CHECKING

from plugin.errors import MalformedRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class Bodies:
    """WSGI in front of an application, which reads through it.

    Attributes:
        waiting: by thread, the body that it waits for now.
    """

    def __init__(self, behind: WSGIApplication, *, monotonic: Callable[[], float]) -> None:
        self._behind = behind
        self._monotonic = monotonic
        self.waiting: dict[int, Body] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        if environ["REQUEST_METHOD"] not in _WITHOUT_BODY:
            environ["wsgi.input"] = Body(environ, self.waiting, self._monotonic)
        return self._behind(environ, start_response)


class Body:
    """The body of one request, as `wsgi.input`.

    Attributes:
        since: when the read began that goes on now, in seconds of a monotonic clock.
        address: of who sends it.
        port: at which it is received.
    """

    __slots__ = ("_left", "_length", "_monotonic", "_stream", "_waiting", "address", "port", "since")

    def __init__(self, environ: WSGIEnvironment, waiting: dict[int, Body], monotonic: Callable[[], float]) -> None:
        length = environ.get("CONTENT_LENGTH") or ""
        self._stream: InputStream = environ["wsgi.input"]
        self._length = self._left = int(length) if length.isdecimal() and length.isascii() else 0
        self._waiting = waiting
        self._monotonic = monotonic
        self.address: str = environ.get("REMOTE_ADDR", "")
        self.port: str = environ.get("SERVER_PORT", "")
        self.since = 0.0

    def read(self, size: int = -1) -> bytes:
        """At most so many octets, which may be fewer than there are yet; none at the end; all with -1.

        Raises: MalformedRequest where it ends too early.
        """
        return self._noted(self._stream.read, size, to_the_end=size < 0)

    def readline(self, size: int = -1) -> bytes:
        """A line, likewise."""
        return self._noted(self._stream.readline, size)

    def readlines(self, hint: int = -1) -> list[bytes]:
        """The lines that are left, of about so many octets together."""
        found, octets = [], 0
        for line in self:
            found.append(line)
            octets += len(line)
            if 0 < hint <= octets:
                break
        return found

    def __iter__(self) -> Iterator[bytes]:
        """Line by line."""
        while line := self.readline():
            yield line

    def _noted(self, read: Callable[[int], bytes], size: int, *, to_the_end: bool = False) -> bytes:
        thread = get_ident()
        self.since = self._monotonic()
        self._waiting[thread] = self
        try:
            octets = read(size)
        finally:
            del self._waiting[thread]
        self._left -= len(octets)
        if self._left > 0 and size and (to_the_end or not octets):
            came = self._length - self._left
            raise MalformedRequest(f"The body ended after {came} of {self._length} bytes; nothing was done.")
        return octets
