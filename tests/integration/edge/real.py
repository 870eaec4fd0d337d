"""A real Tessera behind a real Varnish: slots of every kind of sharing, and content in a folder that it follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.integration.edge.operator import KEY, SECRET, edge
from tests.servers import Varnish, free_port
from tests.serving import serving

MANAGEMENT = "a-key-that-manages-the-edge"
AGAIN_MS = 300
SETTINGS = """\
bind = "127.0.0.1:{port}"
log_level = "warning"
ruleset_poll_ms = 50
trusted_proxies = ["127.0.0.1"]
secret_key = "a-secret-that-signs-for-the-edge"
visitor_keys = ["a-key-that-hashes-the-visitors-of-it"]
purge_again_ms = {again_ms}
delivery_keys = [{{ key = "{key}" }}]

[[management_keys]]
name = "test"
key = "{management}"
scopes = ["read", "write", "publish", "visitors"]

[sources.shelf]
adapter = "files"
path = "content"

[edges.varnish]
adapter = "varnish"
urls = ["http://127.0.0.1:{edge}"]
secret = "{secret}"
"""
RULES = """\
attributes:
  profile.plan: {type: string, purpose: personalization}
slots:
  - {id: home.hero, select: {content.type: hero}, default: {id: any}}
  - {id: home.feed, limit: 2, select: {content.type: news}}
  - {id: home.cart, select: {content.type: hero}}
rules:
  - {id: in-france, slot: home.hero, when: {geo.country: FR}, then: [{pin: {id: france}}]}
  - {id: on-phones, slot: home.hero, when: {device.type: mobile}, then: [{set: {presentation.images: small}}]}
  - {id: campaign, slot: home.feed, when: {request.utm.campaign: snow}, then: [{boost: {content.tags: snow}, by: 1}]}
  - {id: pros, slot: home.cart, when: {request.path: /vip}, then: [{pin: {id: france}}]}
"""
CONTENT = {
    "hero/any.yaml": "title: Welcome",
    "hero/france.yaml": "title: Bonjour",
    "news/a.yaml": "title: First",
    "news/b.yaml": "title: Second\ntags: [snow]",
    "news/c.yaml": "title: Third",
}


@dataclass(frozen=True)
class Real:
    """Both, and the folder of the content."""

    url: str
    cache: Varnish
    content: Path

    def get(self, path: str, **headers: str) -> requests.Response:
        """Through the edge."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.get(f"{self.cache.url}{path}", headers=named, timeout=60)

    def managed(self, method: str, path: str, **more: Any) -> requests.Response:
        """At the origin, with the management key."""
        answer = requests.request(
            method, f"{self.url}{path}", headers={"Authorization": f"Bearer {MANAGEMENT}"}, timeout=60, **more
        )
        assert answer.ok, answer.text
        return answer


@contextmanager
def real(folder: Path) -> Iterator[Real]:
    """Serves from an empty folder."""
    for name, text in CONTENT.items():
        file = folder / "content" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n", "utf-8")
    port, at = free_port(), free_port()
    settings = SETTINGS.format(port=port, edge=at, key=KEY, management=MANAGEMENT, secret=SECRET, again_ms=AGAIN_MS)
    url = f"http://127.0.0.1:{port}"
    with serving(folder, url, settings=settings, rules=RULES), edge(port, port=at) as cache:
        yield Real(url, cache, folder / "content")
