"""An editor makes a link that shows a draft of the CMS, without a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.cms.port import Entry, Key, Unavailable
from plugin.flow.types import SlotAsk
from plugin.service.previews.tokens import DraftRef, Preview
from tests.unit.plugin.editor.conftest import Editor
from tests.unit.plugin.web.small_app import NOW, READER

PAGE = "/preview?slot=home.hero&a.geo.country=FR&a.visitor.id=v-1&date=2026-12-24&time=20:00"
VISITOR = {
    "slot": "home.hero",
    "a.geo.country": "FR",
    "a.visitor.id": "v-1",
    "date": "2026-12-24",
    "time": "20:00",
}
FILLED: dict[str, Any] = {"link.source": "memory", "link.id": "gala", "link.locale": "fr", "link.life": "1h"}


def address(text: str) -> str:
    found = re.search(r'aria-label="The link" value="([^"]+)"', text)
    assert found is not None, text
    return unescape(found[1])


def read(editor: Editor, url: str, name: str = "preview") -> Preview:
    previews = editor.small.services.previews
    return previews.read(parse_qs(urlsplit(url).query)[name][0])


@pytest.fixture(autouse=True)
def gala(editor: Editor) -> None:
    draft = Entry("gala", "fr", "hero", (), {"title": "The gala, postponed"}, None)
    editor.small.cms.drafts[Key("gala", "fr")] = draft


def test_an_entry_that_is_not_there_gets_no_link_and_a_cms_that_is_away_a_warning(editor: Editor) -> None:
    refused = editor.post("/preview/link", {"slot": "home.hero", **FILLED, "link.id": "galla"})
    assert refused.status_code == 422
    assert 'id="link-id-hint">there is nothing to show: galla: no such entry' in refused.text
    editor.small.cms.down = Unavailable("down")
    made = editor.post("/preview/link", {"slot": "home.hero", **FILLED})
    assert address(made.text)
    assert "whether there is such an entry is not known: the CMS cannot be read now" in made.text


def test_the_link_is_for_the_visitor_and_the_moment_of_the_form(editor: Editor) -> None:
    made = editor.post("/preview/link", {**VISITOR, **FILLED, "link.page": "https://shop.example/a?b=c"}, of=PAGE)
    assert made.status_code == 200
    url = address(made.text)
    assert url.startswith("https://shop.example/a?b=c&preview=p1.")
    link = read(editor, url)
    assert link.entries == (DraftRef("memory", "gala", "fr"),)
    assert link.slots == (SlotAsk("home.hero"),)
    assert (dict(link.attributes), link.visitor_id) == ({"geo.country": "FR"}, "v-1")
    assert link.at == datetime(2026, 12, 24, 19, 0, tzinfo=UTC), "eight in Paris"
    assert (link.expires_at, link.author) == (NOW + timedelta(hours=1), "ada")
    assert made.headers["Cache-Control"] == "no-store"


def test_what_was_filled_in_stays_and_is_sent_along(editor: Editor) -> None:
    for page in (editor.get(PAGE), editor.post("/preview/link", {**VISITOR, **FILLED}, of=PAGE)):
        for name, value in VISITOR.items():
            assert f'<input type="hidden" name="{name}" value="{value}">' in page.text
        assert 'name="a.geo.country"' in page.text
        assert 'value="2026-12-24"' in page.text


def test_without_a_page_the_link_shows_the_draft_as_data(editor: Editor) -> None:
    url = address(editor.post("/preview/link", {**FILLED, "slot": "home.feed", "link.page": ""}).text)
    shown = editor.small.app.test_client().get(f"{urlsplit(url).path}?{urlsplit(url).query}&locale=fr")
    assert shown.status_code == 200, shown.text
    assert [one["shown"] for one in shown.json["preview"]["entries"]] == ["draft"]


def test_the_page_that_the_site_is_set_to_is_offered_first(editor: Editor) -> None:
    assert 'value="https://shop.example/home?x=1"' in editor.get("/preview?slot=home.feed").text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"link.id": ""}, "write the id of the entry"),
        ({"link.id": "x" * 256}, "at most 255 characters"),
        ({"link.locale": "x" * 256}, "at most 255 characters"),
        ({"link.page": "javascript:alert(1)"}, "write a whole address"),
        ({"link.page": "https://"}, "write a whole address"),
        ({"link.page": "https://[x/"}, "write a whole address"),
        ({"link.life": "9y"}, "choose one of these"),
        ({"link.source": "memroy"}, "no source &#39;memroy&#39;; did you mean &#39;memory&#39;?"),
    ],
)
def test_what_is_wrong_is_said_and_no_link_is_made(editor: Editor, wrong: dict[str, str], said: str) -> None:
    answer = editor.post("/preview/link", {"slot": "home.hero", **FILLED, **wrong})
    assert answer.status_code == 422
    assert said in answer.text
    assert 'aria-label="The link"' not in answer.text
    assert '<details class="card link" id="link" open>' in answer.text


def test_a_source_without_drafts_is_said(editor: Editor) -> None:
    editor.small.cms.previews = False
    answer = editor.post("/preview/link", {"slot": "home.hero", **FILLED})
    assert (answer.status_code, "shows no drafts" in answer.text) == (422, True)


def test_a_visitor_that_cannot_be_read_gets_no_link(editor: Editor) -> None:
    answer = editor.post("/preview/link", {**FILLED, "slot": "home.hero", "date": "tomorrow"})
    assert 'aria-label="The link"' not in answer.text
    assert "it is marked there" in answer.text


def test_a_key_without_the_right_finds_no_form_and_makes_no_link(nobody: Editor) -> None:
    nobody.log_in(READER)
    assert "make a preview link" not in nobody.get(PAGE).text
    refused = nobody.post("/preview/link", FILLED)
    assert refused.status_code == 403
    assert "needs the right <strong>simulate</strong>" in refused.text


def test_a_link_needs_the_token_of_a_form(editor: Editor) -> None:
    answer = editor.client.post("/editor/preview/link", data=FILLED)
    assert answer.status_code in (302, 303, 400, 403, 409)
    assert "p1." not in answer.text
