"""Strapi's webhook: the recorded requests of Strapi 5.54, those of version 4 by its documentation, and forged ones."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from adapters import registry
from adapters.cms.hooks import Hook, HookRequest, Malformed, Notice, Unsigned
from adapters.cms.port import OptionsError
from tests.contract.clock import FakeTime

RECORDED = Path(__file__).parents[3] / "fixtures" / "cms" / "strapi" / "webhooks"
TOKEN = "a-token-of-24-characters"
TRAIL_SHOES = Notice("dj0fmudn2asevx6sfloym96v", "en", "articles")
CITY_GUIDE = Notice("q2573teosokp78koq575pord", "en", "articles")
RUNNERS = Notice("i8kobuure1z5n8emb6fr5oq6", None, "tags")
RETURNING = Notice("sjisu8r2m2yxhqvguk625lie", None, "tags")


def as_of(notice: Notice, moment: str) -> Notice:
    """The notice with the version that it announces: a time of the day of the recordings."""
    return notice._replace(version=datetime.fromisoformat(f"2026-11-21T{moment}Z"))


def hook(**options: object) -> Hook:
    return registry.hook("strapi")({"token": TOKEN, **options}, FakeTime().runtime())


def request(body: object, **headers: str) -> HookRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HookRequest("POST", "/webhooks/cms/site", headers or {"authorization": TOKEN}, raw)


def read(body: object, **options: object) -> tuple[Notice, ...]:
    return hook(**options).read(request(body), 0.0)


def recorded(number: int) -> tuple[Notice, ...]:
    """What a recorded request names, with the header that was sent then and our token in it."""
    (path,) = RECORDED.glob(f"{number:02}-*.json")
    sent = json.loads(path.read_text("utf-8"))
    headers = {name.lower(): value for name, value in sent["headers"]}
    assert headers["x-our-secret"] == "s3cret-example"
    headers["x-our-secret"] = TOKEN  # the recorded one is shorter than what is taken
    made = HookRequest(sent["method"], sent["path"], headers, sent["body_raw"].encode())
    return hook(header="X-Our-Secret").read(made, 0.0)


@pytest.mark.parametrize(
    ("number", "named"),
    [
        (1, ()),  # the admin panel's "Trigger"
        (3, (as_of(RUNNERS, "20:42:10.697"),)),
        (5, (TRAIL_SHOES,)),  # a draft, with all of its text
        (6, (CITY_GUIDE,)),
        (7, (as_of(CITY_GUIDE, "20:42:13.061"),)),
        (14, (TRAIL_SHOES,)),
        (17, (as_of(CITY_GUIDE, "20:42:17.906"),)),  # the publication overtook
        (18, (CITY_GUIDE,)),  # the save before it
        (19, (TRAIL_SHOES,)),  # an unpublish, whose tags are {"count": 1}
        (21, (as_of(TRAIL_SHOES, "20:42:20.449"),)),
        (22, (as_of(RUNNERS, "20:42:21.589"),)),
        (23, (CITY_GUIDE,)),
        (24, (CITY_GUIDE,)),
        (29, (RETURNING,)),  # a deleted tag, and no word of its articles
    ],
)
def test_recorded_requests_name_the_document_and_nothing_of_its_text(number: int, named: tuple[Notice, ...]) -> None:
    assert recorded(number) == named


def test_a_row_of_strapi_4_announces_its_last_save_and_a_draft_nothing() -> None:
    body: dict[str, Any] = {"event": "entry.publish", "model": "group", "uid": "api::group.group"}
    moments = {"updatedAt": "2026-11-22T02:25:12.940Z", "publishedAt": "2026-11-22T02:26:00.000Z"}
    body["entry"] = {"id": 1, **moments}
    assert read(body) == (Notice("groups:1", None, "groups", datetime.fromisoformat(moments["updatedAt"])),)
    body["entry"]["publishedAt"] = None
    assert read(body) == (Notice("groups:1", None, "groups"),)
    body["entry"] = {"id": 1, **moments, "updatedAt": "yesterday"}
    assert read(body) == (Notice("groups:1", None, "groups"),)


def test_every_recorded_request_is_understood() -> None:
    numbers = [int(path.name[:2]) for path in RECORDED.iterdir()]
    assert sorted(numbers) == list(range(1, 30))
    assert all(len(recorded(number)) == 1 for number in numbers if number != 1)


def test_a_changed_file_is_named_by_its_own_identity() -> None:
    media = {"id": 1, "documentId": "hax1a0ouz5iyqjs76sqsqdb6", "url": "/uploads/a.svg"}
    assert read({"event": "media.update", "media": media}) == (Notice("hax1a0ouz5iyqjs76sqsqdb6"),)
    assert read({"event": "media.delete", "media": {"id": 7}}) == (Notice("files:7"),)


def test_a_release_asks_for_a_sync_and_other_events_for_nothing() -> None:
    assert read({"event": "releases.publish", "isPublished": True, "release": {"id": 1}}) == (Notice(None),)
    assert read({"event": "review-workflows.updateEntryStage", "model": "article", "uid": "api::a.a"}) == ()


@pytest.mark.parametrize(
    ("model", "options", "api_id"),
    [
        ("article", {}, "articles"),
        ("category", {}, "categories"),
        ("essay", {}, "essays"),
        ("box", {}, "boxes"),
        ("match", {}, "matches"),
        ("news", {}, "news"),
        ("person", {"models": {"person": "people"}}, "people"),
        ("person", {"models": {"api::person.person": "folk", "person": "people"}}, "folk"),
    ],
)
def test_the_plural_of_a_model_is_regular_or_said(model: str, options: dict[str, Any], api_id: str) -> None:
    body = {"event": "entry.update", "model": model, "uid": f"api::{model}.{model}", "entry": {"documentId": "x"}}
    assert read(body, **options) == (Notice("x", None, api_id),)
    body["entry"] = {"id": 3}
    assert read(body, **options) == (Notice(f"{api_id}:3", None, api_id),)


def test_what_strapi_4_localizes_asks_for_a_sync() -> None:
    body = {
        "event": "entry.delete",
        "model": "article",
        "uid": "api::article.article",
        "entry": {"id": 9, "locale": "fr"},
    }
    assert read(body) == (Notice(None),)


@pytest.mark.parametrize("given", [TOKEN, f"Bearer {TOKEN}", f"bearer  {TOKEN}", "the-token-before-this-one"])
def test_the_token_is_taken_bare_or_as_a_bearer_and_the_one_before_it_too(given: str) -> None:
    reader = hook(previous_token="the-token-before-this-one")
    assert reader.read(request({"event": "trigger-test"}, authorization=given), 0.0) == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-other": TOKEN},
        {"authorization": ""},
        {"authorization": "Bearer "},
        {"authorization": TOKEN[:-1]},
        {"authorization": TOKEN + "x"},
        {"authorization": TOKEN.upper()},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "naïve\udc80"},
    ],
)
def test_another_token_is_refused_before_the_body_is_read(headers: dict[str, str]) -> None:
    with pytest.raises(Unsigned) as caught:
        hook().read(request(b"{not json", **headers), 0.0)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe", "not JSON"),
        ([], "want an object"),
        ({}, "event"),
        ({"event": 3}, "event"),
        ({"event": "entry.update", "model": "a"}, "entry: want"),
        ({"event": "entry.update", "entry": {"documentId": "x"}}, "model"),
        ({"event": "entry.update", "model": "../a", "entry": {"documentId": "x"}}, "model"),
        ({"event": "entry.update", "model": "a", "entry": {}}, "entry.id"),
        ({"event": "entry.update", "model": "a", "entry": {"id": 1, "documentId": None}}, "documentId"),
        ({"event": "entry.update", "model": "a", "entry": {"documentId": "../users"}}, "documentId"),
        ({"event": "entry.update", "model": "a", "entry": {"documentId": "x" * 256}}, "documentId"),
        ({"event": "entry.update", "model": "a", "entry": {"documentId": "x", "locale": 3}}, "locale"),
        ({"event": "entry.update", "model": "a", "entry": {"documentId": "x", "locale": "a\0b"}}, "locale"),
        ({"event": "media.create", "media": []}, "media: want"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_place(body: object, said: str) -> None:
    with pytest.raises(Malformed, match=said):
        read(body)


@pytest.mark.parametrize("row", [None, "7", True, 0, -1, 10**18, 1.5])
def test_a_row_of_strapi_4_is_a_number(row: object) -> None:
    with pytest.raises(Malformed, match="id: want a number"):
        read({"event": "entry.update", "model": "a", "entry": {"id": row}})


def test_bad_options_are_all_named_at_once_and_secrets_are_in_no_repr() -> None:
    with pytest.raises(OptionsError) as caught:
        registry.hook("strapi")(
            {
                "token": "short",
                "previous_token": "with a line\nbreak in it",
                "header": "a b",
                "modls": {},
            },
            FakeTime().runtime(),
        )
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "token", "previous_token", "header", "modls",
    ]  # fmt: skip
    assert "short" not in str(caught.value)
    assert TOKEN not in repr(hook())
