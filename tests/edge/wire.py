"""HTTP/1.1 over kept sockets, as thin as it gets: a client costs less than the cache that it asks."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Reply:
    """Header names are in lower case; of a name that came twice, the last is in `headers`."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def get(path: str, headers: Mapping[str, str], host: str) -> bytes:
    """A GET as it goes over the wire."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, headers: Mapping[str, str], host: str, body: bytes) -> bytes:
    """A POST of JSON, likewise."""
    said = {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One socket; opened again where the other side closed it between two requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = self._open()
        self._rest = b""

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def ask(self, request: bytes) -> Reply:
        """Send one request and read its answer."""
        try:
            self._socket.sendall(request)
            return self.read()
        except (ConnectionError, BrokenPipeError):
            self._socket.close()
            self._socket, self._rest = self._open(), b""
            self._socket.sendall(request)
            return self.read()

    def send(self, request: bytes) -> None:
        """Send without waiting; `read` gives the answers in order."""
        self._socket.sendall(request)

    def read(self) -> Reply:
        """The next answer. Raises ConnectionError where there comes none."""
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, data = data[:end].decode("latin-1").split("\r\n"), data[end + 4 :]
        status = int(head[0].split(" ", 2)[1])
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if status in (204, 304):
            body, self._rest = b"", data
        elif headers.get("transfer-encoding") == "chunked":
            body, self._rest = self._chunks(data)
        else:
            length = int(headers.get("content-length", 0))
            while len(data) < length:
                data += self._more()
            body, self._rest = data[:length], data[length:]
        return Reply(status, headers, body)

    def _chunks(self, data: bytes) -> tuple[bytes, bytes]:
        body = b""
        while True:
            while (end := data.find(b"\r\n")) < 0:
                data += self._more()
            size, data = int(data[:end].partition(b";")[0], 16), data[end + 2 :]
            while len(data) < size + 2:
                data += self._more()
            body, data = body + data[:size], data[size + 2 :]
            if not size:
                return body, data

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        return data

    def _open(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._port), timeout=TIMEOUT_S)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made
