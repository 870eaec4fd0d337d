"""From a publish in a running Wagtail to what a visitor is shown by a running Tessera, by way of the webhook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import requests

from tests.integration.cms.wagtail_site import PREVIEW_TOKEN, SECRET, Wagtail, running
from tests.previewing import ADMIN, CALL_S, KEYS, previewed
from tests.servers import free_port
from tests.serving import serving
from tests.waiting import publications_in_time

pytestmark = pytest.mark.server

PATIENCE_S = 90
LONGEST_S = 3.0
MEDIAN_S = 1.0
SETTINGS = """\
bind = "127.0.0.1:{port}"
workers = 1
{keys}
[sources.site]
adapter = "wagtail"
url = "{url}"
types = ["blog.ArticlePage"]
snippets = ["banners"]
module = true
preview_token = "{preview}"
allow_private = true

[sources.site.webhook]
secret = "{secret}"
"""
RULES = """\
slots:
  - {id: news, limit: 100, select: {content.type: blog.ArticlePage}}
  - {id: top, select: {content.type: blog.Banner}}
"""


@dataclass
class Served:
    """A site, and a Tessera that serves its content."""

    site: Wagtail
    url: str
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def blocks(self, slot: str = "news") -> list[dict[str, Any]]:
        """What a visitor is shown."""
        body = {"slots": [{"id": slot, "limit": 100}], "context": {"locale": "en"}}
        answer = self._session.post(
            f"{self.url}/v1/personalize", json=body, headers={"X-Tessera-Key": "pub"}, timeout=60
        )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["slots"][slot]["blocks"]
        return found

    def titles(self, slot: str = "news") -> set[str]:
        return {block["fields"]["title"] for block in self.blocks(slot)}

    def until(self, true: Callable[[], bool]) -> float:
        """Waits, and tells how long in seconds."""
        begun = time.monotonic()
        while not true():
            assert time.monotonic() - begun < PATIENCE_S, f"still {self.titles()}"
            time.sleep(0.01)
        return time.monotonic() - begun


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder, port = tmp_path_factory.mktemp("tessera"), free_port()
    url = f"http://127.0.0.1:{port}"
    webhook = f"{url}/webhooks/cms/site"
    with running(tmp_path_factory.mktemp("wagtail"), webhook=webhook) as site:
        settings = SETTINGS.format(port=port, url=site.url, secret=SECRET, preview=PREVIEW_TOKEN, keys=KEYS)
        with serving(folder, url, settings=settings, rules=RULES):
            found = Served(site, url)
            yield found
            found._session.close()


def test_what_an_editor_does_is_served(served: Served) -> None:
    site = served.site
    number = site.create("Fresh", tags=["topic:old"])
    served.until(lambda: "Fresh" in served.titles())
    site.edit(number, title="Reworded")
    served.until(lambda: "Reworded" in served.titles())
    assert "Fresh" not in served.titles()
    site.edit(number, publish=False, title="A thought")
    site.run(
        "from taggit.models import Tag; tag = Tag.objects.get(name='topic:old'); tag.name = 'topic:new'; tag.save()"
    )
    served.until(lambda: ["topic:new"] in [block["tags"] for block in served.blocks()])
    assert "A thought" not in served.titles()
    site.edit(number, slug="elsewhere", title="Renamed")
    served.until(lambda: any("/elsewhere/" in block["fields"]["html_url"] for block in served.blocks()))
    site.unpublish(number)
    served.until(lambda: "Renamed" not in served.titles())
    site.publish(number)
    served.until(lambda: "Renamed" in served.titles())
    site.delete(number)
    served.until(lambda: "Renamed" not in served.titles())


def test_a_snippet_is_served_and_goes(served: Served) -> None:
    make = "from blog.models import Banner; b = Banner(title='Sale', live=False); b.save(); b.save_revision().publish()"
    served.site.run(make)
    served.until(lambda: served.titles("top") == {"Sale"})
    served.site.run("from blog.models import Banner; Banner.objects.get(title='Sale').unpublish()")
    served.until(lambda: served.titles("top") == set())


def test_drafts_are_shown_by_a_preview_link_and_to_no_visitor(served: Served) -> None:
    site, session = served.site, served._session
    live, idea = site.create("Plain"), site.create("Never seen before", publish=False)
    served.until(lambda: "Plain" in served.titles())
    site.edit(live, publish=False, title="Plain, but better")
    key = "from wagtail.models import Page; answer = str(Page.objects.get(pk={}).translation_key)"
    drafts = [(site.run(key.format(number)), "en") for number in (live, idea)]
    titles, told = previewed(session, served.url, "news", drafts, source="site")
    assert [one["shown"] for one in told] == ["draft", "draft"], told
    assert titles >= {"Plain, but better", "Never seen before"}
    assert "Plain" not in titles
    snippet = {"entries": [{"source": "site", "id": "blog.Banner:1"}], "slots": [{"id": "top"}]}
    headers = {"Authorization": f"Bearer {ADMIN}"}
    refused = session.post(f"{served.url}/v1/previews", json=snippet, headers=headers, timeout=CALL_S)
    assert (refused.status_code, "not of snippets" in refused.text) == (422, True), "it is not published either"
    assert not served.titles() & {"Plain, but better", "Never seen before"}
    site.edit(live, title="Plain, but better")
    served.until(lambda: "Plain, but better" in served.titles())
    for number in (live, idea):
        site.delete(number)
    served.until(lambda: "Plain, but better" not in served.titles())


def test_a_publish_is_served_within_a_second(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Measured from the moment when Wagtail has answered the editor."""
    number = served.site.create("Edition 0")
    served.until(lambda: "Edition 0" in served.titles())
    editions = count(1)

    def edit() -> float:
        title = f"Edition {next(editions)}"
        served.site.edit(number, title=title)
        return served.until(lambda: title in served.titles())

    median, longest = publications_in_time(edit, median_s=MEDIAN_S, longest_s=LONGEST_S)
    with capsys.disabled():
        sys.stdout.write(f"\npublish to served, 20 times: median {median:.2f} s, at most {longest:.2f} s\n")
