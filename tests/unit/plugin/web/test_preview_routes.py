"""The routes of previews over the web layer alone: limits, and links that are over."""

from __future__ import annotations

import pytest

from adapters.cms.port import Entry, Key
from plugin.store import Store
from tests.unit.plugin.web.small_app import DOCUMENT, Small, small_app

LINK = {"entries": [{"source": "memory", "id": "h1"}], "slots": [{"id": "home.hero"}]}


@pytest.fixture
def small(sqlite_store: Store) -> Small:
    made = small_app(sqlite_store)
    assert made.client().post("/v1/rulesets", json={"document": dict(DOCUMENT), "publish": True}).status_code == 201
    draft = Entry("h1", None, "hero", (), {"title": "Draft"}, None)
    made.cms.drafts[Key("h1", None)] = draft
    return made


def token(small: Small, **more: object) -> str:
    made = small.client().post("/v1/previews", json={**LINK, **more})
    assert made.status_code == 201, made.json
    found: str = made.json["token"]
    return found


def test_a_link_is_limited_in_how_often_it_asks_and_others_are_not(small: Small) -> None:
    client, first, other = small.client(None), token(small), token(small, visitor_id="somebody")
    for _ in range(100):
        assert client.get(f"/v1/preview?token={first}").status_code == 200
    refused = client.get(f"/v1/preview?token={first}")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert client.get(f"/v1/preview?token={other}").status_code == 200
    small.clock.move(1)
    assert client.get(f"/v1/preview?token={first}").status_code == 200


def test_what_is_no_link_uses_up_nobodys_limit(small: Small) -> None:
    client, good = small.client(None), token(small)
    for number in range(150):
        assert client.get(f"/v1/preview?token=p1.{number}.x").status_code == 401
    assert client.get(f"/v1/preview?token={good}").status_code == 200


def test_a_link_that_is_over_is_403(small: Small) -> None:
    found = token(small, expires_in_s=60)
    small.clock.move(60)
    for answer in (
        small.client(None).get(f"/v1/preview?token={found}"),
        small.client(None).post(f"/v1/preview?token={found}", json={}),
    ):
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden")
        assert answer.json["detail"] == "The preview link has expired; make a new one."


def test_a_body_beyond_the_limit_is_refused(small: Small) -> None:
    found = token(small)
    large = small.client(None).post(f"/v1/preview?token={found}", json={"context": {"url": "x" * 5_000}})
    assert large.status_code == 413
