"""The Wagtail adapter over recordings of Wagtail 8, replayed by an imitation on 127.0.0.1.

A running Wagtail is asked in `tests/integration/cms/test_wagtail.py`; here is what it would not do when told to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import registry
from adapters.cms.port import (
    Link,
    Source,
)
from tests.contract.clock import FakeTime
from tests.contract.cms import test_sources as suite
from tests.contract.cms.harness import Harness
from tests.contract.cms.wagtail_server import (
    TYPE,
    WagtailServer,
    recorded,
    running,
    wagtail,
)

CITY_GUIDE, VARIANT, HOME = 4, 8, 3


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server() -> WagtailServer:
    return WagtailServer.with_recordings()


@pytest.fixture
def url(server: WagtailServer) -> Iterator[str]:
    with running(server) as url:
        yield url


@pytest.fixture
def opened(url: str, time: FakeTime) -> Iterator[Callable[..., Source]]:
    made: list[Source] = []

    def open_source(**options: object) -> Source:
        settings = {"url": url, "types": [TYPE], "page_size": 3, "allow_private": True}
        made.append(registry.cms("wagtail")({**settings, **options}, time.runtime()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


# The suite that all sources pass, once more: for a site without the app


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    with wagtail(tmp_path, module=False, fields="*,related(code)") as made:
        yield made


PROMISES = [
    test
    for name, test in vars(suite).items()
    if name.startswith("test_") and test.__code__.co_varnames[: test.__code__.co_argcount] == ("harness",)
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_without_the_app_it_keeps(promise: Callable[[Harness], None], harness: Harness) -> None:
    promise(harness)


# What the recordings hold


def test_the_recorded_site_comes_across_page_by_page(opened: Any, server: WagtailServer) -> None:
    changes = opened().changes(None)
    assert {entry.id: entry.fields["title"] for entry in changes.entries} == {
        str(row["id"]): row["title"] for row in recorded("list-pages")["body_json"]["items"]
    }
    assert [request.query["offset"] for request in server.requests] == ["0", "2", "4"], "pages share an item"


def test_a_recorded_page_is_understood_whole(opened: Any) -> None:
    entry = opened(type_field="kind", prefixed_tags={"topic": "kind"}).fetch(str(CITY_GUIDE))
    assert (entry.id, entry.locale, entry.type) == ("4", "en", "article")
    assert entry.tags == ("seg:new", "visitors", "topic:article")
    assert (entry.version, entry.expires_at) == (None, None)
    assert entry.published_at == datetime(2026, 11, 21, 20, 53, 36, 890_666, UTC)
    assert entry.fields["body"] == recorded("single-page")["body_json"]["body"]
    assert entry.fields["body_html"] == (
        '<p>Body of <b>City guide</b> – naïve café ☕ <a rel="noopener noreferrer">home</a></p>'
    )
    blocks = entry.fields["blocks"]
    assert isinstance(blocks, list)
    assert blocks[0] == {**recorded("single-page")["body_json"]["blocks"][0], "value_html": "<p>block</p>"}
    assert (entry.fields["slug"], entry.fields["priority"]) == ("city-guide", 0)
    assert not {"parent", "detail_url", "first_published_at", "tags", "meta"} & set(entry.fields)
    assert entry.links == (Link("/body", "entry", str(HOME), resolved=False),)
