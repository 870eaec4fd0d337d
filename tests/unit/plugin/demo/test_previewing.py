"""A preview link on the storefront: what its pages say of it, how they carry it on, and whom they are seen as."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from plugin.app import create_app
from plugin.demo.previewing import carried
from plugin.service.previews.tokens import DraftRef, Preview, PreviewTokens
from plugin.setting_kinds import Plugged
from plugin.settings import Settings, signing_key


@pytest.fixture(scope="module")
def drafting(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., tuple[FlaskClient, str]]]:
    """A storefront whose openings are all drafts of another title; makes a browser and a link's token."""
    folder = tmp_path_factory.mktemp("drafts") / "content"
    options = settings.sources["site"].options
    shutil.copytree(str(options["path"]), folder)
    heroes = sorted((folder / "hero").glob("*.en.md"))
    for file in heroes:
        file.write_text(file.read_text("utf-8").replace("\ntitle: ", "\ndraft: true\ntitle: Unpublished "))
    app = create_app(replace(settings, sources={"site": Plugged("site", "files", {**options, "path": str(folder)})}))
    refs = tuple(DraftRef("site", file.name.removesuffix(".en.md"), "en") for file in heroes)
    key = signing_key(settings, lambda: "unused-unused-unused").reveal()

    def make(*more: DraftRef, **link: Any) -> tuple[FlaskClient, str]:
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT"] = "text/html"
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        begun = datetime.now(UTC)
        expires = link.pop("expires_at", begun + timedelta(hours=1))
        found = Preview(entries=(*refs, *more), issued_at=min(begun, expires), expires_at=expires, **link)
        return client, PreviewTokens(key).make(found)

    yield make
    app.extensions["tessera"].close()


Drafting = Callable[..., tuple[FlaskClient, str]]


def test_a_preview_link_shows_drafts_among_what_is_published(drafting: Drafting) -> None:
    client, token = drafting()
    assert "Unpublished " in client.get(f"/?preview={token}").text
    assert "Unpublished " not in client.get("/").text
    assert client.get("/?preview=p1.a.b").status_code == 401


def test_a_preview_says_that_it_is_one_until_when_and_of_what(drafting: Drafting) -> None:
    ends = datetime(2099, 7, 14, 18, 30, tzinfo=UTC)
    client, token = drafting(DraftRef("site", "no-such"), expires_at=ends, attributes={"geo.city": "<Lyon>"})
    page = client.get(f"/?preview={token}")
    strip = re.search(r'<aside class="preview".*?</aside>', page.text, re.DOTALL)
    assert strip is not None
    for said in (
        "nothing here is counted",
        "Tuesday 14 July 2099, 20:30 (Europe/Paris)",
        "Unpublished ",
        "geo.city: &lt;Lyon&gt;",
        "no-such",
        "no such entry",
    ):
        assert said in strip[0]
    assert '<meta name="robots" content="noindex">' in page.text
    assert 'rel="canonical"' not in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    french = client.get(f"/?preview={token}&lang=fr").text
    assert "mardi 14 juillet 2099" in french
    assert 'class="preview"' not in client.get("/").text


@pytest.mark.parametrize("address", ["/", "/shop", "/topics/tea", "/no-such-page"])
def test_every_link_within_the_storefront_carries_the_preview_on(drafting: Drafting, address: str) -> None:
    client, token = drafting()
    text = client.get(f"{address}?preview={token}").text
    ways = [unescape(way) for way in re.findall(r'<a\b[^>]*?\shref="([^"]*)"', text)]
    within = [way for way in ways if way.startswith("/")]
    assert len(within) > 5
    assert all(parse_qs(urlsplit(way).query)["preview"] == [token] for way in within), within
    assert {way for way in ways if not way.startswith("/")} <= {"#main", "?"}
    assert f'<input type="hidden" name="preview" value="{token}">' in text
    fragment = next(way for way in within if way.endswith("#topics"))
    assert client.get(fragment).status_code == 200


def test_leaving_a_preview_leads_to_the_page_as_everybody_sees_it(drafting: Drafting) -> None:
    client, token = drafting()
    assert '<a href="?">Leave the preview</a>' in client.get(f"/shop?preview={token}").text
    assert token not in client.get("/shop?").text


def test_a_preview_is_seen_as_the_visitor_that_its_link_is_for(drafting: Drafting) -> None:
    at = datetime(2027, 1, 2, 21, 0, tzinfo=UTC)
    client, token = drafting(
        attributes={"geo.country": "IT", "request.locale": "fr-BE"}, visitor_id="ada", segments=("no-such",), at=at
    )
    text = client.get(f"/?preview={token}&panel=set&country=fr").text
    assert '<html lang="fr">' in text
    assert "samedi 2 janvier 2027, 22\u00a0h\u00a000" in text
    assert client.get(f"/?preview={token}&lang=en").text.count('<html lang="en">') == 1


def test_a_link_that_is_over_shows_a_page_that_says_so_and_how_to_get_another(drafting: Drafting) -> None:
    client, token = drafting(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    gone = client.get(f"/shop?preview={token}&country=it")
    assert (gone.status_code, gone.mimetype) == (403, "text/html")
    assert "<h1>This preview link has expired</h1>" in gone.text
    assert "<title>This preview link has expired · Veilleuse</title>" in gone.text
    assert "Ask whoever sent it for a new one" in gone.text
    assert "Unpublished" not in gone.text
    assert token not in gone.text, "no link leads back to the same page"
    assert gone.headers["Cache-Control"] == "private, no-store"
    assert "<h1>Ce lien d’aperçu a expiré</h1>" in client.get(f"/?preview={token}&lang=fr").text


def test_a_link_that_is_none_shows_a_page_that_says_so(drafting: Drafting) -> None:
    client, token = drafting()
    broken = client.get(f"/?preview={token[:-3]}<b>")
    assert (broken.status_code, broken.mimetype) == (401, "text/html")
    assert "<h1>This preview link is not valid</h1>" in broken.text
    assert token[:-3] not in broken.text


@pytest.mark.parametrize(
    ("markup", "carried_on"),
    [
        ('<a href="/shop">x</a>', '<a href="/shop?preview=T">x</a>'),
        ('<a class="a > b" href="/s?x=1&amp;y=2#z">', '<a class="a > b" href="/s?x=1&amp;y=2&amp;preview=T#z">'),
        ('<a href="/s?preview=old">', '<a href="/s?preview=T">'),
        ('<a href="//elsewhere.example/">', None),
        ('<a href="/\\elsewhere.example/">', None),
        ('<a href="https://elsewhere.example/">', None),
        ('<a data-x="/a" title=\'href="/b"\'>', None),
        ('<img src="/a.png"><link href="/a.css">', None),
        ("<p>href=&quot;/a&quot;</p>", None),
    ],
)
def test_only_links_to_pages_of_the_site_are_given_the_token(markup: str, carried_on: str | None) -> None:
    assert carried(markup, "T") == (carried_on or markup)
