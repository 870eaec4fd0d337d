"""From a save in a running Payload to what a running Tessera shows visitors, by way of the signed webhook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import requests

from tests.integration.payload.server import KEY, SECRET, Editor, payload
from tests.previewing import KEYS, previewed
from tests.servers import free_port
from tests.serving import serving
from tests.waiting import publications_in_time

pytestmark = pytest.mark.server

PATIENCE_S = 90
MEDIAN_S = 1.0
LONGEST_S = 3.0
PUBLISHED = {"_status": "published"}
SETTINGS = """\
bind = "127.0.0.1:{port}"
workers = 1
{keys}
[sources.site]
adapter = "payload"
url = "{url}"
token = "{key}"
collections = ["articles"]
related = ["tags"]
locales = ["en", "fr"]
type_field = "kind"
relations = {{related = "articles", author = "users"}}
allow_private = true

[sources.site.webhook]
secret = "{secret}"
"""
RULES = "slots:\n  - {id: news, limit: 100, select: {content.type: article}}\n"


@dataclass
class Visitor:
    """Somebody who asks Tessera for blocks."""

    url: str
    session: requests.Session

    def blocks(self, locale: str = "en") -> list[dict[str, Any]]:
        """What is shown to them."""
        body = {"slots": [{"id": "news", "limit": 100}], "context": {"locale": locale}}
        headers = {"X-Tessera-Key": "pub"}
        answer = self.session.post(f"{self.url}/v1/personalize", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["slots"]["news"]["blocks"]
        return found

    def titles(self, locale: str = "en") -> set[str]:
        """Of the blocks."""
        return {block["fields"]["title"] for block in self.blocks(locale)}

    def block(self, title: str) -> dict[str, Any]:
        """The one of a title."""
        return next(block for block in self.blocks() if block["fields"]["title"] == title)

    def waits_until(self, true: Callable[[], bool]) -> float:
        """How long it took, in seconds."""
        begun = time.monotonic()
        while not true():
            assert time.monotonic() - begun < PATIENCE_S, f"still {self.blocks()}"
            time.sleep(0.01)
        return time.monotonic() - begun


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Editor, Visitor]]:
    """An editor of a site, and a visitor of the Tessera that serves it."""
    folder, port = tmp_path_factory.mktemp("tessera"), free_port()
    url = f"http://127.0.0.1:{port}"
    with payload(announce_to=f"{url}/webhooks/cms/site") as editor:
        settings = SETTINGS.format(port=port, url=editor.url, key=KEY, secret=SECRET, keys=KEYS)
        with serving(folder, url, settings=settings, rules=RULES), requests.Session() as session:
            yield editor, Visitor(url, session)


def test_what_an_editor_does_is_what_visitors_see(pair: tuple[Editor, Visitor]) -> None:
    editor, visitor = pair
    tag = editor.create("tags", {"name": "topic:old"})["id"]
    number = editor.create("articles", {"title": "A thought", "tags": [tag], "_status": "draft"})["id"]
    editor.update("articles", number, {"title": "Fresh", **PUBLISHED})
    visitor.waits_until(lambda: "Fresh" in visitor.titles())

    editor.update("articles", number, {"title": "Neuf", **PUBLISHED}, query="locale=fr")
    visitor.waits_until(lambda: "Neuf" in visitor.titles("fr"))

    editor.update("articles", number, {"title": "A second thought", "_status": "draft"}, query="draft=true")
    editor.update("tags", tag, {"name": "topic:new"})
    visitor.waits_until(lambda: ["topic:new"] in [block["tags"] for block in visitor.blocks()])
    assert visitor.titles() == {"Fresh"}, "a draft over what is published"

    editor.update("articles", number, {"title": "Renamed", "slug": "elsewhere", **PUBLISHED})
    visitor.waits_until(lambda: "elsewhere" in [block["fields"]["slug"] for block in visitor.blocks()])
    assert visitor.titles() == {"Renamed"}

    editor.update("articles", number, {"_status": "draft"})
    visitor.waits_until(lambda: not visitor.blocks() and not visitor.blocks("fr"))

    editor.update("articles", number, PUBLISHED)
    visitor.waits_until(lambda: visitor.titles() == {"Renamed"})
    editor.delete("articles", number)
    visitor.waits_until(lambda: not visitor.blocks())


def test_a_draft_is_shown_by_its_preview_link_and_to_no_visitor(pair: tuple[Editor, Visitor]) -> None:
    editor, visitor = pair
    published = editor.create("articles", {"title": "Plain", **PUBLISHED})["id"]
    visitor.waits_until(lambda: "Plain" in visitor.titles())
    editor.update("articles", published, {"title": "Plain, but better", "_status": "draft"}, query="draft=true")
    unpublished = editor.create("articles", {"title": "Never seen before", "_status": "draft"})["id"]

    name = visitor.block("Plain")["id"]
    drafts = [(name, "en"), (name.replace(str(published), str(unpublished)), "en")]
    titles, told = previewed(visitor.session, visitor.url, "news", drafts, source="site")
    assert [one["shown"] for one in told] == ["draft", "draft"], told
    assert titles >= {"Plain, but better", "Never seen before"}
    assert "Plain" not in titles

    assert "Plain" in visitor.titles()
    assert not visitor.titles() & {"Plain, but better", "Never seen before"}
    editor.delete("articles", published)
    editor.delete("articles", unpublished)
    visitor.waits_until(lambda: "Plain" not in visitor.titles())


def test_a_publish_is_served_within_a_second(pair: tuple[Editor, Visitor], capsys: pytest.CaptureFixture[str]) -> None:
    """Measured from the moment when Payload has answered the editor."""
    editor, visitor = pair
    number = editor.create("articles", {"title": "Edition 0", **PUBLISHED})["id"]
    visitor.waits_until(lambda: "Edition 0" in visitor.titles())
    editions = count(1)

    def edit() -> float:
        title = f"Edition {next(editions)}"
        editor.update("articles", number, {"title": title, **PUBLISHED})
        return visitor.waits_until(lambda: title in visitor.titles())

    median, longest = publications_in_time(edit, median_s=MEDIAN_S, longest_s=LONGEST_S)
    with capsys.disabled():
        sys.stdout.write(f"\nPayload: publish to served, 20 times: median {median:.2f} s, at most {longest:.2f} s\n")
