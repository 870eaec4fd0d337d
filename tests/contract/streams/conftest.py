"""Every adapter of the registry, opened on something real."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest

from adapters import registry
from adapters.runtime import Runtime
from adapters.streams.port import Stream
from tests.contract.streams.durable_redis import DurableRedis

NUMBERS = count(1)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where streams can be opened again and again on the same records."""

    adapter: str
    options: Mapping[str, object]
    opened: list[Stream]

    def open(self, **more: object) -> Stream:
        stream = registry.stream(self.adapter)({**self.options, **more}, Runtime.system())
        self.opened.append(stream)
        return stream


@pytest.fixture(scope="package")
def durable_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DurableRedis]:
    server = DurableRedis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(
    params=[
        "local",
        pytest.param("redis", marks=pytest.mark.server),
        pytest.param("redis, spooled", marks=pytest.mark.server),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    opened: list[Stream] = []
    if request.param == "local":
        yield Place("local", {"file": str(tmp_path / "stream.db")}, opened)
    else:
        server: DurableRedis = request.getfixturevalue("durable_redis")
        options = {"url": server.url, "spool": str(tmp_path / "spool.db"), "prefix": f"test{next(NUMBERS)}"}
        if request.param != "redis":
            options["durable"] = "spool"
        yield Place("redis", options, opened)
    for stream in opened:
        stream.close()


@pytest.fixture
def stream(place: Place) -> Stream:
    return place.open()
