"""From what an editor does in a running WordPress to what a visitor is shown by a running Tessera, by the webhook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from tests.cms_servers.wordpress_site import SECRET, WordPress, marker, wordpress
from tests.previewing import KEYS, previewed
from tests.servers import free_port
from tests.serving import serving
from tests.waiting import publications_in_time

PATIENCE_S = 90
MEDIAN_S = 1.0
LONGEST_S = 3.0
SETTINGS = """\
bind = "127.0.0.1:{port}"
workers = 1
{keys}
[sources.blog]
adapter = "wordpress"
url = "{url}"
types = ["posts", "heroes"]
username = "{username}"
application_password = "{password}"
allow_private = true

[sources.blog.webhook]
secret = "{secret}"
"""
RULES = """\
slots:
  - {id: news, limit: 100, select: {content.type: post}}
  - {id: top, limit: 100, select: {content.type: hero}}
segments:
  - {id: vip, name: VIP, when: {request.utm.campaign: gold}}
"""


@dataclass
class Served:
    """A site, and a Tessera that serves its content."""

    site: WordPress
    url: str
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def titles(self, slot: str = "news", campaign: str = "none") -> set[str]:
        """What a visitor is shown who came by a campaign."""
        context = {"locale": "en", "url": f"https://shop.example/?utm_campaign={campaign}"}
        body = {"slots": [{"id": slot}], "context": context}
        answer = self._session.post(
            f"{self.url}/v1/personalize", json=body, headers={"X-Tessera-Key": "pub"}, timeout=10
        )
        assert answer.status_code == 200, answer.text
        blocks: list[dict[str, Any]] = answer.json()["slots"][slot]["blocks"]
        return {block["fields"]["title"] for block in blocks}

    def until(self, true: Callable[[], bool]) -> float:
        """Waits, and tells how long in seconds."""
        begun = time.monotonic()
        while not true():
            assert time.monotonic() - begun < PATIENCE_S, f"still {self.titles()}"
            time.sleep(0.02)
        return time.monotonic() - begun

    def close(self) -> None:
        self._session.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder, port = tmp_path_factory.mktemp("tessera"), free_port()
    url = f"http://127.0.0.1:{port}"
    with wordpress(f"{url}/webhooks/cms/blog") as site:
        values = {"port": port, "url": site.url, "username": site.username, "password": site.password}
        with serving(folder, url, settings=SETTINGS.format(**values, secret=SECRET, keys=KEYS), rules=RULES):
            found = Served(site, url)
            yield found
            found.close()


def test_what_an_editor_does_is_what_visitors_see(served: Served) -> None:
    word, site = marker(), served.site
    post = site.api("POST", "posts", {"title": f"Draft {word}", "content": "x", "status": "draft"})
    route = f"posts/{post['id']}"
    site.api("POST", route, {"title": f"Live {word}", "status": "publish"})
    served.until(lambda: f"Live {word}" in served.titles())
    assert f"Draft {word}" not in served.titles()
    site.api("POST", route, {"title": f"Edited {word}"})
    served.until(lambda: f"Edited {word}" in served.titles())
    assert f"Live {word}" not in served.titles()
    site.api("POST", route, {"title": f"Renamed {word}", "slug": f"renamed-{word}"})
    served.until(lambda: f"Renamed {word}" in served.titles())
    site.api("POST", route, {"status": "draft"})
    served.until(lambda: f"Renamed {word}" not in served.titles())
    site.api("POST", route, {"status": "publish"})
    served.until(lambda: f"Renamed {word}" in served.titles())
    site.api("POST", route, {"status": "private"})
    served.until(lambda: f"Renamed {word}" not in served.titles())
    site.api("POST", route, {"status": "publish"})
    served.until(lambda: f"Renamed {word}" in served.titles())
    site.api("DELETE", route)
    served.until(lambda: f"Renamed {word}" not in served.titles())
    site.api("DELETE", route, force="true")


def test_drafts_are_shown_by_a_preview_link_and_to_no_visitor(served: Served) -> None:
    word, site = marker(), served.site
    live = site.api("POST", "posts", {"title": f"Plain {word}", "content": "x", "status": "publish"})
    idea = site.api("POST", "posts", {"title": f"Idea {word}", "content": "x", "status": "draft"})
    served.until(lambda: f"Plain {word}" in served.titles())
    time.sleep(1.1)  # WordPress counts whole seconds, and what it saved in the same one is no draft to it either
    site.api("POST", f"posts/{live['id']}/autosaves", {"title": f"Better {word}", "content": "y"})
    drafts = [(str(one["id"]), "") for one in (live, idea)]
    titles, told = previewed(served._session, served.url, "news", drafts, source="blog")
    assert [one["shown"] for one in told] == ["draft", "draft"], told
    assert titles >= {f"Better {word}", f"Idea {word}"}
    assert f"Plain {word}" not in titles
    assert f"Plain {word}" in served.titles()
    assert not served.titles() & {f"Better {word}", f"Idea {word}"}
    for one in (live, idea):
        site.api("DELETE", f"posts/{one['id']}", force="true")
    served.until(lambda: f"Plain {word}" not in served.titles())


def test_a_segment_that_editors_choose_decides_who_sees_a_hero(served: Served) -> None:
    word, site = marker(), served.site
    vip = site.api("POST", "segment", {"name": "VIP"})
    site.api("POST", "heroes", {"title": f"For all {word}", "status": "publish"})
    site.api("POST", "heroes", {"title": f"For VIPs {word}", "status": "publish", "segment": [vip["id"]]})
    served.until(lambda: f"For VIPs {word}" in served.titles("top", campaign="gold"))
    assert served.titles("top") == {f"For all {word}"}


def test_a_renamed_term_is_seen_in_the_entries_that_have_it(served: Served) -> None:
    word, site = marker(), served.site
    term = site.api("POST", "tags", {"name": f"audience:nobody-{word}"})
    site.api("POST", "heroes", {"title": f"Hidden {word}", "status": "publish", "tags": [term["id"]]})
    site.api("POST", "heroes", {"title": f"Shown {word}", "status": "publish"})
    served.until(lambda: f"Shown {word}" in served.titles("top", campaign="gold"))
    assert f"Hidden {word}" not in served.titles("top", campaign="gold")
    site.api("POST", f"tags/{term['id']}", {"name": "audience:vip"})
    served.until(lambda: f"Hidden {word}" in served.titles("top", campaign="gold"))
    assert f"Hidden {word}" not in served.titles("top")


def test_a_publish_is_served_within_seconds(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Measured from the moment when WordPress has answered the editor."""

    def publish() -> float:
        title = f"Timed {marker()}"
        served.site.api("POST", "posts", {"title": title, "status": "publish"})
        return served.until(lambda: title in served.titles())

    median, longest = publications_in_time(publish, median_s=MEDIAN_S, longest_s=LONGEST_S)
    with capsys.disabled():
        sys.stdout.write(f"\npublish to served, 20 times: median {median:.2f} s, at most {longest:.2f} s\n")
