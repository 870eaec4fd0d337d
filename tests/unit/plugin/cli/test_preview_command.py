"""`tessera preview`: links that a server with the same settings understands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from plugin.flow.types import SlotAsk
from plugin.service.previews.tokens import DraftRef, Preview, PreviewTokens
from tests.unit.plugin.cli.conftest import Tessera

KEY = "a-signing-key-of-a-test-0123456789"


@pytest.fixture
def folder(here: Path) -> Path:
    """One source with drafts and one without."""
    for name in ("winter", "a"):
        file = here / "content" / "hero" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"id: {name}\ndraft: true\ntitle: {name}\n")
    (here / "content" / "hero" / "broken.yaml").write_text("id: broken\ntags: 7\n")
    (here / "tessera.toml").write_text(
        f'secret_key = "{KEY}"\n[sources.site]\nadapter = "files"\npath = "content"\n[sources.none]\nadapter = "null"\n'
    )
    return here


def read(url: str, name: str = "preview") -> Preview:
    (token,) = parse_qs(urlsplit(url).query)[name]
    return PreviewTokens(KEY).read(token, datetime.now(UTC))


def test_a_link_leads_to_a_page_and_says_what_was_asked(run: Tessera, folder: Path) -> None:
    result = run(
        *("preview", "site", "winter", "--type", "hero", "--slot", "home.hero"),
        *("--at", "2026-12-24T18:00:00+01:00", "--page", "https://shop.example/?x=1", "--for", "2h"),
    )
    assert result.exit_code == 0
    url = result.stdout.strip()
    assert url.startswith("https://shop.example/?x=1&preview=p1.")
    found = read(url)
    assert found.entries == (DraftRef("site", "winter", None, "hero"),)
    assert found.slots == (SlotAsk("home.hero"),)
    assert found.at == datetime(2026, 12, 24, 17, tzinfo=UTC)
    assert found.expires_at - found.issued_at == timedelta(hours=2)
    assert "until 20" in result.stderr


def test_without_a_page_it_leads_to_the_api_and_with_the_demo_to_its_start(run: Tessera, folder: Path) -> None:
    made = json.loads(run("preview", "site", "a", "--format", "json").stdout)
    assert made["url"] == f"http://127.0.0.1:8000/v1/preview?token={made['token']}"
    assert read(made["url"], "token").expires_at.isoformat().replace("+00:00", "Z") == made["expires_at"]
    with (folder / "tessera.toml").open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write("demo = true\n" + text)
    assert run("preview", "site", "a").stdout.startswith("http://127.0.0.1:8000/?preview=p1.")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("sight", "a"), 1, "did you mean 'site'?"),
        (("none", "a"), 1, "shows no drafts"),
        (("site", "a", "--for", "8d"), 2, "want from 1m to 7d"),
        (("site", "a", "--for", "soon"), 2, "is not a duration"),
        (("site", "a", "--at", "soon"), 2, "is no instant"),
        (("site", "a", "--slot", "a" * 6_000), 1, "say less in it"),
        (("site", "wintre"), 1, "nothing to show: "),
        (("site", "winter", "--locale", "fr"), 1, "nothing to show: "),
        (("site", "broken"), 1, "nothing to show: "),
    ],
)
def test_what_cannot_be_linked_is_a_sentence(
    run: Tessera, folder: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    result = run("preview", *words)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert KEY not in result.stderr


def test_of_a_cms_that_cannot_be_read_now_a_link_is_made_with_a_warning(run: Tessera, folder: Path) -> None:
    (folder / "content").rename(folder / "elsewhere")
    result = run("preview", "site", "winter")
    assert (result.exit_code, read(result.stdout.strip(), "token").entries[0].id) == (0, "winter")
    assert "warning: whether there is such an entry is not known: " in result.stderr
