"""A site that uses `tessera.js`: its pages, and before the demo a proxy that writes down what browsers send.

What the demo answers is answered by it. A route of events that it does not have yet is answered here, as the contract
says.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import requests

KEY = "demo-delivery-key"
HELD_S = 90
EVENTS, IDENTIFY, PERSONALIZE, CLASS = "/v1/events", "/v1/identify", "/v1/personalize", "/v1/class"
_OURS = (EVENTS, IDENTIFY)
_PASSED = (
    "Content-Type",
    "Cache-Control",
    "ETag",
    "Content-Encoding",
    "Vary",
    "Cross-Origin-Resource-Policy",
    "Set-Cookie",
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A request of a browser, and what it was answered."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any
    status: int
    answer: Any

    @property
    def is_beacon(self) -> bool:
        """`navigator.sendBeacon` asks for nothing that it could read."""
        return self.headers.get("sec-fetch-mode") == "no-cors"


@dataclass(slots=True)
class Site:
    """A running site.

    Attributes:
        url: where its pages are; `other` is another origin, and another site, at the same server.
        pages: what is answered at a path: content type, text, headers.
        replies: statuses and headers that the next batches of events get instead, the first first.
        hold: where it is cleared, personalize waits until it is set.
        broken: whether personalize fails.
        has: those of the routes of events that the demo has.
    """

    url: str
    other: str
    demo: str
    has: frozenset[str]
    pages: dict[str, tuple[str, str, Mapping[str, str]]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    replies: list[tuple[int, Mapping[str, str]]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    broken: bool = False

    def html(self, body: str, *, path: str = "/page", head: str = "", **headers: str) -> str:
        """Add a page; gives its address."""
        text = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>{head}</head>{body}'
        self.pages[path] = ("text/html; charset=utf-8", f"{text}</html>", headers)
        return self.url + path

    def to(self, path: str) -> list[Sent]:
        """What was posted to a path."""
        return [one for one in self.sent if one.path == path and one.method == "POST"]

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Every event that was accepted, or those of a type."""
        every = []
        for one in self.to(EVENTS):
            refused = {wrong["index"] for wrong in one.answer["rejected"]} if one.status == 202 else range(1_000)
            every += [event for index, event in enumerate(one.body["events"]) if index not in refused]
        return [event for event in every if kind in (None, event["type"])]


@contextmanager
def site_before(demo: str) -> Iterator[Site]:
    """A site before a demo; it is ended, whatever happens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    port = server.server_address[1]
    has = frozenset(path for path in _OURS if requests.post(f"{demo}{path}", timeout=60).status_code != 404)
    site = Site(f"http://127.0.0.1:{port}", f"http://localhost:{port}", demo, has)
    site.hold.set()
    cast(Any, server).site = site
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        site.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def site(self) -> Site:
        return cast(Site, cast(Any, self.server).site)

    def do_GET(self) -> None:
        """A page of the site, or whatever the demo has there."""
        page = self.site.pages.get(urlsplit(self.path).path)
        if page is None:
            self._forward(b"")
        else:
            kind, text, headers = page
            self._reply(200, text.encode(), {"Content-Type": kind, "Cache-Control": "no-store", **headers})

    def do_OPTIONS(self) -> None:
        """A preflight."""
        self._forward(b"")

    def do_POST(self) -> None:
        """To Tessera."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path == EVENTS and self.site.replies:
            status, headers = self.site.replies.pop(0)
            self._note(raw, status, b"{}")
            self._reply(status, b"{}", {**_cors(), **headers})
        elif path == PERSONALIZE and self.site.broken:
            self._note(raw, 500, b"{}")
            self._reply(500, b"{}", _cors())
        elif path in _OURS and path not in self.site.has:
            self._imitate(path, raw)
        else:
            if path == PERSONALIZE:
                self.site.hold.wait(HELD_S)
            self._forward(raw)

    def _imitate(self, path: str, raw: bytes) -> None:
        """As the contract says."""
        asked = json.loads(raw)
        is_known = parse_qs(urlsplit(self.path).query).get("key") == [KEY] or self.headers.get("X-Tessera-Key") == KEY
        if not is_known:
            status, answer = 401, {"type": "/problems/unauthorized"}
        elif path == IDENTIFY:
            status, answer = 200, {"visitor": asked["visitor_id"]}
        else:
            wrong = [{"index": at} for at, event in enumerate(asked["events"]) if not {"id", "type"} <= set(event)]
            status, answer = 202, {"accepted": len(asked["events"]) - len(wrong), "duplicate": 0, "rejected": wrong}
        body = json.dumps(answer).encode()
        self._note(raw, status, body)
        self._reply(status, body, {**_cors(), "Content-Type": "application/json"})

    def _forward(self, raw: bytes) -> None:
        """Ask the demo."""
        passed = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        answer = requests.request(
            self.command, self.site.demo + self.path, data=raw, headers=passed, timeout=90, stream=True
        )
        body = answer.raw.read(decode_content=False)
        self._note(raw, answer.status_code, body)
        kept = {
            name: value
            for name, value in answer.headers.items()
            if name.title() in _PASSED or name.lower().startswith("access-control-")
        }
        self._reply(answer.status_code, body, kept)

    def _note(self, raw: bytes, status: int, answer: bytes) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.site.sent.append(
            Sent(self.command, url.path, parse_qs(url.query), headers, _json(raw), status, _json(answer))
        )

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):  # who asked has gone, as a time-out does
            self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


def _cors() -> dict[str, str]:
    return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, UnicodeDecodeError):
        return None
