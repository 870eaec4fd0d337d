"""One harness for each registered cache: what is stored there, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from adapters import registry
from adapters.edge.port import Purger
from adapters.runtime import Runtime
from tests.contract.edge import cloudflare_server, fastly_server
from tests.contract.edge.varnish_site import SECRET, Edge
from tests.contract.http_server import serve


class Holding(Protocol):
    """A cache: what is stored, under which keys, and in which state it is: fresh, stale or gone."""

    def store(self, name: str, *keys: str) -> None: ...

    def look(self, name: str) -> str: ...


@dataclass(frozen=True)
class Harness:
    """A cache under test and what purges it. `soft` is what a soft purge makes of an answer there."""

    purger: Purger
    cache: Holding
    soft: str


@dataclass
class Told(logging.Handler):
    """The cache that there is not, imagined from what the log says that one would be told."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    __hash__ = logging.Handler.__hash__

    def emit(self, record: logging.LogRecord) -> None:
        mode, _, _, *keys = record.getMessage().split(" ")
        for name, held in self.keys.items():
            if set(held) & set(keys):
                self.states[name] = "gone" if mode == "hard" else "stale"

    def store(self, name: str, *keys: str) -> None:
        self.keys[name], self.states[name] = keys, "fresh"

    def look(self, name: str) -> str:
        return self.states[name]


@dataclass(frozen=True)
class Imitated:
    server: Any

    def store(self, name: str, *keys: str) -> None:
        self.server.store(name, *keys)

    def look(self, name: str) -> str:
        state: str = self.server.states[name]
        return state


@contextmanager
def console() -> Iterator[Harness]:
    log, told = logging.getLogger("adapters.edge.console"), Told()
    before = log.level
    log.addHandler(told)
    log.setLevel(logging.INFO)
    try:
        yield Harness(registry.edge("console")({}, Runtime.system()), told, "stale")
    finally:
        log.removeHandler(told)
        log.setLevel(before)


@contextmanager
def fastly() -> Iterator[Harness]:
    server = fastly_server.Fastly()
    with serve(server.answer) as url:
        options = {"service": fastly_server.SERVICE, "token": fastly_server.TOKEN, "api_url": url}
        purger = registry.edge("fastly")(options, Runtime.system())
        yield Harness(purger, Imitated(server), "stale")
        purger.close()


@contextmanager
def cloudflare() -> Iterator[Harness]:
    server = cloudflare_server.Cloudflare()
    with serve(server.answer) as url:
        options = {"zone": cloudflare_server.ZONE, "token": cloudflare_server.TOKEN, "api_url": f"{url}/client/v4"}
        purger = registry.edge("cloudflare")(options, Runtime.system())
        yield Harness(purger, Imitated(server), "gone")
        purger.close()


HARNESSES = {"cloudflare": cloudflare, "console": console, "fastly": fastly}
"""Of those that need no server of their own."""


@contextmanager
def varnish(edge: Edge, numbers: Callable[[], int], soft: str) -> Iterator[Harness]:
    """A running Varnish, shared by tests: each has paths of its own, whose keys are its own too."""
    purger = registry.edge("varnish")({"urls": [edge.cache.url], "secret": SECRET}, Runtime.system())
    yield Harness(purger, _Paths(edge, f"/{numbers()}/"), soft)
    purger.close()


@dataclass(frozen=True)
class _Paths:
    edge: Edge
    under: str

    def store(self, name: str, *keys: str) -> None:
        self.edge.store(self.under + name, *keys)

    def look(self, name: str) -> str:
        return self.edge.look(self.under + name)
