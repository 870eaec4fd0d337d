"""A real Varnish in front of a site whose answers say under which keys they are stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.contract.http_server import Reply, Request, serve
from tests.servers import Varnish, varnish

SECRET = "a-shared-secret-of-the-edge"
INCLUDES = {"xkey": "tessera_purge.vcl", "bans": "tessera_purge_bans.vcl"}


@dataclass
class Site:
    """What answers behind the cache; `keys` are the headers `xkey` by path, `states` the headers `T-State`."""

    keys: dict[str, list[str]] = field(default_factory=dict)
    states: dict[str, list[str]] = field(default_factory=dict)
    made: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Reply:
        with self.lock:
            self.made[request.path] = self.made.get(request.path, 0) + 1
            body = f"{request.path} {self.made[request.path]}".encode()
        headers = {"Cache-Control": "max-age=3600"}
        for number, _ in enumerate(self.keys.get(request.path, [])):
            headers["xkey" if number % 2 else "Xkey"] = " ".join(self.keys[request.path][number % 2 :: 2])
        for number, state in enumerate(self.states.get(request.path, [])):
            headers["T-State" if number else "t-state"] = state
        return Reply(200, body, headers)


def vcl(backend: str, include: str, *, acl: str = "127.0.0.1", secret: str | None = SECRET) -> str:
    """A whole configuration, the shipped include in it as an operator has it."""
    shipped = files("adapters.edge.varnish").joinpath(INCLUDES[include])
    expects = "" if secret is None else f'set req.http.Tessera-Purge-Expected = "{secret}";'
    return f"""
vcl 4.1;
include "{shipped}";
acl tessera_purgers {{ "{acl}"; }}
sub tessera_purge_secret {{ {expects} }}
backend site {{ .host = "127.0.0.1"; .port = "{urlsplit(backend).port}"; }}
sub vcl_recv {{ set req.http.X-State = "gone"; }}
sub vcl_hit {{
    if (obj.ttl > 0s) {{ set req.http.X-State = "fresh"; }} else {{ set req.http.X-State = "stale"; }}
}}
sub vcl_backend_response {{ set beresp.grace = 1h; }}
sub vcl_deliver {{ set resp.http.X-State = req.http.X-State; }}
"""


@dataclass(frozen=True)
class Edge:
    """A running cache and the site behind it."""

    site: Site
    backend: str
    cache: Varnish
    include: str

    def look(self, path: str) -> str:
        """In which state the cache finds it: gone, stale or fresh; what is not fresh is fetched."""
        return requests.get(f"{self.cache.url}{path}", timeout=60).headers["X-State"]

    def store(self, path: str, *keys: str, states: Sequence[str] = ()) -> None:
        """Have it in the cache, under these keys."""
        self.site.keys[path] = list(keys)
        self.site.states[path] = list(states)
        assert self.look(path) == "gone", "every path once"
        assert self.look(path) == "fresh"


@contextmanager
def edge(include: str, **more: Any) -> Iterator[Edge]:
    site = Site()
    with serve(site.answer) as backend, varnish(vcl(backend, include, **more)) as cache:
        yield Edge(site, backend, cache, include)
