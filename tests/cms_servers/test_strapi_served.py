"""From an editor's publish in a real Strapi to what a visitor is shown by a real Tessera, by Strapi's own webhook."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
import requests

from tests.cms_servers.strapi_editor import Editor
from tests.cms_servers.strapi_site import running
from tests.previewing import KEYS, previewed
from tests.servers import free_port
from tests.serving import serving
from tests.waiting import publications_in_time

TOKEN = "shared-secret-of-the-webhook"
PATIENCE_S = 90
MEDIAN_S = 1.0
LONGEST_S = 3.0
SETTINGS = """\
bind = "127.0.0.1:{port}"
workers = 1
{keys}
[sources.site]
adapter = "strapi"
version = {version}
url = "{url}"
token = "{token}"
types = ["articles"]
locales = ["en", "fr"]
related = ["tags"]
allow_private = true

[sources.site.webhook]
token = "{secret}"
"""
RULES = """\
locales: [en, fr]
slots:
  - {id: news, limit: 100, select: {content.type: articles}}
"""


@dataclass
class Served:
    """A site with an editor, and a Tessera that serves its content."""

    editor: Editor
    url: str
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def blocks(self, locale: str = "en") -> list[dict[str, Any]]:
        """What a visitor is shown."""
        answer = self._session.post(
            f"{self.url}/v1/personalize",
            json={"slots": [{"id": "news", "limit": 100}], "context": {"locale": locale}},
            headers={"X-Tessera-Key": "pub"},
            timeout=10,
        )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["slots"]["news"]["blocks"]
        return found

    def titles(self, locale: str = "en") -> set[str]:
        return {block["fields"]["title"] for block in self.blocks(locale)}

    def tags(self, title: str) -> list[str]:
        return next((block["tags"] for block in self.blocks() if block["fields"]["title"] == title), [])

    def until(self, true: Callable[[], bool]) -> float:
        """Waits, and tells how long in seconds."""
        begun = time.monotonic()
        while not true():
            assert time.monotonic() - begun < PATIENCE_S, f"still {self.titles()}"
            time.sleep(0.02)
        return time.monotonic() - begun

    def close(self) -> None:
        self._session.close()


@pytest.fixture(scope="module", params=[5, 4], ids=["strapi-5", "strapi-4"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running(tmp_path_factory.mktemp("strapi") / "site", request.param) as site:
        site.announce_to(f"{url}/webhooks/cms/site", {"Authorization": f"Bearer {TOKEN}"})
        values = {"port": port, "url": site.url, "token": site.token, "secret": TOKEN, "version": site.version}
        settings = SETTINGS.format(**values, keys=KEYS)
        with serving(tmp_path_factory.mktemp("tessera"), url, settings=settings, rules=RULES):
            found = Served(Editor(site), url)
            yield found
            found.close()


def test_what_an_editor_does_is_served(served: Served) -> None:
    editor = served.editor
    tag = editor.tag("topic:old")
    article = editor.draft("Fresh", tag)
    other = editor.published("Other")
    served.until(lambda: "Other" in served.titles())
    assert "Fresh" not in served.titles(), "a draft"
    editor.publish(article)
    served.until(lambda: "Fresh" in served.titles())
    editor.change(article, title="Reworded")
    served.until(lambda: "Reworded" in served.titles())
    assert "Fresh" not in served.titles()
    editor.rename_tag(tag, "topic:new")
    served.until(lambda: served.tags("Reworded") == ["topic:new"])
    editor.delete_tag(tag)
    served.until(lambda: served.tags("Reworded") == [])
    editor.unpublish(article)
    served.until(lambda: "Reworded" not in served.titles())
    editor.publish(article)
    served.until(lambda: "Reworded" in served.titles())
    editor.delete(article)
    served.until(lambda: "Reworded" not in served.titles())
    editor.delete(other)
    served.until(lambda: "Other" not in served.titles())


def test_a_new_translation_takes_the_place_of_what_was_shown_instead(served: Served) -> None:
    editor = served.editor
    article = editor.published("Hello")
    served.until(lambda: "Hello" in served.titles("fr"))
    french = editor.translate(article, "Salut")
    editor.publish(french)
    served.until(lambda: served.titles("fr") == {"Salut"})
    assert served.titles("en") == {"Hello"}
    editor.unpublish(article)
    served.until(lambda: "Hello" not in served.titles("en"))
    assert served.titles("fr") == {"Salut"}
    editor.delete(french)
    served.until(lambda: served.titles("fr") == set())


def test_drafts_are_shown_by_a_preview_link_and_to_no_visitor(served: Served) -> None:
    editor = served.editor
    live, idea = editor.published("Plain"), editor.draft("Never seen before")
    french = editor.translate(live, "Pas encore")
    served.until(lambda: "Plain" in served.titles())
    wanted = {"Plain", "Never seen before"}
    if editor.site.version == 5:  # version 4 has no draft beside what is published: saving is publishing
        editor.save(live, title="Plain, but better")
        wanted = {"Plain, but better", "Never seen before"}
    for locale, drafts, titles in (
        ("en", [(live.id, "en"), (idea.id, "en")], wanted),
        ("fr", [(french.id, "fr"), (idea.id, "en")], {"Pas encore", "Never seen before"}),
    ):
        seen, told = previewed(served._session, served.url, "news", drafts, source="site", locale=locale)
        assert [one["shown"] for one in told] == ["draft", "draft"], told
        assert seen == titles
    assert served.titles() == served.titles("fr") == {"Plain"}
    for one in (french, live, idea):
        editor.delete(one)
    served.until(lambda: served.titles() == set())


def test_a_publish_is_served_within_a_second_or_so(
    served: Served, record_property: Callable[[str, object], None]
) -> None:
    """Measured from the moment when Strapi has answered the editor."""
    article = served.editor.published("Edition 0")
    served.until(lambda: "Edition 0" in served.titles())
    editions = count(1)

    def edit() -> float:
        title = f"Edition {next(editions)}"
        served.editor.change(article, title=title)
        return served.until(lambda: title in served.titles())

    times = publications_in_time(edit, median_s=MEDIAN_S, longest_s=LONGEST_S)
    record_property("publish_to_served_s", [round(one, 3) for one in times])
