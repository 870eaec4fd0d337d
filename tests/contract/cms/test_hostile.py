"""What one bad entry, or one bad clock, must not do to all the others."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.cms.client import Client, ClientOptions
from adapters.cms.port import BadResponse, Key, Unavailable
from adapters.runtime import Runtime
from tests.contract.cms.contentful_server import ContentfulHarness
from tests.contract.cms.harness import EMPTY, HARNESSES, Harness, Piece, StrapiHarness
from tests.contract.cms.payload_server import PayloadHarness
from tests.contract.cms.wagtail_server import WagtailHarness
from tests.contract.cms.wordpress_harness import WordPressHarness
from tests.contract.http_server import Reply, Request, dripping, serve
from tests.waiting import allowed

NAMES = sorted(HARNESSES.keys() - EMPTY)
NO_URL = "http://[no"


@pytest.fixture
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with HARNESSES[request.param](tmp_path) as made:
        yield made


of = pytest.mark.parametrize


@of("harness", NAMES, indirect=True)
def test_half_an_emoji_is_the_problem_of_one_entry_at_most(harness: Harness) -> None:
    harness.put(Piece("a", "A \ud83d", html="half \ud83d *there*"))
    harness.put(Piece("b", "B"))
    changes = harness.source.changes(None)
    assert Key("b", "en") in {entry.key for entry in changes.entries}
    assert changes.present == {Key("a", "en"), Key("b", "en")}
    for entry in changes.entries:
        assert str(entry.fields.get("text_html", "")).isprintable() or "\n" in str(entry.fields["text_html"])


def deep(levels: int) -> Any:
    made: Any = "<b>x</b>"
    for _ in range(levels):
        made = [made]
    return made


def row_of(harness: Any) -> dict[str, Any]:
    """The one row behind a source, as its answers have it."""
    if isinstance(harness, StrapiHarness):
        return harness.server.published["articles"][0]
    if isinstance(harness, PayloadHarness):
        return harness.server.documents["articles"][0]
    if isinstance(harness, WagtailHarness):
        return harness.server.pages[0]
    assert isinstance(harness, WordPressHarness)
    row: dict[str, Any] = harness.server.rows["posts"][0]
    return row


CLASSIC = ["payload", "strapi", "wagtail", "wordpress"]


@of("harness", CLASSIC, indirect=True)
def test_markup_that_is_nested_without_end_is_the_problem_of_its_entry(harness: Any) -> None:
    harness.put(Piece("a", "A"))
    harness.put(Piece("b", "B"))
    row_of(harness)["note_html"] = deep(150)
    changes = harness.source.changes(None)
    assert [entry.id for entry in changes.entries] == ["b"]
    assert any(problem.key == Key("a", "en") and problem.blocking for problem in changes.problems)
    assert changes.present is not None
    assert Key("a", "en") in changes.present


@of("harness", CLASSIC, indirect=True)
def test_an_address_that_is_none_stays_as_it_is(harness: Any) -> None:
    harness.put(Piece("a", "A"))
    stamps = {"id": 1, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
    file = {"url": NO_URL, "mime": "image/png", "mimeType": "image/png", "width": 1, "height": 1, **stamps}
    row_of(harness)["picture"] = file
    row_of(harness)["text"] = f"![picture]({NO_URL})"
    if isinstance(harness, WagtailHarness):
        row_of(harness)["meta"]["html_url"] = NO_URL
    [entry] = harness.source.changes(None).entries
    assert entry.fields["picture"]["url"] == NO_URL


@of("harness", CLASSIC, indirect=True)
def test_everything_under_a_name_in_html_is_sanitised_wherever_it_stands(harness: Any) -> None:
    harness.put(Piece("a", "A"))
    bad = "<b>x</b><script>steal()</script>"
    stamps = {"id": 1, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
    file = {"url": "/a.png", "mime": "image/png", "mimeType": "image/png", "caption_html": bad, **stamps}
    file["formats"] = file["sizes"] = {"small": {"url": "/b.png", "caption_html": bad}}
    row_of(harness).update(picture=file, rendered_html={"rendered": bad, "raw": bad}, plain_html=[bad])
    [entry] = harness.source.changes(None).entries
    assert "<script" not in str({**entry.fields})
    assert str({**entry.fields}).count("<b>x</b>") >= 4


@of("harness", ["strapi"], indirect=True)
def test_a_date_in_the_future_hides_nothing_that_is_published_until_then(harness: StrapiHarness) -> None:
    harness.put(Piece("a", "A"))
    harness.put(Piece("b", "B"))
    harness.server.published["articles"][0].update(publishedAt="2099-01-01T00:00:00.000Z")
    first = harness.source.changes(None)
    assert harness.source.changes(first.cursor).entries == ()
    harness.put(Piece("b", "B again"))
    # The imitation's answers have the machine's date.
    harness.server.published["articles"][1].update(publishedAt=datetime.now(UTC).isoformat())
    second = harness.source.changes(first.cursor)
    assert [entry.fields["title"] for entry in second.entries] == ["B again"]


@of("harness", ["strapi", "strapi-4", "payload", "contentful", "wagtail", "wordpress"], indirect=True)
def test_without_a_language_the_one_that_there_is_is_fetched(harness: Harness) -> None:
    harness.put(Piece("a", "Seulement", "fr"))
    assert harness.source.fetch("a").fields["title"] == "Seulement"


@of("harness", ["wordpress"], indirect=True)
def test_a_row_without_its_date_holds_up_nobody_else(harness: WordPressHarness) -> None:
    for one in ("a", "b"):
        harness.put(Piece(one, one))
    first = harness.source.changes(None)
    harness.put(Piece("b", "B again"))
    row_of(harness).update(modified_gmt="9999-99-99T00:00:00")
    assert row_of(harness)["slug"] == "a"
    for changes in (harness.source.changes(None), harness.source.changes(first.cursor)):
        assert [entry.fields["title"] for entry in changes.entries] == ["B again"]
        assert changes.gone(first.present or ()) == frozenset()
        assert {problem.key for problem in changes.problems} <= {Key("a", "en")}


@of("harness", ["contentful"], indirect=True)
@of("path", ["locales", "content_types", "tags"])
@of("cut", [{"items": []}, {"total": None}])
def test_a_model_that_is_cut_short_is_no_other_model(
    harness: ContentfulHarness, path: str, cut: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = harness.server._reply

    def reply(asked: str, request: Request, preview: bool) -> Reply:
        made = whole(asked, request, preview)
        return Reply.of({**json.loads(made.body), **cut}) if asked == path else made

    harness.put(Piece("a", "A", tags=("topic:food",)))
    monkeypatch.setattr(harness.server, "_reply", reply)
    with pytest.raises(BadResponse, match=path):
        harness.source.changes(None)


@of("harness", ["contentful"], indirect=True)
def test_a_next_page_that_is_no_address_is_a_bad_answer(
    harness: ContentfulHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Reply.of({"items": [], "nextPageUrl": NO_URL})
    monkeypatch.setattr(harness.server, "_reply", lambda *_: answer)
    with pytest.raises(BadResponse, match="sync_token"):
        harness.source.changes(None)


@of("head, piece", [(b"Content-Length: 9000", b" "), (b"Transfer-Encoding: chunked", b"1\r\n \r\n")])
def test_a_body_that_drips_is_given_up_when_its_time_is_over(head: bytes, piece: bytes) -> None:
    with dripping(head, piece, 60) as url:
        options = ClientOptions(url=url, timeout_s=1, total_timeout_s=0.5, attempts=1, allow_private=True)
        client = Client(options, Runtime.system())
        began = time.monotonic()
        with pytest.raises(Unavailable, match="in time"):
            client.ask("things", {})
        client.close()
    assert time.monotonic() - began < allowed(2)


@of("head, piece", [(b"Content-Length: 9", b"[1]"), (b"Content-Encoding: gzip\r\nContent-Length: 3", b"[1]")])
def test_a_body_that_is_cut_short_or_garbled_is_a_bad_answer(head: bytes, piece: bytes) -> None:
    with dripping(head, piece, 1) as url:
        client = Client(ClientOptions(url=url, timeout_s=1, attempts=1, allow_private=True), Runtime.system())
        with pytest.raises(BadResponse, match="cut short or garbled"):
            client.ask("things", {})
        client.close()


def test_the_connection_is_kept_and_a_body_may_come_packed() -> None:
    packed = gzip.compress(b'{"a": 1}')
    seen = []

    def answer(request: Request) -> Reply:
        seen.append(request.client)
        return Reply(200, packed, {"Content-Type": "application/json", "Content-Encoding": "gzip"})

    with serve(answer) as url:
        client = Client(ClientOptions(url=url, allow_private=True), Runtime.system())
        assert [client.get("things", {}) for _ in range(3)] == [{"a": 1}] * 3
        client.close()
    assert len(set(seen)) == 1
