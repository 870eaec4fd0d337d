"""A proxy between the edge and the origin that lets everything through but for one fault, which it makes itself.

The faults are those that an edge must never have: they show that the run would find them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_LIMIT = 1 << 20
Lines = list[tuple[str, str]]
"""Headers in order, names in lower case."""


@dataclass
class Message:
    """A request or an answer: its first line, its headers, its body."""

    first: str
    headers: Lines
    body: bytes = b""

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def replace(self, name: str, value: str) -> None:
        self.headers = [(key, value if key == name else text) for key, text in self.headers]

    @property
    def path(self) -> str:
        return self.first.split(" ")[1]

    @property
    def bytes(self) -> bytes:
        kept = [(key, value) for key, value in self.headers if key not in ("content-length", "transfer-encoding")]
        bodiless = self.first.startswith("HTTP/1.1 ") and self.first.split(" ")[1] in ("204", "304")
        length = [] if bodiless else [("content-length", str(len(self.body)))]
        lines = [self.first, *(f"{key}: {value}" for key, value in (*kept, *length))]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


@dataclass
class Fault:
    """What the proxy does to requests and answers; `made` counts how often it did something.

    Attributes:
        on_request: changes a request before it goes on.
        on_answer: changes an answer, knowing its request.
    """

    on_request: Callable[[Message], bool] = lambda _request: False
    on_answer: Callable[[Message, Message], bool] = lambda _request, _answer: False
    made: int = 0


@dataclass
class Proxy:
    """A running proxy. `target`, to which it passes on, and `fault` may be set at any time."""

    port: int
    target: int
    fault: Fault = field(default_factory=Fault)


@contextmanager
def proxy(target: int = 0) -> Iterator[Proxy]:
    """Listens on a free port, until the block ends."""
    loop = asyncio.new_event_loop()
    running = Proxy(0, target)
    connections: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        upstream: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        try:
            while (request := await _read(reader)) is not None:
                running.fault.made += running.fault.on_request(request)
                found = await _passed(request, running.target, upstream)
                running.fault.made += running.fault.on_answer(request, found)
                writer.write(found.bytes)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            connections.discard(task)
            for one in (writer, *(pair[1] for pair in upstream)):
                one.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(answer, "127.0.0.1", 0, limit=_LIMIT)

    async def stop() -> None:
        server.close()
        for task in list(connections):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()

    server = loop.run_until_complete(start())
    running.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _passed(
    request: Message, target: int, upstream: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
) -> Message:
    """The answer to a request; the connection is opened anew where the other side closed it meanwhile."""
    for _attempt in range(2):
        if not upstream:
            upstream.append(await asyncio.open_connection("127.0.0.1", target, limit=_LIMIT))
        with suppress(ConnectionError):
            upstream[0][1].write(request.bytes)
            found = await _read(upstream[0][0], to_head=request.first.startswith("HEAD"))
            if found is not None:
                return found
        upstream.pop()[1].close()
    raise ConnectionResetError("no answer")


async def _read(reader: asyncio.StreamReader, *, to_head: bool = False) -> Message | None:
    """The next message; None where the other side is through."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = [line.partition(":") for line in head[1:]]
    message = Message(head[0], [(name.strip().lower(), value.strip()) for name, _, value in lines])
    if to_head:
        return message
    if message.get("transfer-encoding") == "chunked":
        while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
            message.body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    elif length := int(message.get("content-length") or 0):
        message.body = await reader.readexactly(length)
    return message


def input_left_out(header: str) -> Fault:
    """Keys are answered without this input in their `Vary`."""

    def strip(request: Message, answer: Message) -> bool:
        vary = answer.get("vary")
        if not request.path.startswith("/v1/audience") or vary is None or header.lower() not in vary.lower():
            return False
        rest = [one for one in vary.split(",") if one.strip().lower() != header.lower()]
        answer.replace("vary", ",".join(rest))
        return True

    return Fault(on_answer=strip)


def purge_lost(key: str) -> Fault:
    """Purges that name a key beginning so never reach the cache; it is told of others, and says that it is done."""

    def lose(request: Message) -> bool:
        keys = request.get("tessera-purge-keys")
        if keys is None or not any(one.startswith(key) for one in keys.split()):
            return False
        request.replace("tessera-purge-keys", "nothing:at-all")
        return True

    return Fault(on_request=lose)


def key_lost(key: str) -> Fault:
    """Of purges, keys that begin so never reach the cache, and all others do."""

    def lose(request: Message) -> bool:
        keys = (request.get("tessera-purge-keys") or "").split()
        rest = [one for one in keys if not one.startswith(key)]
        if len(rest) == len(keys):
            return False
        request.replace("tessera-purge-keys", " ".join(rest) or "nothing:at-all")
        return True

    return Fault(on_request=lose)


def cookies_swapped() -> Fault:
    """Whoever asks for a class gets that of whoever asked before."""
    before: list[str] = []

    def swap(request: Message, answer: Message) -> bool:
        mine = answer.get("set-cookie")
        if not request.path.startswith("/v1/class") or mine is None or "max-age=0" in mine.lower():
            return False
        other = before[-1] if before else mine
        before.append(mine)
        answer.replace("set-cookie", other)
        return other != mine

    return Fault(on_answer=swap)
