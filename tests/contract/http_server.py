"""A real HTTP server on a free port of 127.0.0.1, for as long as a test needs it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """What came in. `query` has the last value of each name; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    client: tuple[str, int]


@dataclass(frozen=True)
class Reply:
    """What goes out. `announced` overrides Content-Length, to cut a body short."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    announced: int | None = None
    before: Callable[[], object] | None = None

    @classmethod
    def of(cls, value: object, status: int = 200, **headers: str) -> Reply:
        """A JSON answer; underscores in header names become hyphens."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8", **named})


@contextmanager
def serve(answer: Callable[[Request], Reply], *, idle_s: float = 10) -> Iterator[str]:
    """Serves `answer` in threads; gives the base URL. Connections that are idle for longer are closed."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = idle_s
        # Headers and body leave in two writes; without this the second waits for the client's delayed ACK.
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length", 0))
            request = Request(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length),
                self.client_address[:2],
            )
            reply = answer(request)
            if reply.before is not None:
                reply.before()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body) if reply.announced is None else reply.announced))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)
            if reply.announced is not None:
                self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_BAN = do_TESSERAPURGE = handle_any  # noqa: N815 - names that http.server calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the signature of http.server
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hung up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def dripping(head: bytes, piece: bytes, pieces: int) -> Iterator[str]:
    """A server that answers each request with a head, and then with a piece every 50 ms."""
    stop = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head + b"\r\n\r\n")
            for _ in range(pieces):
                connection.sendall(piece)
                if stop.wait(0.05):
                    return

    def serve() -> None:
        with suppress(OSError):
            answer(listening.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        stop.set()
        thread.join(5)
