"""One real Payload for all tests of this folder, with our module in its configuration."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from adapters import registry
from adapters.cms.hooks import HookRequest, Notice
from adapters.cms.port import Source
from adapters.runtime import Runtime
from tests.contract.http_server import Reply, Request, serve
from tests.integration.payload.server import KEY, SECRET, Editor, payload

PATIENCE_S = 90


@dataclass
class Listener:
    """Hears what the site announces, and believes only what is signed.

    `answer` is what it answers with; `meanwhile` is called with each notice before it does.
    """

    notices: list[Notice] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    meanwhile: Callable[[Notice], object] | None = None
    _news: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, request: Request) -> Reply:
        """The answer to one request; statuses that were queued come first."""
        with self._news:
            self.requests.append(request)
            if self.statuses:
                return Reply(self.statuses.pop(0))
        hook = registry.hook("payload")({"secret": SECRET}, Runtime.system())
        heard = hook.read(HookRequest(request.method, request.path, request.headers, request.body), time.time())
        for notice in heard:
            if self.meanwhile is not None:
                self.meanwhile(notice)
        with self._news:
            self.notices += heard
            self._news.notify_all()
        return Reply(202)

    def wait_for(self, entry_id: str, times: int = 1) -> Notice:
        """The last notice of an entry, once it came so often."""
        with self._news:
            came = self._news.wait_for(lambda: self._count(entry_id) >= times, PATIENCE_S)
            assert came, f"{entry_id} was announced {self._count(entry_id)} times: {self.notices}"
            return next(notice for notice in reversed(self.notices) if notice.id == entry_id)

    def _count(self, entry_id: str) -> int:
        return sum(notice.id == entry_id for notice in self.notices)

    def forget(self) -> None:
        """As if nothing had been heard."""
        with self._news:
            self.notices.clear()
            self.requests.clear()
            self.statuses.clear()
            self.meanwhile = None


@pytest.fixture(scope="package")
def heard() -> Listener:
    return Listener()


@pytest.fixture(scope="package")
def editor(heard: Listener) -> Iterator[Editor]:
    """A site, and somebody who edits in it; what they do is announced to `heard`."""
    with serve(heard.hear) as url, payload(announce_to=f"{url}/webhooks/cms/site") as made:
        yield made


@pytest.fixture
def listener(heard: Listener, editor: Editor) -> Listener:
    """What is announced from here on."""
    heard.forget()
    return heard


@pytest.fixture
def open_source(editor: Editor) -> Iterator[Callable[..., Source]]:
    """Opens the site as Tessera does, with options of the test's own."""
    made: list[Source] = []

    def opened(**options: object) -> Source:
        settings: dict[str, object] = {
            "url": editor.url,
            "token": KEY,
            "collections": ["articles"],
            "related": ["tags"],
            "relations": {"related": "articles", "author": "users"},
            "locales": ["en", "fr"],
            "allow_private": True,
        }
        made.append(registry.cms("payload")({**settings, **options}, Runtime.system()))
        return made[-1]

    yield opened
    for source in made:
        source.close()


@pytest.fixture
def source(open_source: Callable[..., Source]) -> Source:
    return open_source()
