"""The WordPress adapter over recordings of WordPress 6.1, replayed by an imitation on 127.0.0.1.

A running WordPress is asked in `tests/cms_servers`; here is what it would not do when told to, and what needs plugins.
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
    CmsError,
    Key,
    Link,
    NotFound,
    OptionsError,
    RateLimited,
    Source,
    Unavailable,
)
from tests.contract.clock import FakeTime
from tests.contract.cms.harness import Piece
from tests.contract.cms.wordpress_harness import wordpress
from tests.contract.cms.wordpress_server import PASSWORD, USERNAME, WordPressServer, recorded, replay, running
from tests.contract.http_server import Reply, Request

CITY_GUIDE, POST_1, DRAFT, HERO = 11, 5, 8, 7
CREDENTIALS = {"username": USERNAME, "application_password": PASSWORD}
HTML = {"Content-Type": "text/html; charset=UTF-8"}


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server() -> WordPressServer:
    return WordPressServer.with_recordings()


@pytest.fixture
def url(server: WordPressServer) -> Iterator[str]:
    with running(server) as url:
        yield url


@pytest.fixture
def opened(url: str, time: FakeTime) -> Iterator[Callable[..., Source]]:
    made: list[Source] = []

    def open_source(**options: object) -> Source:
        settings = {"url": url, "page_size": 3, "allow_private": True}
        made.append(registry.cms("wordpress")({**settings, **options}, time.runtime()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


# What the recordings hold


def test_the_recorded_site_comes_across_page_by_page(opened: Any, server: WordPressServer) -> None:
    changes = opened().changes(None)
    assert {entry.id: entry.fields["title"] for entry in changes.entries} == {
        "11": "City guide",
        "6": "Post 2",
        "5": "Post 1",
        "4": "Post 0",
        "1": "Hello world!",
    }
    assert [request.query["offset"] for request in server.requests] == ["0", "2"], "pages overlap by one"


def test_a_recorded_post_is_understood_whole(opened: Any) -> None:
    entry = opened().fetch(str(CITY_GUIDE))
    assert (entry.id, entry.locale, entry.type) == ("11", None, "post")
    assert entry.tags == ("returning", "visitors")
    assert entry.version == entry.published_at == datetime(2026, 11, 21, 21, 3, 17, tzinfo=UTC)
    assert entry.fields["content"] == entry.fields["content_html"] == "<p>Body</p>\n"
    assert entry.fields["meta"] == {"priority": 3}
    assert entry.fields["slug"] == "city-guide"
    assert entry.fields["terms"] == {
        "category": [{"id": 1, "name": "Uncategorized", "slug": "uncategorized"}],
        "post_tag": [
            {"id": 4, "name": "returning", "slug": "returning"},
            {"id": 2, "name": "visitors", "slug": "visitors"},
        ],
        "segment": [],
    }
    assert entry.fields["author"]["name"] == "admin"
    assert not {"_links", "_embedded", "guid", "categories", "modified", "cms_tags"} & set(entry.fields)
    assert {link.depends_on for link in entry.links} == {"term:1", "term:2", "term:4", "user:1"}


def test_a_type_of_the_sites_own_and_its_segment(opened: Any) -> None:
    entry = opened(types=["posts", "heroes"]).fetch(str(HERO))
    assert (entry.type, entry.tags) == ("hero", ("audience:vip",))
    assert opened(types=["heroes"], taxonomies={"segment": ""}, term_text="name").fetch(str(HERO)).tags == ("vip",)
    assert opened(types=["heroes"], type_names={"heroes": "banner"}).fetch(str(HERO)).type == "banner"


def test_drafts_are_shown_to_who_may_see_them_and_are_never_entries(opened: Any, server: WordPressServer) -> None:
    source = opened(**CREDENTIALS)
    assert source.spec.previews
    assert source.draft(str(DRAFT)).fields["title"] == "Trail shoes v2"
    assert source.draft(str(DRAFT)).fields["content"] == "<p>Body</p>", "as it was written"
    with pytest.raises(NotFound):
        source.fetch(str(DRAFT))
    server.find(DRAFT)["status"] = "trash"
    with pytest.raises(NotFound):
        source.draft(str(DRAFT))
    public = opened()
    assert not public.spec.previews
    with pytest.raises(NotFound, match="application password"):
        public.draft(str(CITY_GUIDE))


def test_the_newest_of_what_was_saved_by_itself_is_the_draft(opened: Any, server: WordPressServer) -> None:
    title = {"raw": "Newest", "rendered": "Newest"}
    server.autosaves[CITY_GUIDE] = [
        {"id": 91, "modified_gmt": "2026-11-21T21:04:00", "title": {"raw": "Old", "rendered": "Old"}},
        {"id": 92, "modified_gmt": "2026-11-21T21:05:00", "title": title},
    ]
    source = opened(**CREDENTIALS)
    draft = source.draft(str(CITY_GUIDE))
    assert (draft.fields["title"], draft.version) == ("Newest", datetime(2026, 11, 21, 21, 5, tzinfo=UTC))
    server.find(CITY_GUIDE)["modified_gmt"] = "2026-11-21T21:06:00"
    assert source.draft(str(CITY_GUIDE)).fields["title"] == "City guide", "saved since"


@pytest.mark.parametrize("change", [{"password": "sesame"}, {"status": "private"}, {"status": "future"}])
def test_what_is_not_for_everybody_is_no_entry(opened: Any, server: WordPressServer, change: dict[str, Any]) -> None:
    source = opened(page_size=100)
    first = source.changes(None)
    server.find(CITY_GUIDE).update(change, modified_gmt="2026-11-21T22:00:00")
    with pytest.raises(NotFound):
        source.fetch(str(CITY_GUIDE))
    second = source.changes(first.cursor)
    assert second.deleted == (Key("11", None),)
    assert Key("11", None) not in (source.changes(None).present or ())
    server.requests.clear()
    assert source.changes(second.cursor).deleted == ()
    assert len(server.requests) == 2, "it is counted, and not looked for again"


def test_a_list_that_gives_unpublished_posts_is_not_believed(opened: Any, server: WordPressServer) -> None:
    body = recorded("list-posts")["body_json"][:1]
    body[0]["status"] = "draft"
    server.faults = [Reply.of(body, X_WP_Total="1", X_WP_TotalPages="1")]
    assert opened(permalinks="pretty").changes(None).present == frozenset()


# Terms, files, relations


def test_more_terms_than_are_embedded_are_fetched_once_for_a_page(opened: Any, server: WordPressServer) -> None:
    for number in range(20, 33):
        name = f"t{number}"
        server.terms["tags"].append({"id": number, "taxonomy": "post_tag", "name": name, "slug": name})
    for row in server.rows["posts"][:3]:
        row["tags"] = list(range(20, 33))
    server.requests.clear()
    changes = opened(page_size=100).changes(None)
    assert {len(entry.tags) for entry in changes.entries} == {13, 1, 0}
    assert len(server.requests) == 2


def test_an_entry_whose_term_cannot_be_read_keeps_its_last_good_version(opened: Any, server: WordPressServer) -> None:
    server.find(CITY_GUIDE)["tags"] = [999]
    changes = opened().changes(None)
    assert [(problem.key, problem.blocking) for problem in changes.problems] == [(Key("11", None), True)]
    assert "the term 999 of post_tag" in changes.problems[0].reason
    assert Key("11", None) in (changes.present or ())


def test_a_featured_image_and_one_that_is_not_public(opened: Any, server: WordPressServer) -> None:
    sizes = {"thumbnail": {"source_url": "/uploads/a-150.jpg", "width": 150, "height": 150}, "bad": {}}
    server.media = [
        {
            "id": 35,
            "source_url": "http://x.example/uploads/a.jpg",
            "alt_text": "A",
            "mime_type": "image/jpeg",
            "media_details": {"width": 800, "height": 600, "sizes": sizes},
            "caption": {"rendered": "<p>Hi<script>x()</script></p>"},
        }
    ]
    server.find(CITY_GUIDE)["featured_media"] = 35
    server.find(POST_1)["featured_media"] = 36
    source = opened()
    entry = source.fetch(str(CITY_GUIDE))
    shown = entry.fields["featured_media"]
    assert (shown["url"], shown["alt"], shown["caption_html"]) == ("http://x.example/uploads/a.jpg", "A", "<p>Hi</p>")
    assert shown["sizes"].keys() == {"thumbnail"}
    assert shown["sizes"]["thumbnail"]["url"].startswith("http://127.0.0.1:")
    assert Link("/featured_media", "asset", shown["url"], True, "35") in entry.links
    hidden = source.fetch(str(POST_1))
    assert hidden.fields["featured_media"] == {"$ref": "36"}
    assert Link("/featured_media", "asset", "36", False, "36") in hidden.links


def test_related_posts_stand_inside_to_a_depth_and_cycles_end(opened: Any, server: WordPressServer) -> None:
    server.find(CITY_GUIDE)["acf"] = {"see": [4, {"ID": 5}], "none": False}
    server.find(4)["acf"] = {"see": "5"}
    server.find(POST_1)["acf"] = {"see": 11}
    entry = opened(link_fields={"acf.see": "posts"}, link_depth=3).fetch(str(CITY_GUIDE))
    first, second = entry.fields["acf"]["see"]
    assert (first["id"], first["title"], first["tags"]) == ("4", "Post 0", ["visitors"])
    assert first["acf"]["see"]["acf"]["see"] == {"$ref": "11"}, "a cycle"
    assert second["title"] == "Post 1"
    assert ("/acf/see/0", "4", True) in [(link.path, link.target, link.resolved) for link in entry.links]
    server.find(4)["status"] = "draft"
    shallow = opened(link_fields={"acf.see": "posts"}, link_depth=1).fetch(str(CITY_GUIDE)).fields["acf"]["see"]
    assert shallow[0] == {"$ref": "4"}, "not published"
    assert shallow[1]["acf"]["see"] == {"$ref": "11"}
    assert opened(link_fields={"acf.see": "posts"}, link_depth=0).fetch("11").fields["acf"]["see"] == [
        {"$ref": "4"},
        {"$ref": "5"},
    ]


def test_fields_of_plugins_are_kept_and_their_markup_made_safe(opened: Any, server: WordPressServer) -> None:
    hostile = "<b>Hi</b><script>x()</script>"
    server.find(CITY_GUIDE).update(
        acf={"rows": [{"text": hostile, "sly_html": hostile}], "md": "*Hi*", "empty": []},
        locale="de",
        seo={"title": "T"},
        lang="xx",
    )
    fields = opened(html_fields=["acf.rows.text"], markdown_fields=["acf.md"]).fetch("11").fields
    row = fields["acf"]["rows"][0]
    assert row == {"text": hostile, "text_html": "<b>Hi</b>", "sly_html": "<b>Hi</b>"}
    assert fields["acf"]["md_html"] == "<p><em>Hi</em></p>\n"
    assert (fields["cms_locale"], fields["seo"], fields["lang"]) == ("de", {"title": "T"}, "xx")
    server.find(CITY_GUIDE).update(acf=[], meta=[])
    empty = opened().fetch("11").fields
    assert (empty["acf"], empty["meta"]) == ({}, {}), "PHP's one empty array"


def test_a_parent_page_stands_inside_and_is_told(opened: Any, server: WordPressServer) -> None:
    server.find(CITY_GUIDE)["parent"] = 4
    server.find(POST_1)["parent"] = 400
    entry = opened().fetch("11")
    assert entry.fields["parent"]["title"] == "Post 0"
    assert Link("/parent", "entry", "4", True) in entry.links
    assert Link("/parent", "entry", "400", False) in opened().fetch("5").links


@pytest.mark.parametrize("options", [{}, CREDENTIALS], ids=["anonymous", "editor"])
@pytest.mark.parametrize("change", [{"status": "private"}, {"status": "draft"}, {"status": "future"}])
def test_of_a_parent_that_is_not_published_nothing_but_its_number_is_told(
    opened: Any, server: WordPressServer, options: dict[str, object], change: dict[str, str]
) -> None:
    server.find(CITY_GUIDE)["parent"] = 4
    server.find(4).update(change, slug="secret-launch", link="http://x.example/secret-launch/")
    server.find(4)["title"] = {"raw": "Secret launch", "rendered": "Secret launch"}
    source = opened(**options)
    found = {entry.id: entry for entry in source.changes(None).entries}
    for entry in (found["11"], source.fetch("11")):
        assert entry.fields["parent"] == {"$ref": "4"}
        assert Link("/parent", "entry", "4", False) in entry.links
        assert "ecret" not in repr(entry)


def test_with_credentials_a_published_parent_stands_inside_at_one_request_for_all(
    opened: Any, server: WordPressServer
) -> None:
    for number in (CITY_GUIDE, POST_1, 6):
        server.find(number)["parent"] = 4
    server.find(6)["parent"] = HERO
    source = opened(page_size=100, **CREDENTIALS)
    found = {entry.id: entry for entry in source.changes(None).entries}
    assert [found[one].fields["parent"]["title"] for one in ("11", "5", "6")] == ["Post 0", "Post 0", "Hero A"]
    assert found["11"].fields["parent"].keys() == {"id", "title", "slug", "link", "type"}
    assert [one.path.rpartition("/")[2] for one in server.requests] == ["me", "posts", "posts", "heroes"]
    assert source.draft("11").fields["parent"]["title"] == "Post 0"


def test_a_parent_behind_a_password_is_told_to_nobody(opened: Any, server: WordPressServer) -> None:
    server.find(CITY_GUIDE)["parent"] = 4
    server.find(4)["password"] = "sesame"
    for options in ({}, CREDENTIALS):
        assert opened(**options).fetch("11").fields["parent"] == {"$ref": "4"}


def test_of_a_private_file_nothing_but_its_number_is_told(opened: Any, server: WordPressServer) -> None:
    shared = {"type": "attachment", "mime_type": "image/png", "alt_text": "", "media_details": []}
    server.media = [
        {**shared, "id": 35, "status": "inherit", "source_url": "http://x.example/uploads/a.png"},
        {**shared, "id": 36, "status": "private", "source_url": "http://x.example/uploads/secret.png"},
    ]
    server.find(CITY_GUIDE)["featured_media"] = 35
    server.find(POST_1)["featured_media"] = 36
    for options in ({}, CREDENTIALS):
        source = opened(**options)
        assert source.fetch("11").fields["featured_media"]["url"] == "http://x.example/uploads/a.png"
        hidden = source.fetch("5")
        assert hidden.fields["featured_media"] == {"$ref": "36"}
        assert "secret" not in repr(hidden)


# Listings


def test_one_changed_post_costs_two_requests(opened: Any, server: WordPressServer) -> None:
    source = opened(page_size=100)
    first = source.changes(None)
    title = {"rendered": "Changed"}
    server.find(CITY_GUIDE).update(title=title, modified_gmt="2026-11-21T22:00:00")
    server.requests.clear()
    second = source.changes(first.cursor)
    assert [entry.fields["title"] for entry in second.entries] == ["Changed"]
    assert [request.query.get("modified_after") for request in server.requests] == ["2026-11-21T21:02:17Z", None]
    assert not second.full


def test_posts_that_go_while_pages_are_read_hide_no_others(opened: Any, server: WordPressServer) -> None:
    def meddle(request: Request) -> None:
        if request.query.get("offset") == "2":
            server.between = None
            server.rows["posts"] = [row for row in server.rows["posts"] if row["id"] not in (1, 4)]

    server.between = meddle
    source = opened()
    first = source.changes(None)
    assert {entry.id for entry in first.entries} == {"1", "4", "5", "6", "11"}, "5 moved to where 1 was"
    assert set(source.changes(first.cursor).deleted) == {Key("1", None), Key("4", None)}


def test_a_post_that_was_published_with_an_old_date_is_found_by_the_count(time: FakeTime) -> None:
    server = WordPressServer.with_recordings()
    row = server.find(CITY_GUIDE)
    old = {"date_gmt": "2019-01-01T00:00:00", "modified_gmt": "2019-01-01T00:00:00"}
    server.rows["posts"] = [{**row, "id": number, "modified_gmt": "2021-01-01T00:00:00"} for number in range(100, 260)]
    server.find(150)["modified_gmt"] = "2022-01-01T00:00:00"
    with running(server) as url:
        source = registry.cms("wordpress")({"url": url, "allow_private": True}, time.runtime())
        first = source.changes(None)
        server.rows["posts"].append({**row, **old, "id": 7})
        second = source.changes(first.cursor)
        assert [entry.id for entry in second.entries] == ["7"]
        del server.rows["posts"][3]
        server.rows["posts"].append({**row, "id": 300})
        server.requests.clear()
        third = source.changes(second.cursor)
        assert [entry.id for entry in third.entries] == ["300"]
        assert third.deleted == (Key("103", None),)
        assert len(server.requests) == 4, "what changed, the number of all, and two pages of numbers"
        source.close()


def test_a_date_in_the_future_hides_no_later_edit(opened: Any, server: WordPressServer) -> None:
    server.find(POST_1)["modified_gmt"] = "2999-01-01T00:00:00"
    source = opened()
    first = source.changes(None)
    server.find(CITY_GUIDE).update(title={"rendered": "Seen"}, modified_gmt="2998-01-01T00:00:00")
    assert "Seen" in [entry.fields["title"] for entry in source.changes(first.cursor).entries]


def test_a_second_edit_within_the_same_second_is_seen(opened: Any, server: WordPressServer) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    server.find(CITY_GUIDE).update(modified_gmt=now)
    source = opened()
    first = source.changes(None)
    server.find(CITY_GUIDE).update(title={"rendered": "Again"})
    assert [entry.fields["title"] for entry in source.changes(first.cursor).entries] == ["Again"]


def test_a_list_that_does_not_go_on_ends_with_a_reason(opened: Any, server: WordPressServer) -> None:
    body = recorded("list-posts")["body_json"]
    for reply, said in (
        (Reply.of(body, X_WP_Total="50"), "not in the order of ids"),
        (Reply.of(body[:1], X_WP_Total="50"), "none comes after"),
        (Reply.of(body), "X-WP-Total"),
        (Reply.of({"a": 1}, X_WP_Total="1"), "want a list"),
        (Reply.of(["x"], X_WP_Total="1"), r"posts\[0\]: want an object"),
        (Reply.of([{"id": "11"}], X_WP_Total="1"), "want a number above 0"),
    ):
        server.faults = [reply]
        with pytest.raises(BadResponse, match=said):
            opened(permalinks="pretty").changes(None)


def test_other_options_make_a_cursor_void(opened: Any) -> None:
    first = opened().changes(None)
    assert opened(term_text="name").changes(first.cursor).full


# Languages


def test_translations_are_one_entry_by_the_smallest_of_their_numbers(tmp_path: Path) -> None:
    with wordpress(tmp_path) as harness:
        harness.put(Piece("a", "Hello", "en"))
        harness.put(Piece("a", "Salut", "fr"))
        source, named = harness.source._source, harness.source  # type: ignore[attr-defined]
        assert source.fetch("101", "fr").fields["title"] == "Salut"
        assert named.fetch("a", "en").fields["title"] == "Hello"
        with pytest.raises(NotFound):
            source.fetch("102", "fr")
        assert source.draft("101", "fr").fields["title"] == "Salut"
        first = named.changes(None)
        harness.remove(Piece("a", "Hello", "en"))
        gone = source.changes(first.cursor)
        assert {entry.key for entry in gone.entries} == {Key("102", "fr")}
        assert set(gone.deleted) == {Key("101", "en"), Key("101", "fr")}


def test_one_language_can_be_named_for_all(opened: Any) -> None:
    source = opened(locale="pt-br")
    assert source.fetch("11").key == Key("11", "pt-BR")
    assert source.fetch("11", "pt-BR").id == "11"
    with pytest.raises(NotFound):
        source.fetch("11", "fr")


# Failures told apart


def test_plain_permalinks_are_noticed_once(time: FakeTime) -> None:
    server = WordPressServer.with_recordings(permalinks="plain")
    with running(server) as url:
        source = registry.cms("wordpress")({"url": url, "allow_private": True, **CREDENTIALS}, time.runtime())
        assert source.fetch("11").id == "11"
        assert source.draft("8").id == "8"
        assert [request.path for request in server.requests].count("/wp-json/wp/v2/posts") == 1
        source.close()


def test_a_type_that_does_not_exist_is_no_empty_list(opened: Any) -> None:
    for call in (lambda s: s.changes(None), lambda s: s.fetch("1"), lambda s: s.ping()):
        with pytest.raises(BadResponse, match="nonsuch: status 404; is it the rest_base"):
            call(opened(types=["nonsuch"]))


def test_wrong_credentials_are_told_and_not_repeated(opened: Any, server: WordPressServer) -> None:
    source = opened(username=USERNAME, application_password="wrong-secret")
    for call in (source.ping, lambda: source.changes(None), lambda: source.fetch("11"), lambda: source.draft("8")):
        with pytest.raises(AuthError, match="incorrect_password") as caught:
            call()
        assert "wrong-secret" not in str(caught.value)
    assert len(server.requests) == 4, "asking again would not help"
    assert "wrong-secret" not in repr(vars(source._site._client)) + repr(source._site._client._session.auth)


def test_credentials_that_are_taken_away_on_the_way_delete_nothing(opened: Any, server: WordPressServer) -> None:
    """WordPress can answer a wrong password as if there were none, and proxies drop the header."""
    source = opened(**CREDENTIALS)
    first = source.changes(None)

    def anonymous(request: Request) -> None:
        request.headers.pop("authorization", None)  # type: ignore[attr-defined]

    server.between = anonymous
    server.rows["posts"] = []
    for cursor in (None, first.cursor):
        with pytest.raises(AuthError, match="rest_not_logged_in"):
            source.changes(cursor)


def test_a_site_that_is_being_updated_is_unavailable_for_as_long_as_it_says(
    opened: Any, server: WordPressServer, time: FakeTime
) -> None:
    server.faults = [
        Reply(503, b"<html>Briefly unavailable for scheduled maintenance.</html>", {"Retry-After": "600", **HTML})
    ]
    with pytest.raises(Unavailable) as caught:
        opened().ping()
    assert (caught.value.retry_after, time.slept) == (600, [])


def test_rate_limits_are_waited_for(opened: Any, server: WordPressServer, time: FakeTime) -> None:
    server.faults = [Reply(429, headers={"Retry-After": "7"}), Reply(500, b"<p>There has been a critical error", HTML)]
    opened().ping()
    assert time.slept == [7.0, 1.0]
    server.faults = [Reply(429, headers={"Retry-After": "900"})]
    with pytest.raises(RateLimited):
        opened().ping()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(200, b"<html>Please log in</html>", HTML), "not JSON"),
        (
            Reply(200, b"Notice: undefined index in x.php on line 1\n[]", {"Content-Type": "application/json"}),
            "not JSON",
        ),
        (Reply(200, b'[{"id": 1', {"Content-Type": "application/json"}, announced=900), "cut short"),
        (Reply(302, headers={"Location": "https://elsewhere.example/wp-json/"}), "not followed"),
        (Reply(200, b"x" * 3000, {"Content-Type": "application/json"}), "over 2000 bytes"),
    ],
)
def test_answers_that_cannot_be_meant_say_what_and_where(
    opened: Any, server: WordPressServer, reply: Reply, said: str
) -> None:
    server.faults = [reply]
    with pytest.raises(BadResponse, match=said) as caught:
        opened(permalinks="pretty", max_response_bytes=2000).changes(None)
    assert "wp-json/wp/v2/posts" in str(caught.value)


def test_a_refused_parameter_gives_wordpress_own_words(opened: Any, server: WordPressServer) -> None:
    server.faults = [replay("error-400-param")]
    with pytest.raises(BadResponse, match="rest_invalid_param: Invalid parameter"):
        opened(permalinks="pretty").ping()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"date_gmt": "yesterday"}, "date_gmt: want an ISO 8601"),
        ({"type": None}, "type: want a text"),
        ({"_links": None}, "_links: want an object"),
        ({"_links": {"wp:term": [{"href": 3}]}}, "want taxonomy and href"),
    ],
)
def test_a_post_that_cannot_be_an_entry_is_a_problem_of_its_own(
    opened: Any, server: WordPressServer, change: dict[str, Any], said: str
) -> None:
    server.find(CITY_GUIDE).update(change)
    changes = opened().changes(None)
    assert len(changes.entries) == 4
    assert [problem.where for problem in changes.problems] == ["posts/11"]
    assert said in changes.problems[0].reason


def test_fields_nested_without_end_are_refused(opened: Any, server: WordPressServer) -> None:
    deep: Any = "x"
    for _ in range(60):
        deep = {"a": [deep]}
    server.find(CITY_GUIDE)["acf"] = deep
    assert "nested deeper" in opened().changes(None).problems[0].reason


@pytest.mark.parametrize("entry_id", ["../users", "11/autosaves", "0", "-1", "1.0", "", "٣", "term:4", "9" * 19])
def test_an_id_that_is_no_number_is_not_asked_for(opened: Any, server: WordPressServer, entry_id: str) -> None:
    source = opened(**CREDENTIALS)
    for read in (source.fetch, source.draft):
        with pytest.raises(NotFound):
            read(entry_id)
    assert server.requests == []


def test_private_addresses_are_refused_unless_allowed(opened: Any, server: WordPressServer) -> None:
    with pytest.raises(CmsError, match="not a public address"):
        opened(allow_private=False).ping()
    assert server.requests == []


def test_bad_options_are_all_named_at_once(time: FakeTime) -> None:
    options = {
        "url": "ftp://x",
        "types": ["../a"],
        "username": "a:b",
        "application_password": "s3cret",
        "token": "hush",
        "locale": "english",
        "locales": ["x!"],
        "link_fields": {"a": "../b"},
        "page_size": 1,
        "overlap_s": 1.9,
        "permalinks": "ugly",
        "taxonomie": {},
    }
    with pytest.raises(OptionsError) as caught:
        registry.cms("wordpress")(options, time.runtime())
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        *("url", "token", "username", "types", "locales", "page_size", "overlap_s", "locale", "link_fields"),
        *("permalinks", "taxonomie"),
    ]
    assert "did you mean taxonomies?" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(OptionsError, match="username: username and application_password go together"):
        registry.cms("wordpress")({"url": "http://x", "application_password": "x"}, time.runtime())
    with pytest.raises(OptionsError, match="raw: needs a username"):
        registry.cms("wordpress")({"url": "http://x", "raw": True, "types": []}, time.runtime())
