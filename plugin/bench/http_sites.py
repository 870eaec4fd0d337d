"""The servers of the HTTP benchmark: a generated world, its visitors' profiles, and who serves them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep

from redis import Redis

from plugin.bench.generator import World
from plugin.bench.http_client import WrongStatusError
from plugin.bench.processes import BODY_BYTES, NotServingError, Server, serving
from plugin.bench.requests import DELIVERY_KEY
from plugin.bench.storing import store_world

MANAGEMENT_KEY = "bench-management-key"
_READY = "tessera:views:ready"
_READY_WITHIN_S = 30.0


class Site:
    """A world in a folder, with the profiles of its visitors in the database, and copies of them where a Redis is."""

    def __init__(self, world: World, folder: Path, redis: str | None = None) -> None:
        folder.mkdir()
        self._folder = folder
        self._redis = redis
        store_world(world, folder / "bench.db")

    @contextmanager
    def serving(self, *, applies: bool) -> Iterator[Server]:
        """One worker over it; with ``applies`` it also applies events, as `tessera serve` does by itself."""
        environ = {
            "TESSERA_DATA_DIR": str(self._folder),
            "TESSERA_DATABASE_URL": f"sqlite:///{self._folder / 'bench.db'}",
            "TESSERA_DELIVERY_KEYS": json.dumps([{"key": DELIVERY_KEY}]),
            "TESSERA_MANAGEMENT_KEYS": json.dumps([{"name": "bench", "key": MANAGEMENT_KEY, "scopes": ["visitors"]}]),
            "TESSERA_TRUSTED_PROXIES": "127.0.0.1",
            "TESSERA_LOG_LEVEL": "warning",
            "TESSERA_APPLY_EVENTS": "true" if applies else "false",
        }
        if self._redis is not None:
            environ["TESSERA_REDIS_URL"] = self._redis
        with serving("plugin.app:create_app", environ, self._folder / f"log-{applies}") as server:
            yield server

    def keep_profiles(self, server: Server, people: Sequence[Mapping[str, object]]) -> None:
        """Say of each visitor what only a profile knows. ``server`` applies events, and so keeps copies.

        Raises:
            WrongStatusError, NotServingError: it is not taken; the copies are not read.
        """
        if self._redis is not None:
            _await_copies(self._redis)
        connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
        try:
            for attributes in people:
                known = {name[8:]: value for name, value in attributes.items() if name.startswith("profile.")}
                said = {"attributes": known, "consent": {"personalization": True}}
                headers = {"Content-Type": "application/json", "Authorization": f"Bearer {MANAGEMENT_KEY}"}
                connection.request("PATCH", f"/v1/visitors/{attributes['visitor.id']}", json.dumps(said), headers)
                answer = connection.getresponse()
                octets = answer.read()
                if answer.status != 200 or json.loads(octets)["not_stored"]:
                    raise WrongStatusError(f"{answer.status}: {octets[:500]!r}")
        finally:
            connection.close()


@contextmanager
def floor(folder: Path, body_bytes: int) -> Iterator[Server]:
    """The bare Flask route."""
    with serving("plugin.bench.floor:create_floor", {BODY_BYTES: str(body_bytes)}, folder / "floor.log") as server:
        yield server


def lookups(redis: str) -> int:
    """How often anybody asked a Redis for several keys, as one look-up of a profile does."""
    with Redis.from_url(redis) as connection:
        return int(connection.info("commandstats").get("cmdstat_mget", {}).get("calls", 0))


def _await_copies(redis: str) -> None:
    until = monotonic() + _READY_WITHIN_S
    with Redis.from_url(redis) as connection:
        while not connection.exists(_READY):
            if monotonic() > until:
                raise NotServingError("the copies of profiles are not read")
            sleep(0.05)
