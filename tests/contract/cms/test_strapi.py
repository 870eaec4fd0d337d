"""The Strapi adapter over recordings of Strapi 5.54, replayed by an imitation on 127.0.0.1.

No running Strapi is asked here: paging, filters, locales and authentication are imitated (see `strapi_server`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters import registry
from adapters.cms.client import Client, ClientOptions
from adapters.cms.port import (
    AuthError,
    BadResponse,
    CmsError,
    Key,
    NotFound,
    OptionsError,
    RateLimited,
    Source,
    Unavailable,
)
from tests.contract.clock import FakeTime
from tests.contract.cms.harness import Piece, StrapiHarness
from tests.contract.cms.strapi_server import TOKEN, StrapiServer, recorded, replay, running
from tests.contract.http_server import Reply, Request, serve

CITY_GUIDE = "q2573teosokp78koq575pord"
TRAIL_SHOES = "dj0fmudn2asevx6sfloym96v"


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server() -> StrapiServer:
    return StrapiServer.with_recordings()


@pytest.fixture
def url(server: StrapiServer) -> Iterator[str]:
    with running(server) as url:
        yield url


@pytest.fixture
def opened(url: str, time: FakeTime) -> Iterator[Any]:
    made: list[Source] = []

    def open_source(**options: object) -> Source:
        settings = {"url": url, "token": TOKEN, "types": ["articles"], "page_size": 2, "allow_private": True}
        made.append(registry.cms("strapi")({**settings, **options}, time.runtime()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


# What the recordings hold


def test_the_recorded_site_comes_across_page_by_page(opened: Any, server: StrapiServer) -> None:
    changes = opened().changes(None)
    assert {entry.id: entry.fields["title"] for entry in changes.entries} == {
        row["documentId"]: row["title"] for row in recorded("list-articles-default")["body_json"]["data"]
    }
    assert len(server.requests) == 3, "five entries, two a page"


def test_a_recorded_article_is_understood_whole(opened: Any) -> None:
    entry = opened(type_field="kind", prefixed_tags={"audience": "audience.segments"}).fetch(CITY_GUIDE)
    assert (entry.id, entry.locale, entry.type) == (CITY_GUIDE, "en", "article")
    assert entry.tags == ("Visitors", "Returning", "audience:Visitors", "audience:Returning")
    assert entry.version == datetime(2026, 11, 21, 20, 42, 17, 906_000, UTC), "its publication, after its last save"
    assert entry.published_at == datetime(2026, 11, 21, 20, 42, 17, 906_000, UTC)
    assert entry.fields["audience"] == {"segments": ["Visitors", "Returning"]}
    assert entry.fields["body"] == recorded("single-article")["body_json"]["data"]["body"]
    assert entry.fields["body_html"] == "<p>Body of City guide – naïve café ☕</p>"
    assert entry.fields["priority"] == 5
    assert not {"documentId", "localizations", "updatedAt", "tags"} & set(entry.fields)
    assert [link.target for link in entry.links] == ["hr65d3v7yrs9dig52t39vpef", "sjisu8r2m2yxhqvguk625lie"]


def test_the_recorded_draft_of_a_published_article_is_never_asked_for(opened: Any, server: StrapiServer) -> None:
    entry = opened().fetch(TRAIL_SHOES)
    assert entry.published_at is not None
    assert all(request.query["status"] == "published" for request in server.requests)


def test_a_draft_that_is_listed_all_the_same_is_left_out_and_told(opened: Any, server: StrapiServer) -> None:
    server.find("articles", CITY_GUIDE)["publishedAt"] = None
    changes = opened().changes(None)
    assert CITY_GUIDE not in {entry.id for entry in changes.entries}
    assert Key(CITY_GUIDE, "en") not in (changes.present or ())
    assert [problem.key for problem in changes.problems] == [Key(CITY_GUIDE, "en")]


def test_publishing_again_changes_the_row_number_and_nothing_else(opened: Any, server: StrapiServer) -> None:
    source = opened()
    before = source.fetch(CITY_GUIDE)
    server.find("articles", CITY_GUIDE)["id"] = 99
    assert source.fetch(CITY_GUIDE) == before


# Requests


def test_one_changed_entry_costs_one_request(opened: Any, server: StrapiServer) -> None:
    source = opened(page_size=100)
    first = source.changes(None)
    row = server.find("articles", CITY_GUIDE)
    row.update(title="Changed", updatedAt="2026-11-21T21:00:00.000Z", publishedAt="2026-11-21T21:00:00.010Z")
    server.requests.clear()
    second = source.changes(first.cursor)
    assert [entry.fields["title"] for entry in second.entries] == ["Changed"]
    assert len(server.requests) == 1


def test_a_row_that_becomes_visible_late_is_seen_within_the_overlap(opened: Any, server: StrapiServer) -> None:
    hidden = server.find("articles", CITY_GUIDE)
    server.published["articles"].remove(hidden)
    source = opened()
    first = source.changes(None)
    server.published["articles"].append(hidden)  # older than the newest that was seen
    second = source.changes(first.cursor)
    assert [entry.id for entry in second.entries] == [CITY_GUIDE]


def test_an_entry_published_with_an_old_date_is_found_by_the_count(opened: Any, server: StrapiServer) -> None:
    hidden = server.find("articles", CITY_GUIDE)
    hidden["publishedAt"] = "2020-01-01T00:00:00.000Z"
    server.published["articles"].remove(hidden)
    source = opened()
    first = source.changes(None)
    server.published["articles"].append(hidden)
    second = source.changes(first.cursor)
    assert [entry.id for entry in second.entries] == [CITY_GUIDE]
    assert source.changes(second.cursor).entries == ()


def test_a_smaller_largest_page_than_asked_for_loses_nothing(time: FakeTime) -> None:
    server = StrapiServer(max_page_size=2)
    with running(server) as url:
        harness = StrapiHarness(server, url, time, page_size=100)
        for n in range(7):
            harness.put(Piece(f"p{n}", "T"))
        first = harness.source.changes(None)
        assert len(first.entries) == 7
        for n in range(7):
            harness.put(Piece(f"p{n}", "Edited"))
        second = harness.source.changes(first.cursor)
        assert len(second.entries) == 7
        harness.source.close()


def test_entries_that_come_and_go_between_pages_are_neither_lost_nor_doubled(opened: Any, server: StrapiServer) -> None:
    rows = server.published["articles"]
    order = sorted(row["documentId"] for row in rows)
    first_row = next(row for row in rows if row["documentId"] == order[0])

    def meddle(request: Request) -> None:
        if "filters[documentId][$gt]" in request.query and first_row in rows:
            rows.remove(first_row)  # pages by number would now skip the third entry

    server.between = meddle
    found = [entry.id for entry in opened().changes(None).entries]
    assert found == order


def test_a_deletion_between_the_pages_of_a_change_list_makes_it_read_again(time: FakeTime) -> None:
    server = StrapiServer()
    with running(server) as url:
        harness = StrapiHarness(server, url, time, locales=["en"])
        for n in range(6):
            harness.put(Piece(f"p{n}", "T"))
        first = harness.source.changes(None)
        for n in range(6):
            harness.put(Piece(f"p{n}", "Edited"))
        gone: list[str] = []

        def meddle(request: Request) -> None:
            if request.query.get("pagination[page]") == "2" and not gone:
                gone.append("p5")
                harness.remove(Piece("p5", "T"))

        server.between = meddle
        second = harness.source.changes(first.cursor)
        assert sorted(entry.id for entry in second.entries) == ["p0", "p1", "p2", "p3", "p4"]
        assert second.deleted == (Key("p5", "en"),)
        harness.source.close()


def test_a_renamed_tag_is_seen_through_the_related_types(opened: Any, server: StrapiServer) -> None:
    source = opened(related=["tags"])
    first = source.changes(None)
    assert source.changes(first.cursor).full is False
    server.published["tags"][0].update(name="Renamed", publishedAt="2026-11-22T00:00:00.000Z")
    for row in server.published["articles"]:
        for tag in row["tags"]:
            if tag["name"] == "Visitors":
                tag["name"] = "Renamed"
    second = source.changes(first.cursor)
    assert second.full
    assert any("Renamed" in entry.tags for entry in second.entries)


def test_a_deleted_tag_is_seen_though_it_leaves_no_newer_date(opened: Any, server: StrapiServer) -> None:
    source = opened(related=["tags"])
    first = source.changes(None)
    server.published["tags"].pop(0)
    assert source.changes(first.cursor).full


def test_other_options_make_a_cursor_void(opened: Any) -> None:
    first = opened().changes(None)
    assert opened(tag_name="slug").changes(first.cursor).full


def test_each_locale_is_asked_for_by_itself(time: FakeTime) -> None:
    server = StrapiServer()
    with running(server) as url:
        harness = StrapiHarness(server, url, time)
        harness.put(Piece("a", "Hello", "en"))
        harness.put(Piece("a", "Salut", "fr"))
        harness.put(Piece("everywhere", "Same", None))
        changes = harness.source.changes(None)
        assert {entry.key: entry.fields["title"] for entry in changes.entries} == {
            Key("a", "en"): "Hello",
            Key("a", "fr"): "Salut",
            Key("everywhere", None): "Same",
        }
        harness.remove(Piece("everywhere", "Same", None))
        assert harness.source.changes(changes.cursor).deleted == (Key("everywhere", None),)
        assert harness.source.fetch("a", "fr").fields["title"] == "Salut"
        with pytest.raises(NotFound):
            harness.source.fetch("a", "de")
        harness.source.close()


@pytest.mark.parametrize("document_id", ["../users", "..", "a/b", "a?b", "", "a b", "%2e%2e"])
def test_an_id_that_would_leave_its_path_is_not_asked_for(opened: Any, server: StrapiServer, document_id: str) -> None:
    with pytest.raises(NotFound):
        opened().fetch(document_id)
    assert server.requests == []


def test_what_is_not_listed_is_not_fetched_either(opened: Any, server: StrapiServer) -> None:
    source = opened(locales=["en"], related=["tags"])
    for options in ({"locale": "fr"}, {"locale": "en", "content_type": "tags"}):
        with pytest.raises(NotFound):
            source.fetch(CITY_GUIDE, **options)
    assert server.requests == []
    assert source.fetch(CITY_GUIDE).locale == "en"
    everything = opened()  # in the default locale, whatever that is
    assert everything.fetch(CITY_GUIDE, "en").locale == "en"
    with pytest.raises(NotFound):
        everything.fetch(CITY_GUIDE, "fr")
    assert all("locale" not in request.query for request in server.requests[1:])


def test_a_draft_is_shown_when_asked_for_and_only_then(opened: Any, server: StrapiServer) -> None:
    source = opened()
    published, draft = source.fetch(TRAIL_SHOES), source.draft(TRAIL_SHOES)
    assert draft.key == published.key
    assert (draft.published_at, draft.version) == (None, datetime(2026, 11, 21, 20, 42, 20, 426_000, UTC))
    assert draft.fields["title"] == server.drafts["articles"][0]["title"]
    assert server.requests[-1].query["status"] == "draft"
    with pytest.raises(NotFound):
        source.draft("no-such-entry")


def test_a_draft_saved_long_ago_and_published_now_is_seen(opened: Any, server: StrapiServer) -> None:
    """Publishing in bulk, or as a release, leaves `updatedAt` as it was."""
    source = opened(overlap_s=0)
    first = source.changes(None)
    server.find("articles", CITY_GUIDE).update(title="New", publishedAt="2026-11-23T00:00:00.000Z")
    (entry,) = source.changes(first.cursor).entries
    assert entry.fields["title"] == "New"
    assert source.spec.ordering.older(next(one for one in first.entries if one.id == CITY_GUIDE), entry.version)


# Failures told apart


def test_a_wrong_token_and_a_missing_one_are_authentication_errors(opened: Any) -> None:
    for options in ({"token": "wrong-secret"}, {"token": None}):
        source = opened(**options)
        for call in (source.ping, lambda source=source: source.changes(None), lambda source=source: source.fetch("x")):
            with pytest.raises(AuthError) as caught:
                call()
            assert "wrong-secret" not in str(caught.value)


def test_a_netrc_file_has_no_say(opened: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else")
    monkeypatch.setenv("NETRC", str(netrc))
    opened().ping()


def test_a_type_that_does_not_exist_is_named(opened: Any) -> None:
    with pytest.raises(BadResponse, match="nonsuch: status 404"):
        opened(types=["nonsuch"]).changes(None)


def test_a_refused_query_gives_the_reason_that_strapi_gave(opened: Any, server: StrapiServer) -> None:
    server.faults = [replay("error-400-bad-filter")]
    with pytest.raises(BadResponse, match="Invalid key nope"):
        opened().changes(None)


def test_retry_after_is_obeyed_in_seconds_and_as_a_date(opened: Any, server: StrapiServer, time: FakeTime) -> None:
    time.seconds = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC).timestamp()
    server.faults = [
        Reply(429, headers={"Retry-After": "7"}),
        Reply(503, headers={"Retry-After": "Sat, 21 Nov 2026 12:00:20 GMT"}),
    ]
    opened().ping()
    assert time.slept == [7.0, 13.0]


def test_failures_without_advice_back_off_doubling_and_then_give_up(
    opened: Any, server: StrapiServer, time: FakeTime
) -> None:
    server.faults = [Reply(500), Reply(502), Reply(408), Reply(504)]
    with pytest.raises(Unavailable, match="status 504"):
        opened().ping()
    assert time.slept == [0.5, 1.0, 2.0]
    assert len(server.requests) == 4


def test_a_wait_longer_than_allowed_is_handed_to_the_caller(opened: Any, server: StrapiServer, time: FakeTime) -> None:
    server.faults = [Reply(429, headers={"Retry-After": "900"})]
    with pytest.raises(RateLimited) as caught:
        opened().ping()
    assert caught.value.retry_after == 900
    assert time.slept == []


@pytest.mark.parametrize("value", ["", "soon", "-3", "1e3", "９", "Sat, 99 Foo 2026"])
def test_a_retry_after_that_says_nothing_is_ignored(
    opened: Any, server: StrapiServer, time: FakeTime, value: str
) -> None:
    server.faults = [Reply(503, headers={"Retry-After": value.encode().decode("latin-1")})]
    opened().ping()
    assert time.slept == [0.5]


JSON = {"Content-Type": "application/json"}
PAGE = b'{"data": [], "meta": {"pagination": {"page": 1, "pageSize": 2, "total": 0}}}'


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(200, b"<html>Please log in</html>", {"Content-Type": "text/html"}), "articles.*text/html"),
        (Reply(200, b"<html>", JSON), "not JSON"),
        (Reply(200, b'{"data": [', JSON), "not JSON"),
        (Reply(200, b"[1, 2]", JSON), "not a JSON object"),
        (Reply(200, b"[" * 1990, JSON), "not JSON"),
        (Reply(200, PAGE[:20], JSON, announced=len(PAGE)), "cut short"),
        (Reply(200, PAGE, {**JSON, "Content-Encoding": "gzip"}), "garbled"),
        (Reply.of({"data": {}, "meta": {}}), "data: want a list"),
        (Reply.of({"data": []}), "meta.pagination"),
        (
            Reply.of({"data": [], "meta": {"pagination": {"page": 1, "pageSize": 2, "total": 9}}}),
            "9 entries are announced",
        ),
        (
            Reply.of({"data": ["x"], "meta": {"pagination": {"page": 1, "pageSize": 2, "total": 1}}}),
            r"data\[0\]: want an object",
        ),
        (
            Reply.of(
                {"data": [{"id": 1, "attributes": {}}], "meta": {"pagination": {"page": 1, "pageSize": 2, "total": 1}}}
            ),
            "Strapi 4",
        ),
        (Reply(200, b"x" * 3000, JSON), "over 2000 bytes"),
        (Reply(302, headers={"Location": "https://elsewhere.example/api/articles"}), "not followed"),
        (Reply(302, headers={"Location": "http://[bad"}), "redirect"),
        (Reply(418), "status 418"),
    ],
)
def test_answers_that_cannot_be_meant_say_what_and_where(
    opened: Any, server: StrapiServer, reply: Reply, said: str
) -> None:
    server.faults = [reply]
    with pytest.raises(BadResponse, match=said) as caught:
        opened(max_response_bytes=2000).changes(None)
    assert "articles" in str(caught.value)


def test_a_page_that_ignores_the_filter_does_not_loop_for_ever(opened: Any, server: StrapiServer) -> None:
    body = recorded("list-articles-populate")["body_json"]
    body["meta"]["pagination"].update(total=50)
    server.faults = [Reply.of(body)] * 3
    with pytest.raises(BadResponse, match="does not go on"):
        opened().changes(None)


def test_redirects_are_followed_on_the_same_host_only(opened: Any, server: StrapiServer, time: FakeTime) -> None:
    strangers: list[Request] = []

    def stranger(request: Request) -> Reply:
        strangers.append(request)
        return Reply.of({})

    with serve(stranger) as elsewhere:
        server.faults = [Reply(307, headers={"Location": f"{elsewhere}/api/articles"})]
        with pytest.raises(BadResponse, match="not followed"):
            opened().ping()
    assert strangers == [], "the token would have gone with it"
    server.faults = [Reply(307, headers={"Location": "/api/tags?status=published"})]
    opened().ping()
    assert server.requests[-1].path == "/api/tags"


def test_the_body_of_a_redirect_is_not_read(opened: Any, server: StrapiServer) -> None:
    server.faults = [Reply(302, b"x", {"Location": "http://elsewhere.example/"}, announced=10**12)]
    with pytest.raises(BadResponse, match="not followed"):
        opened().ping()


def test_endless_redirects_end(opened: Any, server: StrapiServer) -> None:
    server.faults = [Reply(302, headers={"Location": "/api/articles"})] * 9
    with pytest.raises(BadResponse, match="more than 3 redirects"):
        opened().ping()


def test_a_server_that_never_answers_times_out(opened: Any, server: StrapiServer) -> None:
    release = threading.Event()
    server.faults = [Reply(200, PAGE, JSON, before=lambda: release.wait(5))]
    with pytest.raises(Unavailable, match="in time"):
        opened(timeout_s=0.1, attempts=1).ping()
    release.set()


def test_nobody_listening_is_unavailable(time: FakeTime) -> None:
    with serve(lambda _: Reply()) as url:
        pass
    source = registry.cms("strapi")({"url": url, "types": ["a"], "allow_private": True, "attempts": 2}, time.runtime())
    with pytest.raises(Unavailable, match="no connection"):
        source.changes(None)
    assert len(time.slept) == 1
    source.close()


# Addresses


def test_private_addresses_are_refused_unless_allowed(opened: Any, server: StrapiServer) -> None:
    with pytest.raises(CmsError, match="not a public address"):
        opened(allow_private=False).ping()
    assert server.requests == []


def test_the_token_is_in_no_repr(url: str) -> None:
    options = ClientOptions(url=url, token="very-secret")
    client = Client(options, FakeTime().runtime())
    assert "very-secret" not in repr(options) + repr(client) + repr(vars(client)) + repr(client._session.auth)
    client.close()


def test_bad_options_are_all_named_at_once(time: FakeTime) -> None:
    with pytest.raises(OptionsError) as caught:
        registry.cms("strapi")(
            {"url": "ftp://x", "types": ["../a"], "page_size": 0, "populate": 3, "tokn": "secret"}, time.runtime()
        )
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "url",
        "types",
        "populate",
        "page_size",
        "tokn",
    ]
    assert "did you mean token?" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://a:b@host", "http://host?x=1", "http://host#x", "https://", "http://h:0", "http://h:99999", "x"]
)
def test_urls_that_are_no_base_are_refused(url: str, time: FakeTime) -> None:
    with pytest.raises(OptionsError, match="url:"):
        registry.cms("strapi")({"url": url, "types": ["a"]}, time.runtime())


def test_populate_is_written_as_the_qs_library_reads_it(opened: Any, server: StrapiServer) -> None:
    opened(populate={"tags": True, "cover": {"fields": ["url"]}, "zone": {"on": {"a.b": {"populate": "*"}}}}).fetch(
        CITY_GUIDE
    )
    sent = {name: value for name, value in server.requests[0].query.items() if name.startswith("populate")}
    assert sent == {
        "populate[tags]": "true",
        "populate[cover][fields][0]": "url",
        "populate[zone][on][a.b][populate]": "*",
    }
