"""From an editor's publish in a real Strapi to what a visitor is shown by a real Tessera, by Strapi's own webhook."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import requests

from tests.cms_servers.strapi_editor import Editor
from tests.cms_servers.strapi_site import Strapi, running
from tests.servers import free_port

ROOT = Path(__file__).parents[2]
TOKEN = "shared-secret-of-the-webhook"
PATIENCE_S = 20
READY_S = 60
STOP_S = 20
SETTINGS = """\
bind = "127.0.0.1:{port}"
workers = 1
delivery_keys = [{{key = "pub"}}]

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
  - {id: news, select: {content.type: articles}}
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
        with _tessera(tmp_path_factory.mktemp("tessera"), site, port):
            found = Served(Editor(site), url)
            yield found
            found.close()


@contextmanager
def _tessera(folder: Path, site: Strapi, port: int) -> Iterator[None]:
    text = SETTINGS.format(port=port, url=site.url, token=site.token, secret=TOKEN, version=site.version)
    (folder / "tessera.toml").write_text(text)
    (folder / "rules.yaml").write_text(RULES)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TESSERA_")}
    environ["PYTHONPATH"] = str(ROOT)
    tessera = [sys.executable, "-m", "plugin.cli"]
    for words in (["db", "upgrade"], ["cms", "sync"], ["rules", "publish", "rules.yaml"]):
        done = subprocess.run(
            [*tessera, *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*tessera, "serve"], cwd=folder, env=environ, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}", server, folder / "log")
            yield
        finally:
            server.terminate()
            try:
                server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(STOP_S)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise AssertionError(f"Tessera did not start:\n{log.read_text(errors='replace')[-3_000:]}")


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


def test_a_publish_is_served_within_a_second_or_so(
    served: Served, record_property: Callable[[str, object], None]
) -> None:
    """Measured from the moment when Strapi has answered the editor."""
    article = served.editor.published("Edition 0")
    served.until(lambda: "Edition 0" in served.titles())
    times = []
    for edition in range(1, 11):
        served.editor.change(article, title=f"Edition {edition}")
        times.append(served.until(lambda title=f"Edition {edition}": title in served.titles()))  # type: ignore[misc]
    record_property("publish_to_served_s", [round(one, 3) for one in times])
    assert median(times) <= 1.0, times
    assert max(times) <= 3.0, times
