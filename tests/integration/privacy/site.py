"""A site whose visitors have something to hide, in a folder of its own."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.ports import VisitorRow
from plugin.service.content.notices import nowhere
from plugin.setting_kinds import DeliveryKey, ManagementKey, Plugged, Secret
from plugin.settings import Settings
from plugin.store import Store, migrate, open_store
from plugin.wiring.visiting import hasher_of
from tests.unit.plugin.service.site_support import entry, publish, put

ADMIN = "admin-key-0123456789"
PATIENCE_S = 90
ADDRESS = "203.0.113.77"
DOCUMENT: Mapping[str, Any] = {
    "version": 1,
    "attributes": {
        "profile.tier": {"type": "string", "purpose": "personalization"},
        "profile.topics": {"type": "string_list", "purpose": "personalization"},
    },
    "segments": [
        {"id": "readers", "pattern": {"event": "view", "count": {"gte": 2}, "within": "1d"}},
        {"id": "vips", "computed": True},
    ],
    "slots": [{"id": "feed", "limit": 1}],
    "rules": [
        {"id": "all", "slot": "feed", "priority": -1, "then": [{"pin": {"id": "plain"}}]},
        {
            "id": "gold",
            "slot": "feed",
            "priority": 2,
            "when": {"profile.tier": "gold"},
            "then": [{"pin": {"id": "gold"}}],
        },
        {"id": "fan", "slot": "feed", "when": {"segment": "readers"}, "then": [{"pin": {"id": "reading"}}]},
    ],
}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """Where a site keeps everything."""

    folder: Path
    settings: Settings

    def octets(self) -> bytes:
        """Everything that the site has written, files and write-ahead logs alike."""
        return b"".join(file.read_bytes() for file in sorted(self.folder.rglob("*")) if file.is_file())

    def settled(self) -> bytes:
        """As `octets`, once the logs of SQLite were written back, as it does by itself while it runs."""
        for file in self.folder.rglob("*.db"):
            with sqlite3.connect(file) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.close()
        return self.octets()


def place(folder: Path, **changed: Any) -> Place:
    """A published site. ``changed``: other settings."""
    made = again(folder, **changed)
    store = open_store(made.settings.database_url.reveal())
    migrate.upgrade(store.engine)
    publish(store, DOCUMENT)
    put(store, entry("plain"), entry("gold"), entry("reading", tags=["topic:sci-fi"]))
    store.close()
    return made


def again(folder: Path, **changed: Any) -> Place:
    """A site that was made there before."""
    url = f"sqlite:///{folder / 'tessera.db'}"
    settings = Settings(
        public_url="https://tessera.example",
        data_dir=folder,
        database_url=Secret(url),
        secret_key=Secret("k" * 32),
        delivery_keys=(DeliveryKey("public", frozenset()),),
        management_keys=(
            ManagementKey("ada", Secret(ADMIN), frozenset({"read", "write", "visitors"})),
            ManagementKey("eve", Secret("reader-key-0123456789"), frozenset({"read"})),
        ),
        known_ids_need_token=False,  # visitors have names here, which tests can tell apart
    )
    return Place(folder, replace(settings, **changed))


@dataclass(frozen=True)
class Running:
    """A running application, as browsers and the site's own server see it."""

    settings: Settings
    app: Flask
    client: FlaskClient
    store: Store

    def events(self, visitor: str, *events: Mapping[str, Any], wait: bool = True, **headers: str) -> Any:
        """Send events of a visitor as a page does; ids are made where there are none."""
        body = {"events": [{"id": f"e-{next(_numbers)}", "visitor_id": visitor, **one} for one in events]}
        sent = {"X-Forwarded-For": ADDRESS, **({"Prefer": "wait=5"} if wait else {}), **headers}
        answer = self.client.post(
            "/v1/events?key=public", json=body, headers=sent, environ_base={"REMOTE_ADDR": ADDRESS}
        )
        assert answer.status_code == 202, answer.text
        if wait and answer.json["accepted"] and not headers.get("Sec-GPC"):
            assert "Preference-Applied" in answer.headers
        return answer.json

    def source(self, visitor: str) -> str:
        """What stands for an id, by the newest key."""
        return hasher_of(self.settings, "k" * 32).source(visitor)

    def rows(self, visitor: str) -> tuple[VisitorRow, ...]:
        """What is stored of a visitor, and of all who are linked to them."""
        return tuple(self.store.visitors.group(self.source(visitor)))

    def shown(self, visitor: str, **headers: str) -> str:
        """Which entry a visitor sees."""
        body = {"slots": [{"id": "feed"}], "visitor": {"id": visitor}}
        answer = self.client.post("/v1/personalize?key=public", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        (block,) = answer.json["slots"]["feed"]["blocks"]
        return str(block["id"])

    def ask(self, method: str, path: str, *, status: int = 200, key: str = ADMIN, **rest: Any) -> Any:
        """As the site's own server."""
        answer = self.client.open(path, method=method, headers={"Authorization": f"Bearer {key}"}, **rest)
        assert answer.status_code == status, answer.text
        return answer.get_json()


@contextmanager
def running(where: Place, *, at: Callable[[str], None] = nowhere, **changed: Any) -> Iterator[Running]:
    """The application, until the block ends."""
    settings = replace(where.settings, **changed)
    app = create_app(settings, at=at)
    store = open_store(where.settings.database_url.reveal())
    try:
        yield Running(settings, app, app.test_client(use_cookies=False), store)
    finally:
        store.close()
        app.extensions["tessera"].close()


def until(true: Callable[[], object]) -> None:
    """Wait for what another thread does."""
    ends = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def in_redis(where: Path, url: str, prefix: str) -> dict[str, Any]:
    """Settings for a site whose events and copies go through Redis."""
    options = {"url": url, "spool": str(where / "spool.db"), "durable": "spool", "prefix": prefix}
    return {"redis_url": Secret(url), "stream": Plugged("stream", "redis", options)}
