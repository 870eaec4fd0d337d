"""The Payload adapter over recordings of Payload 3.90, replayed by an imitation on 127.0.0.1.

What a running Payload does is asked in tests/integration/payload; here it is made to fail, and its requests counted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters import registry
from adapters.cms.payload.reader import ApiKey
from adapters.cms.port import (
    AuthError,
    BadResponse,
    Key,
    NotFound,
    OptionsError,
    RateLimited,
    Source,
    Unavailable,
)
from tests.contract.clock import FakeTime
from tests.contract.cms.harness import Piece
from tests.contract.cms.payload_server import KEY, PayloadHarness, PayloadServer, replay, running
from tests.contract.http_server import Reply, Request

TRAIL_SHOES, CITY_GUIDE, BANNER_0, BANNER_1 = (f"articles.{number}" for number in (1, 2, 3, 4))


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server() -> PayloadServer:
    return PayloadServer.with_recordings()


@pytest.fixture
def url(server: PayloadServer) -> Iterator[str]:
    with running(server) as url:
        yield url


@pytest.fixture
def opened(url: str, time: FakeTime) -> Iterator[Any]:
    made: list[Source] = []

    def open_source(**options: object) -> Source:
        settings = {"url": url, "token": KEY, "collections": ["articles"], "page_size": 2, "allow_private": True}
        made.append(registry.cms("payload")({**settings, **options}, time.runtime()))
        return made[-1]

    yield open_source
    for source in made:
        source.close()


@pytest.fixture
def many(time: FakeTime) -> Iterator[PayloadHarness]:
    """A site with articles in two languages."""
    server = PayloadServer()
    with running(server) as url:
        harness = PayloadHarness(server, url, time, page_size=3)
        for number in range(7):
            harness.put(Piece(f"p{number}", f"Title {number}"))
        yield harness
        harness.source.close()


def asked(server: PayloadServer) -> list[str]:
    """The paths asked for since the last time."""
    paths = [request.path.removeprefix("/api/") for request in server.requests]
    server.requests.clear()
    return paths


def test_the_recorded_site_is_what_is_published_of_it(opened: Any) -> None:
    changes = opened(related=["tags"]).changes(None)
    assert {entry.key for entry in changes.entries} == {Key(one, None) for one in (CITY_GUIDE, BANNER_0, BANNER_1)}
    assert changes.present == {entry.key for entry in changes.entries}
    assert not changes.problems


def test_a_draft_saved_over_a_published_document_leaves_what_is_published_alone(opened: Any) -> None:
    source = opened()
    assert source.fetch(CITY_GUIDE).fields["title"] == "City guide v2"
    assert source.draft(CITY_GUIDE).fields["title"] == "City guide v3 draft"
    (entry,) = [entry for entry in source.changes(None).entries if entry.id == CITY_GUIDE]
    assert entry.fields["title"] == "City guide v2"


def test_what_was_unpublished_is_not_found_and_its_draft_is(opened: Any) -> None:
    source = opened()
    with pytest.raises(NotFound):
        source.fetch(TRAIL_SHOES)
    assert source.draft(TRAIL_SHOES).fields["title"] == "Trail shoes"


def test_without_a_key_there_are_no_previews(opened: Any) -> None:
    source = opened(token=None)
    assert not source.spec.previews
    with pytest.raises(NotFound, match="API key"):
        source.draft(CITY_GUIDE)
    assert len(source.changes(None).entries) == 3


@pytest.mark.parametrize("step", ["ping", "full", "gone", "missing", "changed"])
def test_a_wrong_key_is_refused_though_payload_answers_200(step: str, opened: Any, server: PayloadServer) -> None:
    """To whoever bears it Payload shows what strangers may see; that the rest is gone would be a lie."""
    cursor = opened().changes(None).cursor
    source = opened(token="revoked")
    if step == "gone":
        server.documents["articles"].pop(0)
    if step == "changed":
        server.find("articles", 2)["updatedAt"] = "2026-11-22T00:00:00.000Z"
        server.find("articles", 2)["title"] = "Only half of it is shown"
    steps = {"ping": source.ping, "full": lambda: source.changes(None), "missing": lambda: source.fetch(TRAIL_SHOES)}
    with pytest.raises(AuthError):
        steps.get(step, lambda: source.changes(cursor))()


def test_a_collection_that_is_refused_is_an_auth_error_with_payloads_own_words(
    opened: Any, server: PayloadServer
) -> None:
    server.faults = [replay("error-403-write")]
    with pytest.raises(AuthError, match=r"status 403: You are not allowed to perform this action\."):
        opened().ping()


def test_neither_the_source_nor_its_errors_say_the_key(opened: Any, server: PayloadServer) -> None:
    source = opened(token="a-key-that-is-secret")
    with pytest.raises(AuthError) as caught:
        source.ping()
    assert (
        "a-key-that-is-secret" not in f"{caught.value!r} {source!r} {vars(source)!r} {ApiKey('users', 'a-key-that')!r}"
    )
    assert server.requests[0].headers["authorization"] == "users API-Key a-key-that-is-secret"


def test_a_collection_without_drafts_is_read_whole_and_asked_once(opened: Any, server: PayloadServer) -> None:
    source = opened(collections=["tags"])
    first = source.changes(None)
    assert {entry.fields["name"] for entry in first.entries} == {"Visitors", "Runners", "Returning"}
    asked(server)
    fresh = opened(collections=["tags"])
    assert fresh.changes(first.cursor).entries == ()
    assert asked(server) == ["tags"], "the cursor knows that there are no drafts"


def test_drafts_that_a_collection_gets_later_do_not_come(opened: Any, server: PayloadServer) -> None:
    source = opened(collections=["tags"])
    first = source.changes(None)
    server.with_drafts.add("tags")
    for row in server.documents["tags"]:
        row["_status"] = "published"
    server.find("tags", 1)["_status"] = "draft"
    second = source.changes(first.cursor)
    assert second.gone(first.present) == {Key("tags.1", None)}


def test_one_changed_entry_costs_one_request(many: PayloadHarness) -> None:
    first = many.source.changes(None)
    many.put(Piece("p3", "Edited"))
    asked(many.server)
    second = many.source.changes(first.cursor)
    assert [entry.id for entry in second.entries] == ["p3"]
    assert asked(many.server) == ["articles"]


def test_a_first_request_after_a_start_checks_the_key_too(many: PayloadHarness, time: FakeTime) -> None:
    first = many.source.changes(None)
    many.put(Piece("p3", "Edited"))
    time.sleep(61)
    asked(many.server)
    assert len(many.source.changes(first.cursor).entries) == 1
    assert asked(many.server) == ["articles", "users/me"]


def test_nothing_changed_costs_one_request_however_many_languages(many: PayloadHarness) -> None:
    first = many.source.changes(None)
    asked(many.server)
    many.source.changes(first.cursor)
    assert asked(many.server) == ["articles"]


def test_a_bulk_edit_is_not_read_again_for_ever(many: PayloadHarness) -> None:
    """All seven documents were saved within the overlap, and long before they were read."""
    first = many.source.changes(None)
    asked(many.server)
    assert many.source.changes(first.cursor).entries == ()
    assert len(asked(many.server)) == 1


def test_what_was_saved_just_before_the_last_reading_is_looked_at_again(many: PayloadHarness) -> None:
    """A transaction that ends late shows documents that are older than the newest."""
    now = datetime.now(UTC)
    many.server.find("articles", "p6")["updatedAt"] = now.isoformat()
    first = many.source.changes(None)
    late = (now - timedelta(seconds=20)).isoformat()
    many.server.find("articles", "p1").update(title={"en": "Committed late"}, updatedAt=late)
    second = many.source.changes(first.cursor)
    assert [entry.id for entry in second.entries] == ["p1"]


def test_the_last_of_an_older_page_is_found_gone_by_the_count(many: PayloadHarness) -> None:
    first = many.source.changes(None)
    many.server.documents["articles"] = many.server.documents["articles"][1:]
    second = many.source.changes(first.cursor)
    assert second.deleted == (Key("p0", "en"),)


def test_what_became_published_without_a_new_date_is_fetched(many: PayloadHarness) -> None:
    """Imports may keep the dates that their documents had elsewhere."""
    first = many.source.changes(None)
    many.put(Piece("old", "Imported"))
    many.server.find("articles", "old")["updatedAt"] = "2020-01-01T00:00:00.000Z"
    second = many.source.changes(first.cursor)
    assert [entry.id for entry in second.entries] == ["old"]
    assert many.source.changes(second.cursor).entries == ()


def test_a_locale_that_was_emptied_is_gone_and_the_other_stays(many: PayloadHarness) -> None:
    many.put(Piece("p1", "Titre", "fr"))
    first = many.source.changes(None)
    many.remove(Piece("p1", "Titre", "fr"))
    second = many.source.changes(first.cursor)
    assert (second.entries, second.deleted) == ((), (Key("p1", "fr"),))


def test_documents_that_come_and_go_while_all_are_listed_are_neither_skipped_nor_doubled(many: PayloadHarness) -> None:
    def meddle(request: Request) -> None:
        if request.query.get("where[id][greater_than]") == "p2":
            many.server.between = None
            many.server.documents["articles"] = [
                row for row in many.server.documents["articles"] if row["id"] not in ("p0", "p1")
            ]
            many.put(Piece("p45", "New"))

    many.server.between = meddle
    changes = many.source.changes(None)
    assert sorted(entry.id for entry in changes.entries) == ["p0", "p1", "p2", "p3", "p4", "p45", "p5", "p6"]
    assert many.source.changes(changes.cursor).gone(changes.present or ()) == {Key("p0", "en"), Key("p1", "en")}


def test_a_newest_first_listing_that_changes_under_the_reading_begins_again(many: PayloadHarness) -> None:
    first = many.source.changes(None)
    for number in range(4):
        many.put(Piece(f"p{number}", f"Edited {number}"))

    def meddle(request: Request) -> None:
        if request.query.get("page") == "2":
            many.server.between = None
            many.put(Piece("late", "Late"))

    many.server.between = meddle
    second = many.source.changes(first.cursor)
    assert {entry.id for entry in second.entries} == {"p0", "p1", "p2", "p3", "late"}


def test_a_change_in_a_related_collection_makes_the_answer_full(opened: Any, server: PayloadServer) -> None:
    source = opened(related=["tags"])
    first = source.changes(None)
    server.find("tags", 1).update(name="Guests", updatedAt="2026-11-22T00:00:00.000Z")
    second = source.changes(first.cursor)
    assert second.full
    assert "Guests" in next(entry for entry in second.entries if entry.id == CITY_GUIDE).tags


def test_other_options_make_the_answer_full(opened: Any) -> None:
    first = opened().changes(None)
    assert opened(type_names={"articles": "story"}).changes(first.cursor).full


def test_a_rate_limit_is_waited_out_as_asked(opened: Any, server: PayloadServer, time: FakeTime) -> None:
    server.faults = [Reply(429, headers={"Retry-After": "7"})]
    opened().ping()
    assert time.slept == [7.0]
    server.faults = [Reply(429, headers={"Retry-After": "900"})]
    with pytest.raises(RateLimited) as caught:
        opened().ping()
    assert caught.value.retry_after == 900


HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (replay("error-400"), BadResponse, "status 400: The following path cannot be queried: nope"),
        (Reply(200, b"<html>Sign in</html>", HTML), BadResponse, "not JSON"),
        (Reply(404, b"<html>Not here</html>", HTML), BadResponse, "slug of a collection"),
        (Reply(200, b'{"docs": [', {"Content-Type": "application/json"}), BadResponse, "not JSON"),
        (Reply(200, b'{"docs": []}', {"Content-Type": "application/json"}, announced=900), BadResponse, "cut short"),
        (Reply.of({"docs": "none"}), BadResponse, "docs: want a list"),
        (Reply.of({"docs": []}), BadResponse, "totalDocs"),
        (Reply.of({"docs": [], "totalDocs": 3, "hasNextPage": True}), BadResponse, "empty, but more"),
        (Reply.of({"docs": [1], "totalDocs": 1, "hasNextPage": False}), BadResponse, r"docs\[0\]: want an object"),
        (Reply.of([]), BadResponse, "not a JSON object"),
        (Reply.of({"errors": [{"message": "Something went wrong."}]}, 500), Unavailable, "status 500"),
        (Reply(302, headers={"Location": "https://elsewhere.example/"}), BadResponse, "not followed"),
    ],
)
def test_an_answer_that_is_none_says_what_it_is(
    reply: Reply, error: type[Exception], message: str, opened: Any, server: PayloadServer
) -> None:
    server.faults = [reply] * 10
    with pytest.raises(error, match=message):
        opened(token=None).changes(None)


def test_a_site_that_hangs_is_given_up(opened: Any, server: PayloadServer) -> None:
    release = threading.Event()
    server.faults = [Reply(200, before=lambda: release.wait(5))]
    with pytest.raises(Unavailable, match="no answer in time"):
        opened(timeout_s=0.1, attempts=1).ping()
    release.set()


def test_a_server_that_ignores_the_filter_does_not_make_an_endless_listing(many: PayloadHarness) -> None:
    many.server.between = None
    page = Reply.of({"docs": [{"id": "p1", "updatedAt": "x", "_status": "draft"}], "totalDocs": 9, "hasNextPage": True})
    me = Reply.of({"user": {"id": 1}})
    many.server.faults = [me, *[page] * 10]
    with pytest.raises(BadResponse, match="does not go on after p1"):
        many.source.changes(None)


def test_an_id_that_no_collection_has_is_not_found_and_nothing_is_asked_about_it(
    opened: Any, server: PayloadServer
) -> None:
    source = opened()
    for entry_id in ("tags.1", "articles.", "articles", "2", "../users.1"):
        with pytest.raises(NotFound):
            source.fetch(entry_id)
    assert set(asked(server)) == {"users/me"}


def test_a_variant_that_cannot_be_read_is_no_deletion(many: PayloadHarness) -> None:
    many.damage(Piece("p1", "Broken"))
    with pytest.raises(BadResponse, match=r"p1 \(en\)\.publishedAt"):
        many.source.fetch("p1", "en")


def test_clocks_that_differ_widen_what_is_not_ordered(opened: Any) -> None:
    assert opened().spec.ordering.resolution == timedelta(milliseconds=1)
    assert opened(clock_skew_s=2).spec.ordering.resolution == timedelta(seconds=2)


def test_every_bad_option_is_named() -> None:
    bad = {
        "url": "ftp://x",
        "collections": ["articles/../users"],
        "key_collection": "a b",
        "api_path": "api",
        "locales": ["en", "klingon!", "pt_BR", "pt-BR"],
        "locale_tags": {"xx": "de"},
        "ids": "short",
        "link_depth": 99,
        "colections": ["x"],
    }
    with pytest.raises(OptionsError) as caught:
        registry.cms("payload")(bad, FakeTime().runtime())
    named = [problem.partition(":")[0] for problem in caught.value.problems]
    wanted = {
        "url",
        "collections",
        "key_collection",
        "api_path",
        "locales",
        "locale_tags",
        "ids",
        "link_depth",
        "colections",
    }
    assert set(named) == wanted
    assert named.count("locales") == 2
