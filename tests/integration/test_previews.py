"""Previews as they are wired: links over HTTP, drafts from a folder of files, nothing kept or counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from adapters.runtime import Runtime
from plugin.app import create_app
from plugin.service.content.sync import Syncing
from plugin.setting_kinds import DeliveryKey, ManagementKey, Plugged, Secret
from plugin.settings import Settings
from plugin.store import migrate, open_store
from plugin.web.schemas.preview import PreviewAnswer
from plugin.wiring.sources import open_source
from plugin.wiring.system import now
from tests.contract.http_server import Reply, Request, serve
from tests.unit.plugin.service.site_support import publish

ADMIN, READER = "admin-key-0123456789", "reader-key-0123456789"
SHOP = "https://shop.example"
SITE: dict[str, Any] = {
    "version": 1,
    "locales": ["en"],
    "segments": [{"id": "vip", "when": {"custom.vip": True}}],
    "attributes": {"custom.vip": {"type": "boolean"}},
    "slots": [
        {"id": "hero", "select": {"content.tags": "slot:hero"}, "limit": 3},
        {"id": "once", "limit": 1, "cap": {"per_visitor": 1, "within": "1h"}},
    ],
}
HERO = {"entries": [{"source": "site", "id": "winter", "locale": "en"}], "slots": [{"id": "hero"}]}


@dataclass
class Wired:
    app: Flask
    folder: Path

    def client(self, key: str | None = ADMIN) -> FlaskClient:
        client = self.app.test_client()
        if key is not None:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        return client

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (1_700_000_000, 1_700_000_000))

    def link(self, **more: Any) -> Any:
        made = self.client().post("/v1/previews", json={**HERO, **more})
        assert made.status_code == 201, made.json
        return made.json

    def titles(self, query: str) -> list[str]:
        answer = self.client(None).get(f"/v1/preview?{query}")
        assert answer.status_code == 200, answer.json
        return [block["fields"]["title"] for block in answer.json["slots"]["hero"]["blocks"]]


@pytest.fixture
def wired(tmp_path: Path) -> Iterator[Wired]:
    folder = tmp_path / "content"
    url = f"sqlite:///{tmp_path / 'tessera.db'}"
    settings = Settings(
        public_url="https://tessera.example",
        data_dir=tmp_path,
        database_url=Secret(url),
        secret_key=Secret("k" * 32),
        delivery_keys=(DeliveryKey("bound", frozenset({SHOP})),),
        management_keys=(
            ManagementKey("ada", Secret(ADMIN), frozenset({"simulate"})),
            ManagementKey("rea", Secret(READER), frozenset({"read"})),
        ),
        sources={"site": Plugged("site", "files", {"path": str(folder), "mapping": {"exclude_types": ["page"]}})},
    )
    made = Wired(Flask("none"), folder)
    made.write("hero/winter.en.md", "---\ntitle: Winter\nslot: hero\n---\n")
    made.write("hero/plain.en.md", "---\ntitle: Plain\nslot: hero\npublished_at: 2026-01-01\n---\n")
    made.write("page/about.en.md", "---\ntitle: About\nslot: hero\n---\n")
    store = open_store(url)
    migrate.upgrade(store.engine)
    source = open_source(settings.sources["site"], Runtime.system())
    assert Syncing({"site": source}, store.content, clock=now).sync("site").error is None
    publish(store, SITE)
    store.close()
    made.app = create_app(settings)
    yield made
    made.app.extensions["tessera"].close()


def test_an_editor_sees_a_draft_of_a_mapped_source_and_nobody_else_does(wired: Wired) -> None:
    wired.write("hero/winter.en.md", "---\ntitle: Winter, better\nslots: [hero]\ndraft: true\n---\n")
    wired.write("hero/new.en.md", "---\ntitle: New\nslot: hero\ndraft: true\n---\n")
    entries = [{"source": "site", "id": name, "locale": "en"} for name in ("winter", "new")]
    link = wired.link(entries=entries)
    assert sorted(wired.titles(urlsplit(link["url"]).query)) == ["New", "Plain", "Winter, better"]
    public = wired.client(None).get("/v1/personalize?slots=hero&key=bound")
    assert sorted(block["fields"]["title"] for block in public.json["slots"]["hero"]["blocks"]) == ["Plain", "Winter"]


def test_an_answer_is_as_documented_and_for_nobody_to_keep_or_count(wired: Wired) -> None:
    wired.write("hero/winter.en.md", "---\ntitle: Winter, better\nslot: hero\ndraft: true\n---\n")
    token = wired.link()["token"]
    for answer in (
        wired.client(None).get("/v1/preview", query_string={"token": token, "explain": "true", "render": "both"}),
        wired.client(None).post(
            f"/v1/preview?token={token}",
            json={"options": {"explain": True, "render": "both"}, "events": [{"type": "view"}, {}]},
        ),
    ):
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert PreviewAnswer().validate(answer.json) == {}
        assert answer.json["decision_id"] is None
        (slot,) = answer.json["slots"].values()
        assert "decision_token" not in slot
        assert slot["trace"]
        assert slot["blocks"][0]["html"]
        assert answer.json["preview"]["entries"][0]["shown"] == "draft"
    assert [one["pointer"] for one in answer.json["errors"]] == ["/events/0/visitor_id", "/events/1/type"]


def test_a_visitor_is_not_served_less_because_of_previews(wired: Wired) -> None:
    token = wired.link(slots=[{"id": "once"}], visitor_id="v-1")["token"]
    for _ in range(3):
        assert wired.client(None).get(f"/v1/preview?token={token}").json["slots"]["once"]["blocks"]
    asked = {"slots": [{"id": "once"}], "visitor": {"id": "v-1"}}
    served = wired.client("bound").post("/v1/personalize", json=asked)
    assert served.json["slots"]["once"]["blocks"]


def test_slots_context_and_exclusions_of_the_request_count(wired: Wired) -> None:
    wired.write("hero/winter.en.md", "---\ntitle: For few\nslot: hero\naudience: vip\ndraft: true\n---\n")
    token = wired.link(slots=[])["token"]
    bare = wired.client(None).get(f"/v1/preview?token={token}")
    assert (bare.status_code, bare.json["errors"][0]["pointer"]) == (422, "/slots")
    assert wired.titles(f"token={token}&slots=hero") == ["Plain"]
    assert sorted(wired.titles(f"token={token}&slots=hero&custom.vip=true")) == ["For few", "Plain"]
    assert wired.titles(f"token={token}&slots=hero:1&custom.vip=true&exclude=plain") == ["For few"]
    link = wired.link(attributes={"custom.vip": True})
    assert sorted(wired.titles(f"token={link['token']}")) == ["For few", "Plain"]
    assert wired.titles(f"token={link['token']}&exclude=plain") == ["For few"]
    assert wired.titles(f"token={wired.link(segments=['vip'])['token']}&exclude=plain") == ["For few"]
    misspelt = wired.client(None).post(f"/v1/preview?token={link['token']}", json={"context": {"locle": "en"}})
    assert misspelt.json["errors"] == [
        {"pointer": "/context/locle", "detail": "a context has no 'locle'; did you mean 'locale'?"}
    ]


def test_an_entry_that_the_mapping_ignores_or_refuses_says_why(wired: Wired) -> None:
    wired.write("hero/us.en.md", "---\ntitle: Us\nslot: hero\ndraft: true\n---\n")
    entries = [*HERO["entries"], {"source": "site", "id": "us", "locale": "en"}]
    token = wired.link(entries=entries)["token"]
    wired.write("hero/winter.en.md", "---\ntitle: Torn\nslot: hero\nends_at: never\ndraft: true\n---\n")
    (wired.folder / "hero/us.en.md").rename(wired.folder / "page/us.en.md")
    found = wired.client(None).get(f"/v1/preview?token={token}").json
    torn, ignored = found["preview"]["entries"]
    assert (torn["shown"], ignored["shown"]) == ("published", "published")
    assert "mapping.ends_at" in torn["detail"]
    assert "its type 'page' is in mapping.exclude_types" in ignored["detail"]
    assert found["degraded"] == ["draft:site/winter", "draft:site/us"]
    for place, detail in ((0, torn["detail"]), (1, ignored["detail"])):
        refused = wired.client().post("/v1/previews", json={"entries": [entries[place]]})
        assert refused.status_code == 422
        assert refused.json["errors"] == [{"pointer": "/entries/0/id", "detail": f"there is nothing to show: {detail}"}]


def test_a_link_is_for_those_who_may_and_names_what_there_is(wired: Wired) -> None:
    assert wired.client(None).post("/v1/previews", json=HERO).status_code == 401
    assert wired.client(READER).post("/v1/previews", json=HERO).status_code == 403
    assert wired.client("bound").post("/v1/previews", json=HERO).status_code == 403
    wrong = {"entries": [{"source": "sight", "id": "a"}], "expires_in_s": 604_801, "page": "javascript:alert(1)"}
    refused = wired.client().post("/v1/previews", json=wrong)
    assert refused.status_code == 422
    assert {one["pointer"] for one in refused.json["errors"]} == {"/expires_in_s", "/page"}
    refused = wired.client().post("/v1/previews", json={"entries": [{"source": "sight", "id": "a"}]})
    assert refused.json["errors"][0]["detail"] == "no source 'sight'; did you mean 'site'?"
    many = {"entries": [{"source": "site", "id": str(number)} for number in range(21)]}
    assert wired.client().post("/v1/previews", json=many).status_code == 422
    long = wired.client().post("/v1/previews", json={**HERO, "attributes": {"custom.text": "x" * 6_000}})
    assert (long.status_code, long.json["type"]) == (422, "/problems/validation-failed")


@pytest.mark.parametrize("token", ["", "p1.a.b", "d1.e30.AAAAAAAAAAAAAAAAAAAAAA", "x" * 7_000])
def test_what_is_no_link_is_401_and_shows_nothing(wired: Wired, token: str) -> None:
    for answer in (
        wired.client(None).get("/v1/preview", query_string={"token": token, "slots": "hero"}),
        wired.client(None).post("/v1/preview", query_string={"token": token}, json={}),
    ):
        assert (answer.status_code, answer.json["type"]) == (401, "/problems/unauthorized")
        assert "slots" not in answer.json


def test_a_key_instead_of_a_link_is_refused(wired: Wired) -> None:
    assert wired.client().get("/v1/preview?slots=hero").status_code == 422
    assert wired.client().get("/v1/preview?slots=hero&token=x").status_code == 401


def test_a_page_of_the_site_may_ask_from_its_own_origin_only(wired: Wired) -> None:
    link = wired.link(page=f"{SHOP}/start?lang=fr")
    (token,) = parse_qs(urlsplit(link["url"]).query)["preview"]
    answer = wired.client(None).get("/v1/preview", query_string={"token": token}, headers={"Origin": SHOP})
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP
    other = wired.client(None).get(
        "/v1/preview", query_string={"token": token}, headers={"Origin": "https://elsewhere.example"}
    )
    assert "Access-Control-Allow-Origin" not in other.headers
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    assert wired.client(None).options("/v1/preview", headers=asked).headers["Access-Control-Allow-Origin"] == SHOP


def test_what_the_application_opened_is_closed_with_it(wired: Wired) -> None:
    """A draft read over HTTP keeps its connection for the next; the end of the application ends it."""
    callers: list[int] = []

    def answer(request: Request) -> Reply:
        callers.append(request.client[1])
        return Reply.of([{"id": "a", "title": "A"}])

    with serve(answer) as url:
        settings: Settings = wired.app.extensions["tessera"].settings
        options = {"url": url, "path": "drafts", "previews": True, "items": "$", "id": "$.id", "content_type": "hero"}
        source = Plugged("shop", "generic", {**options, "allow_private": True})
        app = create_app(replace(settings, sources={"shop": source}))
        try:
            named = {"entries": [{"source": "shop", "id": "a"}], "slots": [{"id": "hero"}]}
            client, key = app.test_client(), {"Authorization": f"Bearer {ADMIN}"}
            token = client.post("/v1/previews", json=named, headers=key).json["token"]
            shown = client.get("/v1/preview", query_string={"token": token}).json
            assert [one["shown"] for one in shown["preview"]["entries"]] == ["draft"]
            assert set(callers) <= connected_from()
        finally:
            app.extensions["tessera"].close()
        assert callers
        assert not set(callers) & connected_from()


def connected_from() -> set[int]:
    """Local ports of TCP connections that nobody has begun to close."""
    rows = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    return {int(row.split()[1].partition(":")[2], 16) for row in rows if row.split()[3] == "01"}
