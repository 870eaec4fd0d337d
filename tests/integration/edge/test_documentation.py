"""What docs/edge.md says to type does what it says there: the demo behind Varnish, and the configuration of a site."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from plugin.cli.demo import _write_settings
from tests.docs.pages import DOCS, examples
from tests.docs.runner import _alike, _commands
from tests.e2e.demo import running
from tests.integration.edge.operator import shipped
from tests.servers import Varnish, free_port, varnish

pytestmark = pytest.mark.server
PAGE = DOCS / "edge.md"
EDGE = "http://127.0.0.1:6081"
AGENT = "curl/8.5.0"


def with_paths(vcl: str) -> str:
    """Shipped files where they are, and not where an operator copies them to."""
    return re.sub(r'include "(?:\./)?(tessera_[a-z]+\.vcl)"', lambda found: f'include "{shipped(found[1])}"', vcl)


@pytest.fixture(scope="module")
def storefront(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Varnish]:
    """The demo behind Varnish, on free ports."""
    port = free_port()
    with running(tmp_path_factory.mktemp("demo"), workers=1, varnish=f"http://127.0.0.1:{port}") as demo:
        text = with_paths(Path(shipped("tessera_demo.vcl")).read_text("utf-8"))
        told = text.replace('.port = "8000"', f'.port = "{demo.url.rpartition(":")[2]}"')
        assert told != text
        with varnish(told, port) as cache:
            yield cache


def asked(command: str, cache: Varnish) -> str:
    """What curl prints; knows the options that the page uses."""
    words = iter(shlex.split(command)[1:])
    url, head = "", False
    headers: dict[str, str] = {"User-Agent": AGENT, "Accept": "*/*"}
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(":")
            headers[name] = value.strip()
        elif word.startswith("-"):
            head = head or "i" in word
        else:
            url = word.replace(EDGE, cache.url)
    answer = requests.get(url, headers=headers, timeout=60)
    lines = [
        f"HTTP/1.1 {answer.status_code} {answer.reason}",
        *(f"{name}: {text}" for name, text in answer.headers.items()),
    ]
    return "\n".join([*lines, "", answer.text]) if head else answer.text


def test_the_demo_behind_varnish_answers_as_the_page_says(storefront: Varnish) -> None:
    ran = 0
    for example in examples(PAGE):
        if example.language != "sh" or not example.text.startswith("$"):
            continue
        for command, wanted in _commands(example.text):
            if not command.startswith("curl"):
                continue
            got = asked(command, storefront)
            assert _alike(f"{wanted}\n...", got), f"{example.place}: {command}\nwanted:\n{wanted}\ngot:\n{got[:2_000]}"
            ran += 1
    assert ran >= 5


def test_the_commands_that_start_it_are_ones_that_there_are(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    assert f"tessera demo --varnish {EDGE}" in text
    assert EDGE in _write_settings(tmp_path, None, EDGE).read_text("utf-8")
    assert "tessera_demo.vcl" in text


def test_the_configuration_of_a_site_runs() -> None:
    [example] = [one for one in examples(PAGE) if one.language == "vcl"]
    shown = re.sub(r'"10\.0\.0\.[0-9]+";', '"127.0.0.1";', with_paths(example.text))
    with varnish(shown) as cache:
        # Nothing is behind it: what has a key and what has none fails alike, and nothing else goes wrong.
        for path in ("/", "/about", "/products/x", "/other"):
            assert requests.get(f"{cache.url}{path}", timeout=60).status_code == 503


def test_the_shares_that_the_page_tells_are_those_of_the_tests() -> None:
    """So that the page is mended with the table."""
    headers = (DOCS.parent / "tests" / "fixtures" / "edge" / "headers.txt").read_text().split()
    assert f"{len(headers)} headers" in PAGE.read_text("utf-8")
