"""One stand-in and one Varnish for all tests of what an edge does; each test has paths, or a version, of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from urllib3.util import SKIP_HEADER

from adapters.edge.varnish import build
from adapters.runtime import Runtime
from tests.contract.http_server import serve
from tests.integration.edge.operator import SECRET, edge
from tests.integration.edge.standin import Standin
from tests.servers import Varnish


@dataclass(frozen=True)
class Played:
    """A cache in front of the stand-in."""

    origin: Standin
    port: int
    cache: Varnish

    def get(self, path: str, *, method: str = "GET", raw: Any = None, **headers: Any) -> requests.Response:
        """One request with no more headers than it must have; underscores in names are hyphens, but in `raw`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()} | dict(raw or {})
        plain = {"User-Agent": SKIP_HEADER, "Accept": None, "Accept-Encoding": SKIP_HEADER, "Connection": None}
        url = f"{self.cache.url}{path}"
        return requests.request(method, url, headers={**plain, **named}, timeout=60, allow_redirects=False)

    def raw(self, request: str) -> int | None:
        """A request byte by byte; gives the status, None where the connection just ends."""
        with socket.create_connection(("127.0.0.1", self.cache.port), timeout=10) as connection:
            said = b""
            with suppress(OSError):  # who refuses a request does not wait for the rest of it
                connection.sendall(request.encode("latin-1", "replace"))
                connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                while piece := connection.recv(65_536):
                    said += piece
        return int(said.split(b" ", 2)[1]) if said else None


@pytest.fixture(scope="session")
def running() -> Iterator[Played]:
    origin = Standin()
    with serve(origin.answer) as url:
        port = urlsplit(url).port or 0
        with edge(port) as cache:
            yield Played(origin, port, cache)


@pytest.fixture
def played(running: Played) -> Played:
    """As new: no key is stored, and the origin does nothing wrong."""
    running.origin.reset()
    with closing(build({"urls": [running.cache.url], "secret": SECRET}, Runtime.system())) as purger:
        purger.purge(["audience"], hard=True)
    return running


@pytest.fixture(scope="session")
def numbers() -> Callable[[], int]:
    return count(1).__next__
