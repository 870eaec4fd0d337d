"""Several caches behind real HTTP servers: each is told by itself, whatever the others do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from plugin.cli.worker import following
from plugin.ports import Changes, StoredEntry
from plugin.setting_kinds import Plugged, Secret
from plugin.settings import Settings
from plugin.store import Store, migrate, open_store
from tests.contract.edge import fastly_server
from tests.contract.http_server import Reply, Request, serve
from tests.integration.webhooks.test_convergence import soon

PATIENCE_S = 40


class Cache:
    """Takes purges, or answers all of them in one way; `asked` has the keys of each request."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.asked: list[list[str]] = []
        self.reply = reply
        self._well = fastly_server.Fastly()

    def answer(self, request: Request) -> Reply:
        self.asked.append(json.loads(request.body)["surrogate_keys"])
        return self.reply or self._well.answer(request)

    def told(self, name: str) -> int:
        return sum(f"entry:cms/{name}" in keys for keys in self.asked)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'tessera.db'}"
    else:
        url = request.getfixturevalue("new_database")("template0")
    store = open_store(url)
    migrate.upgrade(store.engine)
    yield store
    store.close()


@contextmanager
def relayed(store: Store, folder: Path, **caches: Cache) -> Iterator[None]:
    with ExitStack() as serving:
        edges = {}
        for name, cache in caches.items():
            url = serving.enter_context(serve(cache.answer, idle_s=PATIENCE_S))
            service, token = fastly_server.SERVICE, fastly_server.TOKEN
            options = {"service": service, "token": token, "api_url": url, "timeout_s": PATIENCE_S}
            edges[name] = Plugged(name, "fastly", options)
        settings = Settings(
            public_url="http://localhost",
            data_dir=folder,
            database_url=Secret(store.engine.url.render_as_string(hide_password=False)),
            edges=edges,
            purge_settle=timedelta(0),
            purge_again=timedelta(milliseconds=100),
        )
        with following(settings):
            yield


def write(store: Store, name: str) -> None:
    entry = StoredEntry("cms", name, None, "hero", (), {}, None, None, ())
    store.content.apply("cms", Changes(entries=(entry,)), now=datetime.now(UTC))


def test_a_cache_that_hangs_keeps_no_other_from_being_told(store: Store, tmp_path: Path) -> None:
    released = Event()
    hangs, well = Cache(Reply(503, before=lambda: released.wait(PATIENCE_S))), Cache()
    with relayed(store, tmp_path, hangs=hangs, well=well):
        try:
            for name in "abc":
                write(store, name)
                soon(lambda name=name: well.told(name) == 2, PATIENCE_S)
            assert len(hangs.asked) == 1, "which has no answer yet"
        finally:
            hangs.reply = None
            released.set()
        soon(lambda: [hangs.told(name) for name in "abc"] == [3, 2, 2], PATIENCE_S)
    assert [well.told(name) for name in "abc"] == [2, 2, 2]


def test_a_cache_that_fails_is_asked_again_and_no_other_is(store: Store, tmp_path: Path) -> None:
    fails, well = Cache(Reply(503)), Cache()
    with relayed(store, tmp_path, fails=fails, well=well):
        write(store, "a")
        soon(lambda: fails.told("a") >= 4, PATIENCE_S)
        assert well.told("a") == 2
        fails.reply = None
        before = fails.told("a")
        soon(lambda: fails.told("a") == before + 2, PATIENCE_S)
        assert well.told("a") == 2


def test_a_cache_that_asks_for_peace_has_it_from_every_change(store: Store, tmp_path: Path) -> None:
    asks, well = Cache(Reply(429, headers={"Retry-After": "600"})), Cache()
    with relayed(store, tmp_path, asks=asks, well=well):
        write(store, "a")
        soon(lambda: (asks.told("a"), well.told("a")) == (1, 2), PATIENCE_S)
        write(store, "b")
        soon(lambda: well.told("b") == 2, PATIENCE_S)
    with relayed(store, tmp_path, asks=asks, well=well):  # a process that starts knows of it
        write(store, "c")
        soon(lambda: well.told("c") == 2, PATIENCE_S)
    assert len(asks.asked) == 1
    waiting = store.purges.backlogs(["asks", "well"])
    assert [(one.waiting, one.failing) for one in waiting.values()] == [(3, 1), (0, 0)]


def test_one_cache_alone_is_told_twice_and_rests_when_it_asks_to(store: Store, tmp_path: Path) -> None:
    alone = Cache()
    with relayed(store, tmp_path, alone=alone):
        write(store, "a")
        soon(lambda: alone.told("a") == 2, PATIENCE_S)
        alone.reply = Reply(429, headers={"Retry-After": "600"})
        write(store, "b")
        soon(lambda: alone.told("b") == 1, PATIENCE_S)
        write(store, "c")
        soon(lambda: not store.purges.due(now=datetime.now(UTC)), PATIENCE_S)
    assert (alone.told("a"), alone.told("b"), alone.told("c")) == (2, 1, 0)
