"""The site behind the edge: pages that ask for their slots themselves, and pages that include them.

Asked with a key it passes that on, and says of the page what Tessera says of the slots. Asked without, it tells Tessera
all that the visitor sent, as a site's own server does.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from tests.contract.http_server import Reply, Request, serve
from tests.edge import wire
from tests.edge.management import KEY

DELIVERY = "pub"
PASSED_ON = ("cache-control", "vary", "etag", "xkey", "surrogate-key", "t-state")


class Asking:
    """Connections to Tessera, kept and used by one thread at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[wire.Connection] = []
        self._lock = threading.Lock()

    def ask(self, request: bytes) -> wire.Reply:
        with self._lock:
            connection = self._free.pop() if self._free else wire.Connection(self._port)
        found = connection.ask(request)
        with self._lock:
            self._free.append(connection)
        return found

    def close(self) -> None:
        for connection in self._free:
            connection.close()


@contextmanager
def frontend(port: int) -> Iterator[int]:
    """Serves the site, which asks Tessera at `port`; gives its own port."""

    def answer(request: Request) -> Reply:
        if request.path == "/esi":
            return _including(request.query["slots"].split(","))
        if request.path == "/page":
            return _asking(request, origin)
        if request.path == "/static":
            return Reply(200, b"x" * int(request.query["bytes"]), {"Cache-Control": "public, s-maxage=600"})
        return Reply(404)

    # Longer than Varnish keeps connections: else it asks on one that is just being closed, and has no answer.
    with closing(Asking(port)) as origin, serve(answer, idle_s=120) as url:
        yield urlsplit(url).port or 0


def _including(slots: list[str]) -> Reply:
    """A page that is the same for everyone but for what it includes, a slot in each line."""
    includes = [f'<esi:include src="/v1/personalize?slots={slot}&amp;key={DELIVERY}"/>' for slot in slots]
    headers = {"Content-Type": "text/html", "Cache-Control": "public, s-maxage=600", "Surrogate-Control": "ESI/1.0"}
    return Reply(200, "\n".join(["<p>", *includes, ""]).encode(), headers)


def _asking(request: Request, origin: Asking) -> Reply:
    slots, key = request.query["slots"], request.headers.get("t-key")
    if key is not None:
        path, headers = f"/v1/personalize?slots={slots}&key={DELIVERY}", {"T-Key": key}
        if "if-none-match" in request.headers:
            headers["If-None-Match"] = request.headers["if-none-match"]
        found = origin.ask(wire.get(path, headers, "tessera"))
        said = {name: found.headers[name] for name in PASSED_ON if name in found.headers}
        return Reply(found.status, found.body, {"Content-Type": "application/json", **said})
    headers = {"Authorization": f"Bearer {KEY}"}
    if request.headers.get("sec-gpc") == "1":
        headers["Sec-GPC"] = "1"
    body = json.dumps(_told(request.headers, request.query, slots.split(","))).encode()
    found = origin.ask(wire.post("/v1/personalize", headers, "tessera", body))
    return Reply(found.status, found.body, {"Content-Type": "application/json", "Cache-Control": "private, no-store"})


def _told(headers: Mapping[str, str], query: Mapping[str, str], slots: list[str]) -> dict[str, Any]:
    """What a site's server knows of the visitor of a request, as the body of a question."""
    cookies = {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    campaign = "&".join(f"{name}={value}" for name, value in query.items() if name.startswith("utm_"))
    word = cookies.get("tessera_consent", "").removeprefix("personalization=")
    network: dict[str, Any] = {"save_data": headers.get("save-data") == "on"}
    if "ect" in headers:
        network["effective_type"] = headers["ect"]
    context = {
        "url": f"https://shop.example/?{campaign}",
        "user_agent": headers["user-agent"],
        "network": network,
        "referrer": headers.get("referer"),
        "locale": headers.get("accept-language"),
        "timezone": cookies.get("tz"),
        "consent": {"personalization": word == "1"} if word else {},
        "geo": {"country": headers["cf-ipcountry"]} if "cf-ipcountry" in headers else None,
    }
    kept = {name: value for name, value in context.items() if value is not None}
    visitor = {"visitor": {"id": cookies["tessera_visitor"]}} if "tessera_visitor" in cookies else {}
    return {"slots": [{"id": name} for name in slots], **visitor, "context": kept}
