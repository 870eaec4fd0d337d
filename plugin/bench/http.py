"""Over HTTP: `POST /v1/personalize` beside a bare Flask route that returns as many bytes, in CPU µs a request."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from plugin.bench.generator import World, make, visitors
from plugin.bench.processes import BODY_BYTES, Server, serving
from plugin.bench.requests import DELIVERY_KEY, raw_requests
from plugin.bench.storing import store_world

APP, FLOOR = "POST /v1/personalize", "bare Flask route"
CONNECTIONS = 4
_TARGETS = {APP: "plugin.app:create_app", FLOOR: "plugin.bench.floor:create_floor"}


@dataclass(frozen=True, slots=True)
class HttpEffort:
    """Rounds, in each of which both servers get so many requests, and how many different visitors send them."""

    rounds: int
    requests: int
    visitors: int


FULL = HttpEffort(rounds=20, requests=1_000, visitors=1_000)
QUICK = HttpEffort(rounds=10, requests=200, visitors=200)


@dataclass(frozen=True, slots=True)
class Served:
    """One server: CPU µs a request in each round, and the latencies of all requests in µs, sorted."""

    cpu_us: Sequence[float]
    latencies_us: Sequence[float]

    @property
    def median_cpu_us(self) -> float:
        """The median round."""
        return median(self.cpu_us)

    @property
    def p99_latency_us(self) -> float:
        """Of single requests, as the client saw them, four at a time."""
        return self.latencies_us[min(len(self.latencies_us) - 1, len(self.latencies_us) * 99 // 100)]


@dataclass(frozen=True, slots=True)
class Http:
    """Both servers in the same run, and the mean size of an answer."""

    slots: int
    rules: int
    body_bytes: int
    requests: int
    served: Mapping[str, Served]

    @property
    def ratio(self) -> float:
        """How many bare routes a request costs: the median over the rounds, each with its own floor."""
        pairs = zip(self.served[APP].cpu_us, self.served[FLOOR].cpu_us, strict=True)
        return median(app / floor for app, floor in pairs)


def measure(effort: HttpEffort, *, slots: int = 3, size: int = 1_000) -> Http:
    """Serve both, and ask them in turn from this process over kept connections.

    Raises:
        NotServingError: a server does not come up.
        WrongStatusError: an answer other than 200, or one without blocks.
    """
    world = make("equalities", rules=size, slots=slots)
    people = visitors(effort.visitors)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as named, ExitStack() as running:
        folder = Path(named)
        store_world(world, folder / "bench.db")
        app = running.enter_context(serving(_TARGETS[APP], _environ(folder), folder / "app.log"))
        asking = {APP: running.enter_context(_client(app, raw_requests(people, world.slots, "127.0.0.1")))}
        warm = asking[APP].ask(effort.visitors)
        _check(asking[APP].last_bodies, world)
        size_of_body = round(sum(asking[APP].sizes) / len(warm))
        floor = running.enter_context(serving(_TARGETS[FLOOR], {BODY_BYTES: str(size_of_body)}, folder / "floor.log"))
        asking[FLOOR] = running.enter_context(_client(floor, raw_requests(people, world.slots, "127.0.0.1")))
        asking[FLOOR].ask(effort.visitors)
        cpu: dict[str, list[float]] = {APP: [], FLOOR: []}
        latencies: dict[str, list[float]] = {APP: [], FLOOR: []}
        for _round in range(effort.rounds):
            for name, client in asking.items():
                before = client.server.cpu_us()
                latencies[name] += client.ask(effort.requests)
                cpu[name].append((client.server.cpu_us() - before) / effort.requests)
    served = {name: Served(cpu[name], sorted(latencies[name])) for name in asking}
    return Http(slots, size, size_of_body, effort.rounds * effort.requests, served)


def _environ(folder: Path) -> dict[str, str]:
    return {
        "TESSERA_DATA_DIR": str(folder),
        "TESSERA_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "TESSERA_DELIVERY_KEYS": json.dumps([{"key": DELIVERY_KEY}]),
        "TESSERA_TRUSTED_PROXIES": "127.0.0.1",
        "TESSERA_LOG_LEVEL": "warning",
    }


class WrongStatusError(RuntimeError):
    """A server answered with something other than what is measured."""


class _Client:
    """Several kept connections; each sends its next request when all answers of the one before are there."""

    def __init__(self, server: Server, requests: Sequence[bytes], connections: Sequence[socket.socket]) -> None:
        self.server = server
        self.sizes: list[int] = []
        self.last_bodies: list[bytes] = []
        self._requests = cycle(requests)
        self._connections = connections

    def ask(self, count: int) -> list[float]:
        """Send so many requests; their latencies in µs."""
        found: list[float] = []
        self.sizes = []
        while len(found) < count:
            batch = list(islice(self._requests, min(len(self._connections), count - len(found))))
            started = perf_counter_ns()
            for connection, request in zip(self._connections, batch, strict=False):
                connection.sendall(request)
            self.last_bodies = []
            for connection, _request in zip(self._connections, batch, strict=False):
                body = _read(connection)
                found.append((perf_counter_ns() - started) / 1000)
                self.sizes.append(len(body))
                self.last_bodies.append(body)
        return found


@contextmanager
def _client(server: Server, requests: Sequence[bytes]) -> Iterator[_Client]:
    with ExitStack() as closing:
        connections = [
            closing.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            for _number in range(CONNECTIONS)
        ]
        for connection in connections:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield _Client(server, requests, connections)


def _read(connection: socket.socket) -> bytes:
    """The body of one answer. Raises WrongStatusError unless it is 200 with its length told."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _blank, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise WrongStatusError((head + b"\n" + body[:500]).decode(errors="replace"))
    length = next(
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += _more(connection)
    return body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise WrongStatusError("the server closed the connection")
    return data


def _check(bodies: Sequence[bytes], world: World) -> None:
    for body in bodies:
        found = json.loads(body)["slots"]
        if set(found) != set(world.slots) or not all(slot["blocks"] for slot in found.values()):
            raise WrongStatusError(f"not every slot was answered: {body[:500]!r}")
