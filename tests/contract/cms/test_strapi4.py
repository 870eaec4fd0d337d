"""The Strapi adapter with `version = 4`, over recordings of Strapi 4.26 that an imitation on 127.0.0.1 replays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import registry
from adapters.cms.hooks import HookRequest, Notice
from adapters.cms.port import AuthError, BadResponse, Key, Link, NotFound, OptionsError, Source
from tests.contract.clock import FakeTime
from tests.contract.cms.strapi4_server import RECORDINGS, TOKEN, Strapi4Server, recorded, replay, running
from tests.contract.http_server import Reply

GUIDE, SHOES, IDEA = "articles:1", "articles:3", "articles:4"
HOOK_TOKEN = "abcdefghijklmnop"


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def server() -> Strapi4Server:
    return Strapi4Server.with_recordings()


@pytest.fixture
def opened(server: Strapi4Server, time: FakeTime) -> Iterator[Any]:
    made: list[Source] = []
    with running(server) as url:

        def open_source(**options: object) -> Source:
            settings = {
                "url": url, "token": TOKEN, "version": 4, "types": ["articles"], "locales": ["en", "fr"],
                "relations": {"related": "articles"}, "allow_private": True,
            }  # fmt: skip
            made.append(registry.cms("strapi")({**settings, **options}, time.runtime()))
            return made[-1]

        yield open_source
        for source in made:
            source.close()


# What the recordings hold


def test_the_recorded_site_comes_with_translations_under_the_identity_of_their_original(opened: Any) -> None:
    changes = opened().changes(None)
    assert {entry.key: entry.fields["title"] for entry in changes.entries} == {
        Key(GUIDE, "fr"): "Guide de la ville",  # its original is unpublished
        Key(SHOES, "en"): "Trail shoes",
    }
    assert changes.present == {entry.key for entry in changes.entries}
    assert not changes.problems


def test_a_recorded_article_is_understood_whole(opened: Any, server: Strapi4Server) -> None:
    image = {"url": "/uploads/cover.svg", "mime": "image/svg+xml", "createdAt": "2026-11-22T02:00:00.000Z"}
    server.find("articles", 1)["attributes"].update(
        publishedAt="2026-11-22T03:00:00.000Z", cover={"data": {"id": 1, "attributes": image}}
    )
    entry = opened(type_field="kind", prefixed_tags={"audience": "audience.segments"}).fetch(GUIDE, "en")
    row = server.find("articles", 1)["attributes"]
    assert (entry.id, entry.locale, entry.type) == (GUIDE, "en", "article")
    assert entry.tags == ("Visitors", "Runners", "audience:Visitors")
    assert entry.published_at == datetime(2026, 11, 22, 3, 0, 0, 0, UTC)
    assert entry.version == datetime.fromisoformat(row["updatedAt"]), "a date of publication may be any"
    assert entry.fields["body_html"] == "<p>Body of City guide – naïve café ☕</p>"
    assert entry.fields["related"] is None
    cover = entry.fields["cover"]
    assert cover["url"].startswith("http://127.0.0.1")
    assert cover["mime"] == "image/svg+xml"
    assert not {"id", "attributes", "data", "documentId", "localizations", "updatedAt", "tags"} & set(entry.fields)
    assert set(entry.links) == {
        Link("/cover", "asset", cover["url"], id="files:1"),
        Link("", "term", "tags:1"),
        Link("", "term", "tags:2"),
    }


def test_a_relation_is_embedded_and_an_unpublished_one_is_not(opened: Any, server: Strapi4Server) -> None:
    source = opened()
    assert source.fetch(SHOES, "en").fields["related"] is None, "Strapi hides it"
    server.find("articles", 3)["attributes"]["related"]["data"]["attributes"]["publishedAt"] = "2026-11-22T03:00:00Z"
    entry = source.fetch(SHOES, "en")
    assert entry.fields["related"]["title"] == "City guide"
    assert Link("/related", "entry", GUIDE) in entry.links


def test_a_relation_whose_name_is_not_that_of_its_type_is_named_by_an_option(opened: Any) -> None:
    fetched = opened(tags_field="topics", relations={"tags": "labels"}).draft(GUIDE, "en")
    assert {link.target for link in fetched.links if link.kind == "entry"} == {"labels:1", "labels:2"}
    assert {link.target for link in opened(relations={}).draft(SHOES, "en").links if link.kind == "entry"} == {
        "relateds:1"
    }


# Drafts and identities


def test_drafts_are_shown_when_asked_for_and_only_then(opened: Any) -> None:
    source = opened()
    for entry_id in (GUIDE, IDEA):
        with pytest.raises(NotFound):
            source.fetch(entry_id, "en")
    draft = source.draft(IDEA, "en")
    assert (draft.fields["title"], draft.published_at) == ("Idea", None)
    assert source.draft(SHOES, "en").fields["related"]["title"] == "City guide", "a draft within a draft"


def test_strapi_shows_a_draft_by_its_id_whatever_is_asked_and_so_it_is_not_asked_that_way(
    opened: Any, server: Strapi4Server
) -> None:
    shown = recorded("single-draft-in-spite-of-live")
    assert "publicationState=live" in shown["request"]["path"]
    assert shown["body_json"]["data"]["attributes"]["publishedAt"] is None
    with pytest.raises(NotFound):
        opened().fetch(GUIDE, "en")
    assert {request.path for request in server.requests} == {"/api/articles"}


def test_a_missing_translation_is_missing_and_not_the_original(opened: Any) -> None:
    source = opened()
    assert source.fetch(GUIDE, "fr").fields["title"] == "Guide de la ville"
    with pytest.raises(NotFound):
        source.fetch(SHOES, "fr")
    with pytest.raises(NotFound):
        source.draft(SHOES, "fr")


@pytest.mark.parametrize(
    "entry_id",
    [
        "articles:2",
        "articles:999",
        "articles:",
        "articles:1x",
        "articles:../1",
        "tags:1",
        "1",
        "",
        "articles:" + "9" * 30,
    ],
)
def test_what_is_no_identity_is_not_found(opened: Any, entry_id: str) -> None:
    with pytest.raises(NotFound):
        opened().fetch(entry_id, "fr")


def test_without_a_locale_the_first_that_is_configured_is_meant_or_the_default(opened: Any) -> None:
    assert opened(locales=["fr", "en"]).draft(GUIDE).locale == "fr"
    source = opened(locales=[])
    assert source.draft(GUIDE).locale == "en"
    assert source.draft(GUIDE, "en").locale == "en"
    with pytest.raises(NotFound):
        source.draft(GUIDE, "fr")  # nor is it listed


def test_a_locale_that_is_not_listed_is_not_fetched_either(opened: Any, server: Strapi4Server) -> None:
    with pytest.raises(NotFound):
        opened(locales=["en"]).fetch(GUIDE, "fr")
    assert server.requests == []


def test_deleting_the_original_moves_its_translations_to_another_identity(opened: Any, server: Strapi4Server) -> None:
    for row in (1, 2):
        server.find("articles", row)["attributes"]["publishedAt"] = "2026-11-22T03:00:00.000Z"
    source = opened()
    first = source.changes(None)
    server.rows["articles"].remove(server.find("articles", 1))
    server.find("articles", 2)["attributes"]["localizations"] = {"data": []}
    second = source.changes(first.cursor)
    assert [entry.key for entry in second.entries] == [Key("articles:2", "fr")]
    assert set(second.deleted) == {Key(GUIDE, "en"), Key(GUIDE, "fr")}
    assert second.full is False


def test_a_type_without_locales_and_without_drafts_is_read_as_well(opened: Any, server: Strapi4Server) -> None:
    source = opened(types=["tags"])
    (entry,) = source.changes(None).entries
    assert (entry.id, entry.locale, entry.fields) == ("tags:2", None, {"name": "Runners"})
    assert entry.published_at == datetime.fromisoformat(server.rows["tags"][0]["attributes"]["createdAt"])
    assert source.fetch("tags:2", "fr").key == entry.key


def test_a_type_without_locales_is_not_asked_for_its_locale(opened: Any, server: Strapi4Server) -> None:
    source = opened(types=["tags"])
    first = source.changes(None)
    server.rows["tags"].append({"id": 5, "attributes": {**server.rows["tags"][0]["attributes"], "name": "New"}})
    server.rows["tags"][1]["attributes"]["updatedAt"] = "2020-01-01T00:00:00.000Z"  # found by the count alone
    assert [entry.id for entry in source.changes(first.cursor).entries] == ["tags:5"]
    server.rows["tags"].clear()
    assert source.changes(first.cursor).deleted == (Key("tags:2", None),)


# Requests


def test_one_changed_entry_costs_two_requests(opened: Any, server: Strapi4Server) -> None:
    source = opened(locales=["en"])
    first = source.changes(None)
    attributes = server.find("articles", 3)["attributes"]
    attributes.update(title="Changed", updatedAt="2026-11-23T00:00:00.000Z")
    server.requests.clear()
    assert [entry.fields["title"] for entry in source.changes(first.cursor).entries] == ["Changed"]
    assert len(server.requests) == 2


def test_a_server_with_small_pages_loses_nothing(time: FakeTime) -> None:
    server = Strapi4Server.with_recordings(max_page_size=1)
    for row in server.rows["articles"]:
        row["attributes"]["publishedAt"] = "2026-11-22T03:00:00.000Z"
    with running(server) as url:
        options = {"url": url, "token": TOKEN, "version": 4, "types": ["articles"], "locales": ["en", "fr"]}
        source = registry.cms("strapi")({**options, "allow_private": True}, time.runtime())
        assert {entry.key for entry in source.changes(None).entries} == {
            Key(GUIDE, "en"), Key(GUIDE, "fr"), Key(SHOES, "en"), Key(IDEA, "en"),
        }  # fmt: skip
        source.close()


def test_a_renamed_tag_is_seen_through_the_related_types(opened: Any, server: Strapi4Server) -> None:
    source = opened(related=["tags"])
    first = source.changes(None)
    assert source.changes(first.cursor).full is False
    server.rows["tags"][0]["attributes"].update(name="Joggers", updatedAt="2026-11-23T00:00:00.000Z")
    assert source.changes(first.cursor).full


def test_a_cursor_of_the_other_version_is_void(opened: Any) -> None:
    cursor = opened().changes(None).cursor
    assert opened().changes(cursor).full is False
    assert json.loads(cursor)["options"] != json.loads(opened(relations={}).changes(None).cursor)["options"]


# Failures


def test_a_wrong_token_is_an_authentication_error(opened: Any) -> None:
    for token in ("wrong-secret", None):
        with pytest.raises(AuthError):
            opened(token=token).ping()


def test_strapi_5_answers_and_strapi_4_answers_are_told_from_one_another(opened: Any, server: Strapi4Server) -> None:
    server.faults = [Reply.of({"data": [{"id": 1, "documentId": "x"}], "meta": {"pagination": PAGING}})]
    with pytest.raises(BadResponse, match="is this Strapi 4"):
        opened().changes(None)
    server.faults = [replay("list-articles-live-en")]
    with pytest.raises(BadResponse, match="set version = 4"):
        opened(version=5, relations={}).changes(None)


PAGING = {"page": 1, "pageSize": 25, "pageCount": 1, "total": 1}


@pytest.mark.parametrize(
    "item", [None, 3, "x", {}, {"id": "1", "attributes": {}}, {"id": 1}, {"id": 1, "attributes": 3}]
)
def test_rows_of_another_form_are_told_with_their_place(opened: Any, server: Strapi4Server, item: object) -> None:
    server.faults = [Reply.of({"data": [item], "meta": {"pagination": PAGING}})]
    with pytest.raises(BadResponse, match=r"data\[0\]|version 4|Strapi 4"):
        opened().changes(None)


def test_relations_are_named_for_version_4_only_and_other_versions_are_refused(time: FakeTime) -> None:
    for options, name in (
        ({"relations": {"a": "b"}}, "relations"),
        ({"version": 3}, "version"),
        ({"version": "4"}, "version"),
    ):
        with pytest.raises(OptionsError, match=f"^{name}:"):
            registry.cms("strapi")({"url": "http://host", "types": ["a"], **options}, time.runtime())


# Webhooks


def test_the_recorded_requests_of_strapi_4_name_rows_that_stand_alone_and_ask_for_a_sync_of_others(
    time: FakeTime,
) -> None:
    hook = registry.hook("strapi")({"token": HOOK_TOKEN}, time.runtime())
    found: list[tuple[str, Notice]] = []
    for path in sorted((RECORDINGS / "webhooks").iterdir()):
        sent = json.loads(Path(path).read_text("utf-8"))
        headers = {name.lower(): value for name, value in sent["headers"]}
        (notice,) = hook.read(HookRequest(sent["method"], sent["path"], headers, sent["body_raw"].encode()), 0.0)
        found.append((sent["body_json"]["event"], notice))
    assert len(found) == 28
    assert set(found) == {
        ("entry.create", Notice("tags:1", None, "tags")),
        ("entry.create", Notice("tags:2", None, "tags")),
        ("entry.update", Notice("tags:1", None, "tags")),
        ("entry.delete", Notice("tags:1", None, "tags")),
        ("media.create", Notice("files:1")),
        ("media.delete", Notice("files:1")),
        *((f"entry.{what}", Notice(None)) for what in ("create", "update", "publish", "unpublish", "delete")),
    }
