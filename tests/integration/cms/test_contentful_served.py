"""From a publication in an imitated Contentful to what a running Tessera shows, by way of the signed webhook."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import requests

from tests.contract.cms.contentful_server import PREVIEW_TOKEN, SPACE, TOKEN, ContentfulServer, link, running, signed
from tests.servers import free_port
from tests.serving import serving
from tests.waiting import in_time

pytestmark = pytest.mark.server

SECRET = "0123456789abcdef" * 4
PATH = "/webhooks/cms/site"
PATIENCE_S = 90
LONGEST_S = 3.0
SETTINGS = f"""\
bind = "127.0.0.1:{{port}}"
workers = 1
delivery_keys = [{{{{key = "pub"}}}}]

[sources.site]
adapter = "contentful"
space = "{SPACE}"
url = "{{url}}"
preview_url = "{{url}}/preview"
token = "{TOKEN}"
preview_token = "{PREVIEW_TOKEN}"
allow_private = true

[sources.site.webhook]
secret = "{SECRET}"
"""
RULES = "locales: [en, fr]\nslots:\n  - {id: news, limit: 100, select: {content.type: article}}\n"


@dataclass
class Served:
    """A space, and a Tessera that serves its content."""

    space: ContentfulServer
    url: str
    session: requests.Session

    def tell(self, action: str, kind: str, one: str, secret: str = SECRET) -> int:
        """Sends the webhook; its status."""
        body = json.dumps({"sys": {"type": kind, "id": one}}).encode()
        topic = f"ContentManagement.{kind.removeprefix('Deleted')}.{action}"
        headers = signed(secret, body, path=PATH, at_ms=int(time.time() * 1000), topic=topic)
        return self.session.post(self.url + PATH, data=body, headers=headers, timeout=60).status_code

    def blocks(self, locale: str = "en") -> dict[str, dict[str, Any]]:
        """What is shown, by id."""
        body = {"slots": [{"id": "news", "limit": 100}], "context": {"locale": locale}}
        headers = {"X-Tessera-Key": "pub"}
        answer = self.session.post(f"{self.url}/v1/personalize", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return {block["id"]: block for block in answer.json()["slots"]["news"]["blocks"]}

    def until(self, true: Callable[[], object]) -> float:
        """Waits, and tells how long in seconds."""
        begun = time.monotonic()
        while not true():
            assert time.monotonic() - begun < PATIENCE_S, f"still {self.blocks()}"
            time.sleep(0.01)
        return time.monotonic() - begun


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder, port = tmp_path_factory.mktemp("tessera"), free_port()
    space, url = ContentfulServer(), f"http://127.0.0.1:{port}"
    space.publish("first", {"title": {"en": "First"}})
    with (
        running(space) as cms,
        requests.Session() as session,
        serving(folder, url, settings=SETTINGS.format(port=port, url=cms), rules=RULES),
    ):
        yield Served(space, url, session)


def test_what_is_published_is_served_soon(served: Served) -> None:
    editions = count(1)

    def edit() -> float:
        title = f"Edition {next(editions)}"
        served.space.publish("first", {"title": {"en": title}})
        begun = time.monotonic()
        assert served.tell("publish", "Entry", "first") == 202
        served.until(lambda: served.blocks()["first"]["fields"]["title"] == title)
        return time.monotonic() - begun

    in_time(LONGEST_S, lambda: max(edit() for _ in range(5)))


def test_a_new_entry_a_translation_and_an_unpublishing_are_seen(served: Served) -> None:
    served.space.publish("second", {"title": {"en": "Second"}})
    served.tell("publish", "Entry", "second")
    served.until(lambda: "second" in served.blocks())
    french = iter(("Deuxième", "La deuxième", "La seconde"))

    def translate() -> float:
        title = next(french)  # with the first, nothing is in French yet
        served.space.publish("second", {"title": {"en": "Second", "fr": title}})
        served.tell("publish", "Entry", "second")
        return served.until(lambda: served.blocks("fr")["second"]["fields"]["title"] == title)

    in_time(LONGEST_S, translate)
    served.space.unpublish("second")
    served.tell("unpublish", "DeletedEntry", "second")
    served.until(lambda: "second" not in served.blocks() and "second" not in served.blocks("fr"))


def test_an_asset_of_another_file_changes_the_entries_that_show_it(served: Served) -> None:
    def picture(name: str) -> dict[str, Any]:
        return {"file": {"en": {"url": f"//images.ctfassets.net/{name}.png", "contentType": "image/png"}}}

    def shown() -> str:
        block = served.blocks().get("third")
        return "" if block is None else str(block["fields"]["cover"].get("url"))

    served.space.publish("pic", picture("cat"), "Asset")
    served.space.publish("third", {"title": {"en": "Third"}, "cover": {"en": link("Asset", "pic")}})
    served.tell("publish", "Entry", "third")
    served.until(lambda: shown() == "https://images.ctfassets.net/cat.png")
    served.space.publish("pic", picture("dog"), "Asset")
    served.tell("publish", "Asset", "pic")
    served.until(lambda: shown() == "https://images.ctfassets.net/dog.png")


def test_a_webhook_that_is_signed_by_somebody_else_is_refused_and_a_draft_ignored(served: Served) -> None:
    assert served.tell("publish", "Entry", "first", secret="x" * 64) == 401
    served.space.drafts["first"] = served.space.item("first", {"title": {"en": "Unfinished"}})
    before = served.blocks()["first"]
    assert served.tell("auto_save", "Entry", "first") == 202
    time.sleep(0.5)
    assert served.blocks()["first"] == before
