"""The Wagtail adapter over recordings of Wagtail 8, replayed by an imitation on 127.0.0.1.

A running Wagtail is asked in `tests/integration/cms/test_wagtail.py`; here is what it would not do when told to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import registry
from adapters.cms.port import (
    AuthError,
    BadResponse,
    Key,
    Link,
    NotFound,
    OptionsError,
    Ordering,
    Source,
    Unavailable,
)
from adapters.runtime import Runtime
from tests.contract.clock import FakeTime
from tests.contract.cms import test_sources as suite
from tests.contract.cms.harness import Harness, Piece
from tests.contract.cms.wagtail_server import (
    PREVIEW_TOKEN,
    TYPE,
    WagtailHarness,
    WagtailServer,
    recorded,
    replay,
    running,
    wagtail,
)
from tests.contract.http_server import Reply, Request

CITY_GUIDE, VARIANT, HOME = 4, 8, 3


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server() -> WagtailServer:
    return WagtailServer.with_recordings()


@pytest.fixture
def url(server: WagtailServer) -> Iterator[str]:
    with running(server) as url:
        yield url


@pytest.fixture
def opened(url: str, time: FakeTime) -> Iterator[Callable[..., Source]]:
    made: list[Source] = []

    def open_source(**options: object) -> Source:
        settings = {"url": url, "types": [TYPE], "page_size": 3, "allow_private": True}
        made.append(registry.cms("wagtail")({**settings, **options}, time.runtime()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


# The suite that all sources pass, once more: for a site without the app


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    with wagtail(tmp_path, module=False, fields="*,related(code)") as made:
        yield made


PROMISES = [
    test
    for name, test in vars(suite).items()
    if name.startswith("test_") and test.__code__.co_varnames[: test.__code__.co_argcount] == ("harness",)
]


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_without_the_app_it_keeps(promise: Callable[[Harness], None], harness: Harness) -> None:
    promise(harness)


# What the recordings hold


def test_the_recorded_site_comes_across_page_by_page(opened: Any, server: WagtailServer) -> None:
    changes = opened().changes(None)
    assert {entry.id: entry.fields["title"] for entry in changes.entries} == {
        str(row["id"]): row["title"] for row in recorded("list-pages")["body_json"]["items"]
    }
    assert [request.query["offset"] for request in server.requests] == ["0", "2", "4"], "pages share an item"


def test_a_recorded_page_is_understood_whole(opened: Any) -> None:
    entry = opened(type_field="kind", prefixed_tags={"topic": "kind"}).fetch(str(CITY_GUIDE))
    assert (entry.id, entry.locale, entry.type) == ("4", "en", "article")
    assert entry.tags == ("seg:new", "visitors", "topic:article")
    assert (entry.version, entry.expires_at) == (None, None)
    assert entry.published_at == datetime(2026, 11, 21, 20, 53, 36, 890_666, UTC)
    assert entry.fields["body"] == recorded("single-page")["body_json"]["body"]
    assert entry.fields["body_html"] == (
        '<p>Body of <b>City guide</b> – naïve café ☕ <a rel="noopener noreferrer">home</a></p>'
    )
    blocks = entry.fields["blocks"]
    assert isinstance(blocks, list)
    assert blocks[0] == {**recorded("single-page")["body_json"]["blocks"][0], "value_html": "<p>block</p>"}
    assert (entry.fields["slug"], entry.fields["priority"]) == ("city-guide", 0)
    assert not {"parent", "detail_url", "first_published_at", "tags", "meta"} & set(entry.fields)
    assert entry.links == (Link("/body", "entry", str(HOME), resolved=False),)


def test_the_recorded_variant_is_for_its_audience_where_the_segments_are_named(opened: Any) -> None:
    plain = {entry.id: entry.tags for entry in opened().changes(None).entries}
    told = {entry.id: entry.tags for entry in opened(segments={"from-newsletter": "readers"}).changes(None).entries}
    assert told == {**plain, str(VARIANT): (*plain[str(VARIANT)], "audience:readers")}
    assert opened(segments={"from-newsletter": "readers"}).fetch(str(VARIANT)).tags == told[str(VARIANT)]


def test_a_page_listed_and_the_same_page_asked_for_are_one(opened: Any) -> None:
    source = opened()
    assert {entry.id: entry for entry in source.changes(None).entries} == {
        str(number): source.fetch(str(number)) for number in (HOME, CITY_GUIDE, 5, 6, 7, VARIANT)
    }


def test_a_page_that_was_never_published_has_no_date(opened: Any) -> None:
    assert opened().fetch(str(HOME)).published_at is None


def test_snippets_are_entries_named_by_their_model(opened: Any, server: WagtailServer) -> None:
    source = opened(snippets=["banners"], type_names={"cms.Banner": "banner"})
    changes = source.changes(None)
    banners = {entry.id: entry for entry in changes.entries if entry.type == "banner"}
    assert set(banners) == {"cms.Banner:1", "cms.Banner:2"}
    assert banners["cms.Banner:1"].tags == ("returning",)
    assert source.fetch("cms.Banner:1") == banners["cms.Banner:1"]
    for missing in ("cms.Banner:9", "cms.Other:1", "cms.Banner:0"):
        with pytest.raises(NotFound):
            source.fetch(missing)
    server.snippets["banners"][1]["title"] = "Free returns"
    del server.snippets["banners"][0]
    second = source.changes(changes.cursor)
    assert [entry.fields["title"] for entry in second.entries] == ["Free returns"]
    assert second.deleted == (Key("cms.Banner:1", None),)


def test_a_snippet_that_says_that_it_is_not_live_is_left_out(opened: Any, server: WagtailServer) -> None:
    server.snippets["banners"][0]["live"] = False
    source = opened(types=[], snippets=["banners"])
    changes = source.changes(None)
    assert changes.present == {Key("cms.Banner:2", None)}
    with pytest.raises(NotFound):
        source.fetch("cms.Banner:1")


# Pages of lists


def test_a_limit_that_is_refused_is_lowered_and_remembered(opened: Any, server: WagtailServer) -> None:
    server.limit_max = 4
    source = opened(page_size=50)
    assert len(source.changes(None).entries) == 6
    assert [request.query["limit"] for request in server.requests] == ["50", "4", "4"]
    source.changes(None)
    assert server.requests[-1].query["limit"] == "4"


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_every_size_of_page_leads_to_the_end(opened: Any, size: int) -> None:
    assert len(opened(page_size=size).changes(None).entries) == 6


def test_a_page_removed_while_the_list_is_read_hides_no_other(opened: Any, server: WagtailServer) -> None:
    def unpublish_the_first(request: Request) -> None:
        if request.query.get("offset") == "2":
            server.pages = [page for page in server.pages if page["id"] not in (HOME, CITY_GUIDE)]

    server.between = unpublish_the_first
    assert {"5", "6", "7", "8"} <= {entry.id for entry in opened().changes(None).entries}


def test_a_list_that_ignores_the_offset_does_not_go_on_for_ever(opened: Any, server: WagtailServer) -> None:
    body = recorded("list-fields-all")["body_json"]
    body["meta"]["total_count"] = 50
    server.faults = [Reply.of(body)] * 40
    with pytest.raises(BadResponse, match="do not join"):
        opened().changes(None)


def test_a_list_in_another_order_is_refused(opened: Any, server: WagtailServer) -> None:
    body = recorded("list-fields-all")["body_json"]
    body["items"].reverse()
    server.faults = [Reply.of(body)]
    with pytest.raises(BadResponse, match="order of numbers"):
        opened().changes(None)


def test_types_made_from_a_listed_one_are_left_to_their_own_list(opened: Any, server: WagtailServer) -> None:
    body = recorded("list-fields-all")["body_json"]
    body["items"][2]["meta"]["type"] = "cms.OtherPage"
    server.faults = [Reply.of(body)]
    assert "5" not in {entry.id for entry in opened().changes(None).entries}


# With the app


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[WagtailHarness]:
    with wagtail(tmp_path, preview_token=PREVIEW_TOKEN) as made:
        yield made


def test_one_changed_page_costs_one_request(whole: WagtailHarness) -> None:
    for number in range(40):
        whole.put(Piece(f"p{number}", "Title"))
    first = whole.source.changes(None)
    whole.server.requests.clear()
    whole.put(Piece("p7", "Edited"))
    assert [entry.id for entry in whole.source.changes(first.cursor).entries] == ["p7"]
    assert len(whole.server.requests) == 1


def test_pages_without_a_date_do_not_end_the_reading(whole: WagtailHarness) -> None:
    """PostgreSQL puts what has no date before all others."""
    for name in ("a", "b", "c", "d"):
        whole.put(Piece(name, name))
    for page in whole.server.pages:
        page["meta"]["last_published_at"] = None
    whole.put(Piece("e", "e"))
    first = whole.source.changes(None)
    assert {entry.version for entry in first.entries if entry.id != "e"} == {None}
    whole.put(Piece("e", "Edited"))
    assert [entry.fields["title"] for entry in whole.source.changes(first.cursor).entries] == ["Edited"]


def test_an_import_is_not_read_again_and_again(whole: WagtailHarness) -> None:
    for number in range(300):
        whole.put(Piece(f"p{number}", "Title"))
    for page in whole.server.pages:
        page["meta"]["last_published_at"] = "2026-11-22T00:00:00Z"
    source = registry.cms("wagtail")({**whole.options, "page_size": 20}, whole.time.runtime())
    first = source.changes(None)
    whole.server.requests.clear()
    whole.put(Piece("p7", "Edited"))
    assert [entry.id for entry in source.changes(first.cursor).entries] == ["p7"]
    assert len(whole.server.requests) == 11, "200 pages that are as they were, and the one that is not"
    source.close()


def test_a_page_that_came_with_an_older_date_is_found_by_the_count(whole: WagtailHarness) -> None:
    for name in ("a", "b", "c", "d", "e"):
        whole.put(Piece(name, name))
    late = whole.server.pages.pop(0)
    first = whole.source.changes(None)
    whole.server.pages.insert(0, late)
    second = whole.source.changes(first.cursor)
    assert [entry.id for entry in second.entries] == ["a"]
    assert second.deleted == ()


def test_a_draft_is_shown_to_previews_by_its_own_token(whole: WagtailHarness) -> None:
    assert whole.source.spec.previews
    whole.draft(Piece("idea", "Not yet"))
    assert whole.source.draft("idea", "en").fields["title"] == "Not yet"
    tokens = {request.headers.get("authorization") for request in whole.server.requests}
    assert tokens == {f"Bearer {PREVIEW_TOKEN}"}
    with pytest.raises(NotFound):
        whole.source.fetch("idea", "en")


def test_two_pages_of_one_identity_are_told_and_one_is_taken(whole: WagtailHarness) -> None:
    whole.put(Piece("a", "First"))
    whole.put(Piece("b", "Second"))
    whole.server.pages[1]["code"] = "a"
    changes = whole.source.changes(None)
    assert [entry.fields["title"] for entry in changes.entries] == ["First"]
    assert "same identity" in changes.problems[0].reason


def test_a_page_that_says_that_it_is_not_live_is_left_out(whole: WagtailHarness) -> None:
    whole.put(Piece("a", "A"))
    whole.server.pages[0]["meta"]["tessera"]["live"] = False
    changes = whole.source.changes(None)
    assert (changes.entries, changes.present) == ((), frozenset())
    with pytest.raises(NotFound):
        whole.source.fetch("a", "en")


def test_an_end_date_and_a_variant_are_the_apps_word(whole: WagtailHarness) -> None:
    whole.put(Piece("a", "A", tags=("slot:x",)))
    ours = whole.server.pages[0]["meta"]["tessera"]
    ours |= {"expires_at": "2027-01-01T01:00:00+01:00", "variant": {"segment": "regulars", "of": "b"}}
    entry = whole.source.fetch("a", "en")
    assert entry.expires_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert entry.tags == ("slot:x", "audience:regulars")
    assert entry.fields["variant_of"] == "b"
    assert Link("", "entry", "b") in entry.links


def test_ordering_and_previews_are_declared_as_configured(opened: Any) -> None:
    assert opened().spec.ordering == Ordering("none")
    assert not opened().spec.previews
    assert opened(module=True).spec.ordering.kind == "timestamp"
    with pytest.raises(NotFound, match="shows no drafts"):
        opened().draft("4")


# Failures told apart


@pytest.mark.parametrize("identity", ["page", "translation_key", "code"])
def test_an_id_that_cannot_be_one_is_not_asked_for(opened: Any, server: WagtailServer, identity: str) -> None:
    source = opened(identity=identity)
    bad = ["../pages", "a/b", "a?b", "", "a b", "%2e", "4&x=1", "é", "x" * 300]
    for entry_id in [*bad, "0", "007", "9" * 30] if identity == "page" else bad:
        with pytest.raises(NotFound):
            source.fetch(entry_id)
    assert server.requests == []


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(200, b"<html>Log in</html>", {"Content-Type": "text/html"}), "text/html"),
        (Reply(200, b'{"items": [', JSON), "not JSON"),
        (Reply(200, b"[]", JSON), "not a JSON object"),
        (Reply.of({"meta": {"total_count": 1}}), "items: want a list"),
        (Reply.of({"items": []}), "total_count"),
        (Reply.of({"items": [], "meta": {"total_count": 5}}), "5 items are announced"),
        (Reply.of({"items": ["x"], "meta": {"total_count": 1}}), r"items\[0\]: want an object"),
        (Reply.of({"items": [{"id": "x"}], "meta": {"total_count": 1}}), r"items\[0\].id: want a number"),
        (replay("error-400"), "query parameter is not an operation"),
        (Reply(404), "status 404; does the site's router have this endpoint"),
    ],
)
def test_answers_that_cannot_be_meant_say_what_and_where(
    opened: Any, server: WagtailServer, reply: Reply, said: str
) -> None:
    server.faults = [reply]
    with pytest.raises(BadResponse, match=said):
        opened().changes(None)


def test_a_refusal_is_told_apart_from_an_outage(opened: Any, server: WagtailServer, time: FakeTime) -> None:
    server.faults = [Reply.of({"detail": "Authentication credentials were not provided."}, 401)]
    with pytest.raises(AuthError, match="credentials were not provided"):
        opened(token="wrong-secret").ping()
    assert server.requests[-1].headers["authorization"] == "Bearer wrong-secret"
    server.faults = [Reply(503)] * 4
    with pytest.raises(Unavailable):
        opened().ping()
    assert time.slept == [0.5, 1.0, 2.0]


def test_a_list_that_is_not_there_is_no_deletion(opened: Any, server: WagtailServer) -> None:
    source = opened()
    first = source.changes(None)
    server.faults = [Reply(404)]
    with pytest.raises(BadResponse):
        source.changes(first.cursor)


def test_a_missing_identity_says_how_to_show_it(opened: Any) -> None:
    changes = opened(identity="translation_key").changes(None)
    assert changes.entries == ()
    assert {problem.blocking for problem in changes.problems} == {True}
    assert 'APIField("translation_key")' in changes.problems[0].reason


def test_bad_options_are_all_named_at_once(time: FakeTime) -> None:
    with pytest.raises(OptionsError) as caught:
        registry.cms("wagtail")(
            {
                "url": "ftp://x",
                "types": ["Article"],
                "snippets": ["a/b"],
                "locales": ["english"],
                "fields": "*&x",
                "api_path": "api",
                "identity": "a b",
                "preview_token": "very-secret",
                "page_size": 0,
                "tokn": "very-secret",
            },
            time.runtime(),
        )
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "url",
        "types",
        "snippets",
        "locales",
        "page_size",
        "api_path",
        "fields",
        "identity",
        "preview_token",
        "tokn",
    ]
    assert "very-secret" not in str(caught.value)


def test_tokens_are_in_no_repr(opened: Any) -> None:
    source = opened(module=True, token="very-secret", preview_token="very-secret-too")
    assert "very-secret" not in repr(source) + repr(vars(source))


def test_a_site_among_several_is_named_in_every_request_for_pages(opened: Any, server: WagtailServer) -> None:
    source = opened(site="shop.example", snippets=["banners"])
    with pytest.raises(BadResponse, match="site"):
        source.changes(None)  # the imitation has one site; Wagtail knows the parameter
    assert server.requests[-1].query["site"] == "shop.example"


def test_the_languages_are_written_as_a_site_or_as_a_standard_has_them(time: FakeTime) -> None:
    made = registry.cms("wagtail")(
        {"url": "https://cms.example.com", "types": [TYPE], "locales": ["en-gb", "fr"]}, Runtime.system()
    )
    assert made._scope.locales == ("en-GB", "fr")
    made.close()
