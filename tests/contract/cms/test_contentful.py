"""The Contentful adapter over an imitation of its APIs on 127.0.0.1 (see `contentful_server`); never the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters import registry
from adapters.cms.port import (
    AuthError,
    BadResponse,
    Changes,
    Entry,
    Key,
    Multilingual,
    NotFound,
    OptionsError,
    RateLimited,
    Source,
    Unavailable,
)
from tests.contract.clock import FakeTime
from tests.contract.cms.contentful_server import (
    PREVIEW_TOKEN,
    SPACE,
    TOKEN,
    ContentfulServer,
    error,
    link,
    localized,
    running,
)
from tests.contract.http_server import Reply

JSON = {"Content-Type": "application/vnd.contentful.delivery.v1+json"}


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server(time: FakeTime) -> ContentfulServer:
    return ContentfulServer(lambda: time.seconds)


@pytest.fixture
def url(server: ContentfulServer) -> Iterator[str]:
    with running(server) as url:
        yield url


@pytest.fixture
def opened(url: str, time: FakeTime) -> Iterator[Any]:
    made: list[Source] = []

    def open_source(**options: object) -> Source:
        settings = {"url": url, "preview_url": f"{url}/preview", "space": SPACE, "token": TOKEN, "allow_private": True}
        made.append(registry.cms("contentful")({**settings, **options}, time.runtime()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


def article(title: str, **more: Any) -> dict[str, Any]:
    """Fields of an article in English."""
    return {"title": {"en": title}, **{name: {"en": value} for name, value in more.items()}}


def asset(url: str = "//images.ctfassets.net/s/cat.png", **more: Any) -> dict[str, Any]:
    file = {"url": url, "fileName": "cat.png", "contentType": "image/png", "details": {"size": 12}}
    return {"title": {"en": "Cat"}, "file": {"en": file}, **more}


def one(changes: Changes, id_: str, locale: str | None = "en") -> Entry:
    return next(entry for entry in changes.entries if entry.key == Key(id_, locale))


def asked(server: ContentfulServer) -> list[str]:
    """The last part of the path of each request, and forgets them."""
    paths = [request.path.rsplit("/", 1)[1] for request in server.requests]
    server.requests.clear()
    return paths


# Requests


def test_one_changed_entry_without_links_costs_one_request(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", article("A"))
    source = opened()
    first = source.changes(None)
    server.publish("a", article("B"))
    asked(server)
    assert one(source.changes(first.cursor), "a").fields["title"] == "B"
    assert asked(server) == ["sync"]


def test_one_changed_entry_that_shows_others_costs_two_requests(opened: Any, server: ContentfulServer) -> None:
    server.publish("pic", asset(), "Asset")
    server.publish("b", article("B", cover=link("Asset", "pic")))
    server.publish("a", article("A", related=link("Entry", "b")))
    source = opened()
    first = source.changes(None)
    server.publish("a", article("A2", related=link("Entry", "b")))
    asked(server)
    second = source.changes(first.cursor)
    assert [entry.fields["title"] for entry in second.entries] == ["A2"]
    assert "https://images.ctfassets.net" in json.dumps(second.entries[0].fields["related"])
    assert asked(server) == ["sync", "entries"]


def test_a_process_that_has_just_started_asks_no_more(opened: Any, server: ContentfulServer) -> None:
    server.tags["t"] = "audience:vip"
    server.publish("a", article("A"), tags=["t"])
    cursor = opened().changes(None).cursor
    server.publish("a", article("B"), tags=["t"])
    asked(server)
    assert one(opened().changes(cursor), "a").tags == ("audience:vip",)
    assert asked(server) == ["sync"]


def test_fetching_costs_one_request_once_the_model_is_known(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", article("A"))
    source = opened()
    source.fetch("a")
    assert asked(server) == ["entries", "locales", "content_types", "tags"]
    source.fetch("a", "en")
    assert asked(server) == ["entries"]


def test_a_fetched_entry_tells_its_languages_and_no_other_does(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", {"title": {"en": "A", "fr": "Ah"}})
    server.publish("b", article("B"))
    source = opened()
    assert isinstance(source, Multilingual)
    assert source.languages("a") == ()
    source.fetch("a", "en")
    asked(server)
    assert (source.languages("a"), source.languages("b")) == (("en", "fr"), ())
    source.fetch("b")
    assert (source.languages("a"), source.languages("b")) == ((), ("en",))
    with pytest.raises(NotFound):
        source.fetch("gone")
    assert (source.languages("gone"), source.languages("b")) == ((), ())
    assert len(asked(server)) == 2, "telling asks nothing"


def test_the_first_answer_takes_pages_by_their_token_alone(opened: Any, server: ContentfulServer) -> None:
    for n in range(7):
        server.publish(f"e{n}", article(f"T{n}"))
    changes = opened(page_size=3).changes(None)
    assert len(changes.entries) == 7
    queries = [dict(request.query) for request in server.requests if request.path.endswith("/sync")]
    assert queries[0] == {"initial": "true", "limit": "3"}
    assert [set(query) for query in queries[1:]] == [{"sync_token"}, {"sync_token"}]


def test_many_changed_entries_are_asked_for_in_parts(opened: Any, server: ContentfulServer) -> None:
    server.publish("pic", asset(), "Asset")
    for n in range(120):
        server.publish(f"e{n}", article(f"T{n}", cover=link("Asset", "pic")))
    source = opened()
    first = source.changes(None)
    server.publish("pic", asset("//images.ctfassets.net/s/dog.png"), "Asset")
    asked(server)
    second = source.changes(first.cursor)
    assert len(second.entries) == 120
    assert all("dog.png" in json.dumps(entry.fields["cover"]) for entry in second.entries)
    assert asked(server) == ["sync", "entries", "entries", "entries"]


def test_an_answer_that_is_too_big_is_asked_for_in_halves(url: str, opened: Any, server: ContentfulServer) -> None:
    server.publish("b", article("B"))
    for n in range(8):
        server.publish(f"e{n}", article("T" * 1000, related=link("Entry", "b")))
    source = opened(page_size=1)
    first = source.changes(None)
    server.publish("b", article("B2"))
    server.max_bytes = 6000
    second = source.changes(first.cursor)
    assert len(second.entries) == 9
    server.max_bytes = 1000
    server.publish("b", article("B3"))
    with pytest.raises(BadResponse, match="Response size too big"):
        source.changes(second.cursor)


# Deltas


def test_a_deleted_entry_takes_all_its_locales_with_it(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", {"title": {"en": "A", "fr": "Ah"}})
    source = opened()
    first = source.changes(None)
    server.unpublish("a")
    second = source.changes(first.cursor)
    assert set(second.deleted) == {Key("a", "en"), Key("a", "fr")}
    assert not second.full


def test_an_asset_that_changes_or_goes_makes_the_entries_anew_that_show_it(
    opened: Any, server: ContentfulServer
) -> None:
    server.publish("pic", asset(), "Asset")
    server.publish("inner", article("Inner", cover=link("Asset", "pic")))
    server.publish("outer", article("Outer", related=link("Entry", "inner")))
    server.publish("other", article("Other"))
    source = opened()
    first = source.changes(None)
    assert [found.depends_on for found in one(first, "inner").links] == ["pic"]
    server.publish("pic", asset("//images.ctfassets.net/s/dog.png"), "Asset")
    second = source.changes(first.cursor)
    assert {entry.id for entry in second.entries} == {"inner", "outer"}
    assert all("https://images.ctfassets.net/s/dog.png" in json.dumps(entry.fields) for entry in second.entries)
    server.unpublish("pic", "Asset")
    third = source.changes(second.cursor)
    assert {entry.id for entry in third.entries} == {"inner", "outer"}
    assert one(third, "inner").fields["cover"] == {"$ref": "pic"}
    assert [(found.kind, found.resolved) for found in one(third, "inner").links] == [("asset", False)]


def test_a_link_to_what_is_not_published_yet_is_followed_once_it_is(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", article("A", related=link("Entry", "later")))
    source = opened()
    first = source.changes(None)
    assert one(first, "a").fields["related"] == {"$ref": "later"}
    server.publish("later", article("Later"))
    second = source.changes(first.cursor)
    assert {entry.id for entry in second.entries} == {"a", "later"}
    assert "Later" in json.dumps(one(second, "a").fields["related"])


def test_a_cache_that_still_shows_the_old_does_not_win_over_the_delta(opened: Any, server: ContentfulServer) -> None:
    server.publish("b", article("Old"))
    server.publish("a", article("A", related=link("Entry", "b")))
    source = opened()
    first = source.changes(None)
    stale = {key: dict(item) for key, item in server.published.items()}
    server.publish("b", article("New"))
    server.publish("a", article("A2", related=link("Entry", "b")))
    fresh = dict(server.published)

    def lag(request: Any) -> None:
        server.published = stale if request.path.endswith("/entries") else fresh

    server.between = lag
    second = source.changes(first.cursor)
    assert one(second, "a").fields["title"] == "A2"
    assert "New" in json.dumps(one(second, "a").fields["related"])


def test_an_entry_and_an_asset_may_have_the_same_id(opened: Any, server: ContentfulServer) -> None:
    server.publish("same", asset(), "Asset")
    server.publish("same", article("Same", cover=link("Asset", "same")))
    source = opened()
    first = source.changes(None)
    server.unpublish("same", "Asset")
    second = source.changes(first.cursor)
    assert second.deleted == ()
    assert one(second, "same").fields["cover"] == {"$ref": "same"}


def test_published_unpublished_and_published_again_between_two_syncs_is_there(
    opened: Any, server: ContentfulServer
) -> None:
    source = opened()
    first = source.changes(None)
    server.publish("a", article("1"))
    server.unpublish("a")
    server.publish("a", article("2"))
    second = source.changes(first.cursor)
    assert one(second, "a").fields["title"] == "2"
    assert one(second, "a").version == 2, "the revision goes on over an unpublishing"


def test_a_token_that_is_no_longer_understood_costs_a_full_answer(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", article("A"))
    source = opened()
    first = source.changes(None)
    server.tokens.clear()
    second = source.changes(first.cursor)
    assert second.full
    assert one(second, "a")


def test_an_outage_of_the_second_request_leaves_the_cursor_as_it_was(opened: Any, server: ContentfulServer) -> None:
    server.publish("b", article("B"))
    server.publish("a", article("A", related=link("Entry", "b")))
    source = opened(attempts=1)
    first = source.changes(None)
    server.publish("b", article("B2"))

    def fail(request: Any) -> None:
        if request.path.endswith("/entries"):
            server.between = None
            raise ConnectionAbortedError

    server.between = fail
    with pytest.raises(Unavailable):
        source.changes(first.cursor)
    assert {entry.id for entry in source.changes(first.cursor).entries} == {"a", "b"}


# The model of the space


def test_a_renamed_tag_is_seen_when_the_model_is_read_again(
    opened: Any, server: ContentfulServer, time: FakeTime
) -> None:
    server.tags["t"] = "audience:vip"
    server.publish("a", article("A"), tags=["t"])
    source = opened()
    first = source.changes(None)
    server.tags["t"] = "audience:regulars"
    second = source.changes(first.cursor)
    assert not second.full, "within model_ttl_s nobody asks"
    time.seconds += 601
    third = source.changes(second.cursor)
    assert third.full
    assert one(third, "a").tags == ("audience:regulars",)


def test_a_new_tag_or_content_type_does_not_make_everything_be_read_again(
    opened: Any, server: ContentfulServer
) -> None:
    server.publish("a", article("A"))
    source = opened()
    first = source.changes(None)
    server.tags["fresh"] = "topic:fresh"
    server.types["page"] = {"sys": {"id": "page"}, "fields": localized("Symbol", "title")}
    server.publish("p", article("P"), "page", tags=["fresh"])
    second = source.changes(first.cursor)
    assert not second.full
    assert (one(second, "p").type, one(second, "p").tags) == ("page", ("topic:fresh",))


def test_a_field_that_becomes_localized_and_a_new_locale_are_seen(
    opened: Any, server: ContentfulServer, time: FakeTime
) -> None:
    server.publish("x", {"name": {"en": "Badge"}}, "badge")
    source = opened()
    first = source.changes(None)
    assert one(first, "x", None).fields == {"name": "Badge"}
    server.types["badge"]["fields"][0]["localized"] = True
    server.add_locale("de-at", "en")
    server.publish("x", {"name": {"en": "Badge", "de-at": "Marke"}}, "badge")
    second = source.changes(first.cursor)
    assert second.full
    assert second.present == {Key("x", "en"), Key("x", "de-AT")}
    assert second.gone(first.present or ()) == {Key("x", None)}


def test_labels_of_concepts_are_read_only_where_they_are_used(opened: Any, server: ContentfulServer) -> None:
    server.concepts.update(c1="Food", c2="Winter sports", c3="Music")
    server.publish("a", article("A"))
    source = opened()
    first = source.changes(None)
    assert "concepts" not in asked(server)
    server.publish("b", article("B"), concepts=["c3", "c1"])
    second = source.changes(first.cursor)
    assert asked(server).count("concepts") == 2, "two pages"
    assert one(second, "b").tags == ("topic:Music", "topic:Food")
    source.fetch("a")
    assert not opened().changes(second.cursor).full


def test_an_organisation_without_taxonomy_gives_ids(opened: Any, server: ContentfulServer) -> None:
    server.publish("b", article("B"), concepts=["winter"])

    def no_taxonomy(request: Any) -> None:
        if request.path.endswith("/concepts"):
            server.faults = []
            request.headers["authorization"] = "none"

    server.between = no_taxonomy
    assert one(opened().changes(None), "b").tags == ("topic:winter",)


# Entries


def test_an_entry_is_understood_whole(opened: Any, server: ContentfulServer) -> None:
    server.tags["t"] = "slot:home.hero"
    server.publish("pic", asset(unknown={"en": 7}), "Asset")
    fields = article("Title", price=9.5, locale="odd", more=["x", {"y": None}], cover=link("Asset", "pic"), new=[1])
    server.publish("a", fields, tags=["t"])
    entry = opened().fetch("a", "en")
    assert (entry.id, entry.locale, entry.type, entry.version) == ("a", "en", "article", 1)
    assert entry.published_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    assert entry.tags == ("slot:home.hero",)
    assert entry.fields["cms_locale"] == "odd"
    assert (entry.fields["price"], entry.fields["more"], entry.fields["new"]) == (9.5, ["x", {"y": None}], [1])
    address = "https://images.ctfassets.net/s/cat.png"
    assert entry.fields["cover"] == {
        "id": "pic",
        "title": "Cat",
        "url": address,
        "unknown": 7,
        "file": {"url": address, "fileName": "cat.png", "contentType": "image/png", "details": {"size": 12}},
    }
    assert [(found.path, found.kind, found.target, found.id) for found in entry.links] == [
        ("/cover", "asset", address, "pic"),
        ("", "term", "t", None),
    ]


def test_each_locale_with_content_is_an_entry_and_shared_fields_stand_in_all(
    opened: Any, server: ContentfulServer
) -> None:
    server.publish("a", {"title": {"en": "A", "fr": "Ah"}, "text": {"en": "Only English"}, "price": {"en": 3}})
    server.publish("b", {"title": {"fr": "Bé"}, "price": {"en": 4}})
    server.publish("c", {"price": {"en": 5}})
    changes = opened().changes(None)
    assert changes.present == {Key("a", "en"), Key("a", "fr"), Key("b", "fr"), Key("c", None)}
    assert one(changes, "a", "fr").fields == {"title": "Ah", "price": 3}
    assert one(changes, "b", "fr").fields == {"title": "Bé", "price": 4}
    assert one(changes, "c", None).fields == {"price": 5}


def test_only_the_fallback_that_the_space_names_fills_a_missing_translation(
    opened: Any, server: ContentfulServer
) -> None:
    server.locales[1]["fallbackCode"] = "en"
    server.publish("a", {"title": {"en": "A", "fr": "Ah"}, "text": {"en": "English"}})
    server.publish("b", {"title": {"en": "B"}})
    changes = opened().changes(None)
    assert one(changes, "a", "fr").fields["text"] == "English"
    assert changes.present == {Key("a", "en"), Key("a", "fr"), Key("b", "en")}, "a fallback makes no variant"


def test_a_fetch_finds_the_variant_by_its_language_tag_or_the_one_without(
    opened: Any, server: ContentfulServer
) -> None:
    server.add_locale("fr-be", "fr")
    server.publish("a", {"title": {"en": "A", "fr-be": "Bah"}})
    server.publish("c", {"price": {"en": 5}})
    source = opened()
    assert source.fetch("a", "fr-BE").fields["title"] == "Bah"
    assert source.fetch("a").locale == "en"
    assert source.fetch("c", "fr").locale is None
    with pytest.raises(NotFound):
        source.fetch("a", "de")


def test_only_the_named_locales_are_read(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", {"title": {"en": "A", "fr": "Ah"}})
    server.publish("b", {"title": {"en": "B"}})
    assert opened(locales=["fr"]).changes(None).present == {Key("a", "fr")}


def test_a_locale_that_is_not_published_does_not_come_along(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", {"title": {"en": "A", "fr": "Brouillon"}})
    server.unpublished_locales["a"] = {"fr"}
    source = opened()
    assert source.changes(None).present == {Key("a", "en")}
    with pytest.raises(NotFound):
        source.fetch("a", "fr")


def test_links_are_followed_to_their_depth_and_around_circles(opened: Any, server: ContentfulServer) -> None:
    for here, there in ("ab", "bc", "cd", "de"):
        server.publish(here, article(here.upper(), related=link("Entry", there)))
    server.publish("x", article("X", related=link("Entry", "y")))
    server.publish("y", article("Y", related=link("Entry", "x")))
    for source in (opened(link_depth=2), opened(link_depth=0)):
        full = source.changes(None)
        assert {entry.key: entry for entry in full.entries} == {
            entry.key: source.fetch(entry.id, entry.locale) for entry in full.entries
        }, "what is fetched alone is the same as in a listing"
    fields = opened(link_depth=2).fetch("a").fields
    assert fields["related"]["fields"]["related"]["fields"] == {"title": "C", "related": {"$ref": "d"}}
    assert opened(link_depth=0).fetch("a").fields["related"] == {"$ref": "b"}
    assert opened().fetch("x").fields["related"]["fields"] == {"title": "Y", "related": {"$ref": "x"}}


def test_a_crowd_of_links_is_cut_short_and_told(opened: Any, server: ContentfulServer) -> None:
    for n in range(15):
        server.publish(f"leaf{n}", article("L"))
    for n in range(15):
        server.publish(f"mid{n}", article("M", more=[link("Entry", f"leaf{m}") for m in range(15)]))
    server.publish("top", article("T", more=[link("Entry", f"mid{n}") for n in range(15)]))
    changes = opened().changes(None)
    assert [(problem.key, problem.blocking) for problem in changes.problems] == [(Key("top", "en"), False)]
    assert json.dumps(one(changes, "top").fields).count('"type": "article"') == 200


def test_links_into_other_spaces_stay_as_they_are(opened: Any, server: ContentfulServer) -> None:
    urn = "crn:contentful:::content:spaces/other/entries/e1"
    away = {"sys": {"type": "ResourceLink", "linkType": "Contentful:Entry", "urn": urn}}
    server.publish("a", article("A", related=away))
    entry = opened().fetch("a")
    assert entry.fields["related"] == away
    assert [(found.target, found.resolved) for found in entry.links] == [(urn, False)]


def test_rich_text_stays_as_data_with_its_links_followed_and_is_rendered(opened: Any, server: ContentfulServer) -> None:
    server.publish("pic", asset(), "Asset")
    server.publish("b", {"title": {"en": "Linked <b>"}, "slug": {"en": "a b/ü"}})
    content = [
        {"nodeType": "paragraph", "data": {}, "content": [{"nodeType": "text", "value": "Hi", "marks": []}]},
        {"nodeType": "embedded-entry-block", "data": {"target": link("Entry", "b")}, "content": []},
        {"nodeType": "embedded-asset-block", "data": {"target": link("Asset", "pic")}, "content": []},
        {"nodeType": "embedded-entry-block", "data": {"target": link("Entry", "gone")}, "content": []},
    ]
    server.publish("a", article("A", body={"nodeType": "document", "data": {}, "content": content}))
    source = opened(entry_urls={"article": "/articles/{slug}"})
    entry = source.fetch("a")
    assert entry.fields["body"]["content"][0] == content[0]
    assert entry.fields["body"]["content"][1]["data"]["target"]["fields"]["title"] == "Linked <b>"
    assert entry.fields["body_html"] == (
        '<p>Hi</p><p><a href="/articles/a%20b/%C3%BC" rel="noopener noreferrer">Linked &lt;b&gt;</a></p>'
        '<img src="https://images.ctfassets.net/s/cat.png" alt="Cat">'
    )
    assert [(found.path, found.depends_on, found.resolved) for found in entry.links] == [
        ("/body/content/1/data/target", "b", True),
        ("/body/content/2/data/target", "pic", True),
        ("/body/content/3/data/target", "gone", False),
    ]
    first = source.changes(None)
    server.publish("gone", article("Back"))
    assert "Back" in str(one(source.changes(first.cursor), "a").fields["body_html"])


def test_long_texts_are_markdown_unless_other_fields_are_named(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", article("*T*", text="*hello*"))
    assert opened().fetch("a").fields["text_html"] == "<p><em>hello</em></p>\n"
    assert "text_html" not in opened(markdown_fields=[]).fetch("a").fields
    assert opened(markdown_fields=["title"]).fetch("a").fields["title_html"] == "<p><em>T</em></p>\n"


def test_fields_that_claim_to_be_html_are_sanitised_wherever_they_stand(opened: Any, server: ContentfulServer) -> None:
    hostile = "<b>x</b><script>steal()</script>"
    server.publish("a", article("A", raw_html=hostile, data={"deep": [{"inner_html": [hostile]}]}))
    fields = opened().fetch("a").fields
    assert fields["raw_html"] == "<b>x</b>"
    assert fields["data"] == {"deep": [{"inner_html": ["<b>x</b>"]}]}


@pytest.mark.parametrize("broken", ["fields", "revision", "createdAt", "values"])
def test_an_entry_of_another_shape_is_a_problem_and_no_more(opened: Any, server: ContentfulServer, broken: str) -> None:
    server.publish("good", article("G"))
    server.publish("bad", article("B"))
    item = server.published["Entry", "bad"]
    if broken == "fields":
        item["fields"] = ["title"]
    elif broken == "values":
        item["fields"] = {"title": "not by locale"}
    else:
        item["sys"][broken] = "x"
    changes = opened().changes(None)
    assert [entry.id for entry in changes.entries] == ["good"]
    assert [problem.blocking for problem in changes.problems] == [True]
    assert "bad" in changes.problems[0].where
    assert any(key.id == "bad" for key in changes.present or ())


# Drafts


def test_a_draft_is_seen_with_its_own_token_and_nowhere_else(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", article("Published"))
    server.drafts["a"] = server.item("a", article("Draft", related=link("Entry", "idea")))
    idea = server.item("idea", article("Idea"))
    del idea["sys"]["revision"]
    server.drafts["idea"] = idea
    source = opened(preview_token=PREVIEW_TOKEN)
    assert source.spec.previews
    source.ping()
    shown = source.draft("a", "en")
    assert shown.fields["title"] == "Draft"
    assert "Idea" in json.dumps(shown.fields["related"])
    assert source.draft("idea").version is None
    assert source.fetch("a").fields["title"] == "Published"
    assert source.changes(None).present == {Key("a", "en")}


def test_without_a_preview_token_there_are_no_drafts(opened: Any, server: ContentfulServer) -> None:
    server.drafts["a"] = server.item("a", article("Draft"))
    source = opened()
    assert not source.spec.previews
    with pytest.raises(NotFound, match="preview_token"):
        source.draft("a")
    assert server.requests == []


def test_the_token_of_one_api_is_refused_by_the_other(opened: Any) -> None:
    with pytest.raises(AuthError, match="AccessTokenInvalid"):
        opened(token=PREVIEW_TOKEN).ping()
    with pytest.raises(AuthError):
        opened(preview_token=TOKEN).ping()


# Failures told apart


def test_a_wrong_token_is_an_authentication_error_and_never_shown(opened: Any) -> None:
    source = opened(token="wrong-secret")
    for call in (source.ping, lambda: source.changes(None), lambda: source.fetch("a")):
        with pytest.raises(AuthError) as caught:
            call()
        assert "wrong-secret" not in str(caught.value)
    assert "wrong-secret" not in repr(source)


@pytest.mark.parametrize("option", [{"space": "other"}, {"environment": "staging"}])
def test_a_space_or_environment_that_the_token_may_not_read_is_no_outage_and_no_deletion(
    opened: Any, option: dict[str, str]
) -> None:
    source = opened(**option)
    for call in (source.ping, lambda: source.changes(None), lambda: source.fetch("a")):
        with pytest.raises(AuthError, match="no such space or environment"):
            call()


def test_the_rate_limit_is_obeyed_by_contentfuls_own_header(
    opened: Any, server: ContentfulServer, time: FakeTime
) -> None:
    server.per_second = 2
    for n in range(6):
        server.publish(f"e{n}", article("T"))
    assert len(opened(page_size=1).changes(None).entries) == 6
    assert time.slept
    assert set(time.slept) == {1.0}


def test_a_long_wait_is_handed_to_the_caller(opened: Any, server: ContentfulServer, time: FakeTime) -> None:
    server.faults = [error(429, "RateLimitExceeded", "slow down", X_Contentful_RateLimit_Reset="3600")]
    with pytest.raises(RateLimited) as caught:
        opened().ping()
    assert caught.value.retry_after == 3600
    assert time.slept == []


def test_retry_after_has_the_first_word(opened: Any, server: ContentfulServer, time: FakeTime) -> None:
    server.faults = [error(429, "RateLimitExceeded", "slow", X_Contentful_RateLimit_Reset="9", Retry_After="4")]
    opened().ping()
    assert time.slept == [4.0]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(200, b"<html>", {"Content-Type": "text/html"}), "not JSON"),
        (Reply(200, b'{"items": [', JSON), "not JSON"),
        (Reply(200, b'{"items"', JSON, announced=900), "cut short"),
        (Reply.of({"sys": {}}), "items: want a list"),
        (Reply.of({"items": [{"fields": {}}]}), r"items\[0\].sys.id"),
        (Reply.of({"items": []}), "sync_token"),
        (Reply.of({"items": [], "nextSyncUrl": 5}), "sync_token"),
        (Reply.of({"items": [], "nextSyncUrl": "https://cdn.contentful.com/sync"}), "sync_token"),
        (error(400, "BadRequest", "no good"), "BadRequest: no good"),
    ],
)
def test_answers_that_cannot_be_meant_say_what_and_where(
    opened: Any, server: ContentfulServer, reply: Reply, said: str
) -> None:
    server.faults = [reply]
    with pytest.raises(BadResponse, match=said) as caught:
        opened().changes(None)
    assert str(caught.value).startswith("sync")


def test_pages_that_lead_in_a_circle_end(opened: Any, server: ContentfulServer) -> None:
    server.faults = [Reply.of({"items": [], "nextPageUrl": "https://x.example/sync?sync_token=t"})] * 5
    with pytest.raises(BadResponse, match="circle"):
        opened().changes(None)


def test_the_next_page_is_asked_of_the_configured_host_alone(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", article("A"))
    elsewhere = Reply.of({"items": [], "nextPageUrl": "https://attacker.example/steal?sync_token=t"})
    server.faults = [elsewhere]
    with pytest.raises(BadResponse, match="not valid"):
        opened().changes(None)
    assert server.requests[-1].path.endswith("/sync")


def test_a_delta_that_is_garbled_is_no_reason_to_read_everything(opened: Any, server: ContentfulServer) -> None:
    source = opened()
    first = source.changes(None)
    asked(server)
    server.faults = [Reply(200, b"<html>", {"Content-Type": "text/html"})]
    with pytest.raises(BadResponse):
        source.changes(first.cursor)
    assert asked(server) == ["sync"]


@pytest.mark.parametrize("entry_id", ["../x", "a,b", "", "a b", "é", "x" * 65, "%2e"])
def test_an_id_that_is_none_is_not_asked_for(opened: Any, server: ContentfulServer, entry_id: str) -> None:
    with pytest.raises(NotFound):
        opened().fetch(entry_id)
    assert server.requests == []


# Options


def test_options_are_checked_together_and_secrets_not_shown() -> None:
    wrong = {
        "space": "a/b",
        "environment": "",
        "region": "mars",
        "preview_url": "ftp://x",
        "token": "",
        "entry_urls": {"article": "javascript:x"},
        "concept_prefix": "no colon:",
        "link_depth": 11,
    }
    with pytest.raises(OptionsError) as caught:
        registry.cms("contentful")(wrong, FakeTime().runtime())
    named = {problem.partition(":")[0] for problem in caught.value.problems}
    assert named == set(wrong)


def test_the_preview_api_is_refused_as_the_source_of_what_is_published() -> None:
    for host in ("preview.contentful.com", "preview.eu.contentful.com"):
        with pytest.raises(OptionsError, match="publish drafts"):
            registry.cms("contentful")({"space": "s", "token": "t", "url": f"https://{host}"}, FakeTime().runtime())


def test_the_region_chooses_the_hosts_and_a_token_is_needed() -> None:
    from adapters.cms.contentful.options import HOSTS

    assert HOSTS["eu"] == ("https://cdn.eu.contentful.com", "https://preview.eu.contentful.com")
    source = registry.cms("contentful")({"space": "s", "token": "t", "region": "eu"}, FakeTime().runtime())
    source.close()
    with pytest.raises(OptionsError, match="token: required"):
        registry.cms("contentful")({"space": "s"}, FakeTime().runtime())


def test_options_that_shape_entries_make_a_cursor_void(opened: Any, server: ContentfulServer) -> None:
    server.publish("a", article("A"))
    cursor = opened().changes(None).cursor
    assert opened(tags_by="id").changes(cursor).full
    assert not opened(page_size=7).changes(cursor).full
