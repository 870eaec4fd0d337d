"""Events over HTTP: how many are accepted, durably, and how soon one bears on the visitor's next decision."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from typing import Any

from plugin.bench.clock import loop_us
from plugin.bench.events_site import FEED, MARK, event, store_site
from plugin.bench.processes import Server, serving
from plugin.bench.requests import DELIVERY_KEY

BATCH = 50
CONNECTIONS = 4
VISITORS = 2_000
RATE_PER_S = 300
PROBES_PER_S = 4
READY_S = 30.0
PATIENCE_S = 10.0
_numbers = count()


class RefusedError(RuntimeError):
    """A server did not take what it should measure with."""


@dataclass(frozen=True, slots=True)
class Round:
    """Events a second, CPU µs of the server an event, and what the fixed loop took just then, in µs."""

    per_s: float
    cpu_us: float
    loop_us: float


@dataclass(frozen=True, slots=True)
class Seen:
    """From an event being sent to an answer that shows it: ms, sorted, the rate of all events meanwhile, and what the
    fixed loop took just then, in µs."""

    ms: Sequence[float]
    per_s: float
    loop_us: float


@contextmanager
def redis_server(folder: Path) -> Iterator[str | None]:
    """A Redis of its own that syncs what it takes; None where the program is not installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(  # noqa: S603 - a program of the system
        [*command, "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def served(folder: Path, redis: str | None, *, applies: bool) -> Iterator[Server]:
    """One serving process over a fresh site; without `applies`, as beside a `tessera worker`."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'bench.db'}"
    store_site(url)
    environ = {
        "TESSERA_DATA_DIR": str(folder),
        "TESSERA_DATABASE_URL": url,
        "TESSERA_DELIVERY_KEYS": json.dumps([{"key": DELIVERY_KEY}]),
        "TESSERA_LOG_LEVEL": "warning",
        "TESSERA_APPLY_EVENTS": "true" if applies else "false",
    }
    if redis is not None:
        prefix = f"bench-{folder.name}"  # a stream of its own in the server
        environ["TESSERA_STREAM"] = json.dumps({"adapter": "redis", "url": redis, "prefix": prefix})
        environ["TESSERA_REDIS_URL"] = redis
    with serving("plugin.app:create_app", environ, folder / "log") as server:
        yield server


def accept(server: Server, rounds: int, batches: int) -> list[Round]:
    """Batches of 50 over a few kept connections; one more round before warms up."""
    found = []
    for _ in range(rounds + 1):
        bodies = [[_batch() for _ in range(batches // CONNECTIONS)] for _ in range(CONNECTIONS)]
        faults: list[Exception] = []
        senders = [Thread(target=_send, args=(server.port, some, faults)) for some in bodies]
        cpu, began = server.cpu_us(), perf_counter()
        for one in senders:
            one.start()
        for one in senders:
            one.join()
        seconds, cpu = perf_counter() - began, server.cpu_us() - cpu
        if faults:
            raise RefusedError(str(faults[0]))
        events = sum(map(len, bodies)) * BATCH
        found.append(Round(events / seconds, cpu / events, loop_us()))
    return found[1:]


def see(server: Server, seconds: float) -> Seen:
    """At a steady rate of events, tell one of a new visitor now and then, and ask until the answer shows it.

    Raises:
        RefusedError: what was sent is not taken, or not seen in PATIENCE_S; says whether it was once nothing else came.
    """
    ended, faults, told = Event(), list[Exception](), [0]
    background = Thread(target=_steadily, args=(server.port, ended, faults, told))
    background.start()
    asking = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    found: list[float] = []
    began = perf_counter()
    try:
        for probe in range(int(seconds * PROBES_PER_S)):
            time.sleep(max(0.0, began + probe / PROBES_PER_S - perf_counter()))
            if found and perf_counter() - began > seconds:
                break  # a slow machine is asked less often, not for longer
            visitor = f"probe-{next(_numbers)}"
            started = perf_counter()
            _post(asking, "/v1/events", {"events": [event(next(_numbers), visitor, MARK)]})
            if not _is_seen(asking, visitor, started):
                ended.set()
                background.join()
                alone = perf_counter()
                late = _is_seen(asking, visitor, alone)
                raise RefusedError(
                    f"an event is not seen after {PATIENCE_S:.0f} s; of the others, {told[0] / (alone - began):.0f} a"
                    " second came in. "
                    + (
                        f"It was {perf_counter() - alone:.1f} s after they stopped: they are applied more slowly"
                        if late
                        else "Nor is it without them: it is not applied at all"
                    )
                )
            found.append((perf_counter() - started) * 1000)
        spent = perf_counter() - began
    finally:
        ended.set()
        background.join()
        asking.close()
    if faults:
        raise RefusedError(str(faults[0]))
    return Seen(sorted(found), told[0] / spent, loop_us())


def _is_seen(asking: http.client.HTTPConnection, visitor: str, since: float) -> bool:
    """Ask until the answer shows the visitor's event; False after PATIENCE_S.

    Whoever waits for long asks less often, to a fiftieth of the time: asking must not be what keeps the server busy.
    """
    question = {"visitor": {"id": visitor}, "slots": [{"id": FEED}]}
    while _post(asking, "/v1/personalize", question)["slots"][FEED]["blocks"][0]["id"] != "entry-1":
        waited = perf_counter() - since
        if waited > PATIENCE_S:
            return False
        time.sleep(max(0.001, waited / 50))
    return True


def _steadily(port: int, ended: Event, faults: list[Exception], told: list[int]) -> None:
    """Ten events at a time."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    began = perf_counter()
    try:
        while not ended.is_set():
            _post(connection, "/v1/events", {"events": [_event() for _ in range(10)]})
            told[0] += 10
            ended.wait(max(0.0, began + told[0] / RATE_PER_S - perf_counter()))
    except Exception as fault:  # noqa: BLE001 - told to whoever waits
        faults.append(fault)
    finally:
        connection.close()


def _event() -> dict[str, object]:
    number = next(_numbers)
    return event(number, f"v-{number * 31 % VISITORS}")


def _batch() -> dict[str, object]:
    return {"events": [_event() for _ in range(BATCH)]}


def _send(port: int, bodies: Sequence[dict[str, object]], faults: list[Exception]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        for body in bodies:
            if _post(connection, "/v1/events", body)["accepted"] != BATCH:
                raise RefusedError("a batch was not taken as a whole")
    except Exception as fault:  # noqa: BLE001 - told to whoever waits
        faults.append(fault)
    finally:
        connection.close()


def _post(connection: http.client.HTTPConnection, path: str, body: object) -> Any:  # noqa: ANN401 - JSON
    headers = {"Content-Type": "application/json", "X-Tessera-Key": DELIVERY_KEY}
    connection.request("POST", path, json.dumps(body).encode(), headers)
    answer = connection.getresponse()
    octets = answer.read()
    if answer.status not in (200, 202):
        raise RefusedError(f"{path}: {answer.status} {octets[:300]!r}")
    return json.loads(octets)
