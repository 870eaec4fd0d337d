"""A site whose visitors do much, where its processes live, and how they are spoken to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import rules
from adapters import registry
from adapters.runtime import Runtime
from adapters.streams.port import Stream
from plugin.profiles.identity import Hasher
from plugin.settings import load
from plugin.store import Store, migrate, open_store
from plugin.wiring.visiting import hasher_of
from tests.servers import free_port
from tests.unit.plugin.service.site_support import entry, publish, put

ROOT = Path(__file__).parents[3]
SECRET = "k" * 32
TOPICS = {f"entry-{number}": [f"topic-{number % 5}", f"topic-{number % 3}"] for number in range(12)}
DOCUMENT: dict[str, Any] = {
    "version": 1,
    "slots": [{"id": "feed", "limit": 5}],
    "segments": [
        {"id": "carts", "pattern": {"event": "add_to_cart", "count": {"gte": 3}, "within": "7d"}},
        {
            "id": "abandoner",
            "pattern": {
                "sequence": [{"event": "add_to_cart"}, {"absent": "purchase", "for": "1h"}],
                "within": "7d",
            },
        },
    ],
}
PATIENCE_S = 120.0  # of a machine that has much else to do


@dataclass(frozen=True)
class Running:
    """Where the processes live."""

    port: int
    folder: Path
    store: Store
    stream: Stream
    hasher: Hasher

    def start(self, point: str = "never", times: int = 1, *, port: int | None = None) -> subprocess.Popen[str]:
        """A process that is killed at a point; `port` 0: one that applies events alone."""
        command = [sys.executable, "-m", "tests.integration.events.process"]
        environ = {name: value for name, value in os.environ.items() if not name.startswith("TESSERA_")}
        environ["PYTHONPATH"] = str(ROOT)
        with (self.folder / "log.txt").open("a") as log:
            return subprocess.Popen(
                [*command, str(self.port if port is None else port), point, str(times)],
                cwd=self.folder,
                env=environ,
                stdout=log,
                stderr=log,
                text=True,
            )

    @contextmanager
    def running(
        self, point: str = "never", times: int = 1, *, port: int | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """The same, ended with the block."""
        process = self.start(point, times, port=port)
        try:
            yield process
        finally:
            end(process)

    def post(
        self, events: Sequence[Mapping[str, object]], **headers: str
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """Status, answer and headers; status 0 where nobody answered."""
        return self.ask("/v1/events", {"events": events}, **headers)

    def ask(
        self, path: str, body: object, *, method: str = "POST", key: str = "public", **headers: str
    ) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {key}", **named},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer), dict(answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error), dict(error.headers)
        except (OSError, ValueError, HTTPException):
            return 0, {}, {}

    def deliver(self, events: Sequence[Mapping[str, object]], is_over: Callable[[], bool] = bool) -> int:
        """Sends them until they are taken, or all is over; how many times that took."""
        ends = time.monotonic() + PATIENCE_S
        tries = 1
        while True:
            status, answer, _headers = self.post(events)
            if status == 202:
                assert answer["accepted"] + answer["duplicate"] == len(events), answer
                return tries
            assert status in (0, 429, 503), answer
            if is_over():
                return tries
            assert time.monotonic() < ends, (status, answer, self.log())
            time.sleep(0.1)
            tries += 1

    def is_up(self) -> bool:
        return self.ask("/v1/personalize", {"slots": [{"id": "feed"}]})[0] == 200

    def is_drained(self) -> bool:
        return self.left() == 0

    def left(self) -> int | None:
        """How many events wait; None where that cannot be told."""
        waiting = self.stream.backlog()
        return waiting.count + waiting.spooled if waiting.degraded is None else None

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()[-4000:] if (self.folder / "log.txt").exists() else ""


def end(process: subprocess.Popen[str], seconds: float = 90) -> None:
    """Asks a process to end, and makes it."""
    with process:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def soon(holds: Callable[[], bool], site: Running, seconds: float = PATIENCE_S) -> None:
    """Waits until it holds."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, site.log()
        time.sleep(0.02)


def drained(site: Running, is_over: Callable[[], bool] = bool) -> None:
    """Waits until everything is applied, as long as that goes on: how long it takes is a matter of the machine."""
    left, ends = site.left(), time.monotonic() + PATIENCE_S
    while left != 0 and not is_over():
        assert time.monotonic() < ends, (left, site.log())
        time.sleep(0.05)
        now = site.left()
        if now is not None and (left is None or now < left):
            left, ends = now, time.monotonic() + PATIENCE_S


@contextmanager
def a_site(
    folder: Path, database_url: str, *settings: str, document: Mapping[str, Any] = DOCUMENT
) -> Iterator[Running]:
    """Published and ready to be started, by settings in TOML beside the usual ones."""
    port = free_port()
    lines = [
        f'bind = "127.0.0.1:{port}"',
        'data_dir = "var"',
        f'database_url = "{database_url}"',
        f'secret_key = "{SECRET}"',
        'delivery_keys = [{ key = "public" }]',
        'management_keys = [{ name = "ada", key = "admin-key-0123456789", scopes = ["read", "visitors"] }]',
        *settings,
    ]
    (folder / "tessera.toml").write_text("\n".join(lines))
    with ExitStack() as closing:
        store = open_store(database_url)
        closing.callback(store.close)
        migrate.upgrade(store.engine)
        rules.load(dict(document))  # raises where it would not be published
        publish(store, document)
        put(store, *(entry(name, topics=topics) for name, topics in TOPICS.items()))
        found = load({}, folder)
        options: dict[str, object] = dict(found.stream.options)
        options.setdefault(
            "file" if found.stream.adapter == "local" else "spool",
            str(found.data_dir / ("events.db" if found.stream.adapter == "local" else "spool.db")),
        )
        stream = registry.stream(found.stream.adapter)(options, Runtime.system())
        closing.callback(stream.close)
        yield Running(port, folder, store, stream, hasher_of(found, SECRET))
