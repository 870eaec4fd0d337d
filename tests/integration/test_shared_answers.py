"""What caches are told by REST and GraphQL as they are wired, and that a 304 takes no decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugin.app import create_app
from plugin.edge.keys import keys_of
from plugin.ports import StoredEntry
from plugin.service.delivery.personalize import Personalization
from plugin.setting_kinds import DeliveryKey, Secret
from plugin.settings import Settings
from plugin.store import Store, migrate, open_store
from tests.unit.plugin.service.site_support import entry, publish, put

SITE: dict[str, Any] = {
    "version": 1,
    "slots": [
        {"id": "hero", "limit": 1, "select": {"content.type": "hero"}, "default": {"id": "welcome"}},
        {"id": "prices", "limit": 3, "select": {"content.tags": "price"}},
        {"id": "by.device"},
        {"id": "one", "select": {"content.id": "h"}},
    ],
    "rules": [
        {"id": "p", "slot": "prices", "strict": True, "then": [{"boost": {"content.tags": "price"}, "by": 1}]},
        {"id": "d", "slot": "by.device", "when": {"device.type": "mobile"}, "then": [{"pin": {"id": "h"}}]},
    ],
}
DOCUMENT = '{ personalize(slots: [{id: "hero"}]) { slots { ttlS blocks { id } } } }'
OF_CACHES = {"CDN-Cache-Control", "ETag", "Surrogate-Key", "xkey", "Cache-Tag", "Cache-Status"}
Get = Callable[..., TestResponse]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with serving(tmp_path_factory.mktemp("shared")) as (made, _store):
        yield made


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Flask, Store]]:
    url = f"sqlite:///{folder / 'tessera.db'}"
    store = open_store(url)
    migrate.upgrade(store.engine)
    publish(store, SITE)
    put(store, entry("h", type_="hero", weight=1), entry("w", source="files"), entry("p", tags=("price",)))
    made = create_app(
        Settings(
            public_url="https://tessera.example",
            data_dir=folder,
            database_url=Secret(url),
            secret_key=Secret("k" * 32),
            delivery_keys=(DeliveryKey("public", frozenset()),),
            edge_ttl_s=40,
            edge_stale_s=20,
            edge_error_s=600,
        )
    )
    yield made, store
    made.extensions["tessera"].close()
    store.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client(use_cookies=False)


def by_rest(client: FlaskClient, *slots: str, **headers: str) -> TestResponse:
    query = urlencode({"slots": ",".join(slots), "key": "public"})
    return client.get(f"/v1/personalize?{query}", headers={name.replace("_", "-"): v for name, v in headers.items()})


def by_graphql(client: FlaskClient, *slots: str, **headers: str) -> TestResponse:
    asked = ", ".join(f'{{id: "{slot}"}}' for slot in slots)
    query = urlencode({"query": f"{{ personalize(slots: [{asked}]) {{ slots {{ ttlS blocks {{ id }} }} }} }}"})
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(f"/graphql?{query}&key=public", headers=said)


@pytest.fixture(params=[by_rest, by_graphql], ids=["rest", "graphql"])
def get(request: pytest.FixtureRequest, client: FlaskClient) -> Get:
    return lambda *slots, **headers: request.param(client, *slots, **headers)


def test_a_shared_answer_tells_every_cache_what_it_needs(get: Get) -> None:
    answer = get("hero", Cookie="a=b; tessera_visitor=v-1")
    headers = dict(answer.headers)
    rest = "stale-while-revalidate=20, stale-if-error=600"
    assert headers["Cache-Control"] == f"public, max-age=0, s-maxage=40, {rest}"
    assert headers["CDN-Cache-Control"] == f"public, max-age=40, {rest}"
    keys = headers["xkey"].split()
    assert (keys[:3], keys[-1]) == (["tessera", "audience", "slot:hero"], "entry:files/h")
    assert (headers["Surrogate-Key"].split(), headers["Cache-Tag"].split(",")) == (keys, keys)
    assert headers["Cache-Status"].startswith("tessera; fwd=miss; ttl=40; key=")
    assert headers["ETag"].startswith('"')
    assert headers["Vary"] == "T-Key"
    assert "Cloudflare-CDN-Cache-Control" not in headers, "this address has one answer"
    assert "Set-Cookie" not in headers


def test_an_answer_is_found_by_what_its_slots_read(get: Get) -> None:
    assert get("hero").headers["xkey"].split()[3:-1] == ["among:id:welcome", "among:type:hero"]


@pytest.mark.parametrize(
    ("selected", "more", "other"),
    [
        ("... on HeroBlock { weight }", "__typename", entry("other", type_="hero", weight=1.5)),
        ("__typename", "", entry("other", type_="Hero")),
        ("__typename", "__typename", entry("other", type_="Hero")),
    ],
    ids=["a number", "a name", "a name, executed"],
)
def test_what_follows_from_the_types_of_content_is_purged_with_any_of_it(
    tmp_path: Path, selected: str, more: str, other: StoredEntry
) -> None:
    """An entry that the slot does not choose makes a number of its type another, or takes the name of its type."""
    query = f'{{ personalize(slots: [{{id: "one"}}]) {{ slots {{ blocks {{ id {selected} }} }} }} {more} }}'
    with serving(tmp_path) as (made, store):
        client = made.test_client(use_cookies=False)

        def get() -> TestResponse:
            return client.get(f"/graphql?{urlencode({'query': query, 'key': 'public'})}")

        before = get()
        assert before.status_code == 200
        epoch = store.content.epoch()
        put(store, other)
        made.extensions["tessera"].sites.refresh()
        assert get().text != before.text
        purged = {key for purge in store.purges.since(epoch) for key in keys_of(purge)}
        assert purged.intersection(before.headers["xkey"].split())


def test_what_is_strict_is_never_stale(get: Get) -> None:
    for slots in (["prices"], ["hero", "prices"]):
        said = get(*slots).headers["Cache-Control"]
        assert said == "public, max-age=0, s-maxage=40, stale-while-revalidate=0, must-revalidate"


def test_a_private_answer_tells_caches_nothing_but_that(get: Get) -> None:
    answer = get("by.device", If_None_Match="*")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not (OF_CACHES | {"Set-Cookie"}) & set(answer.headers.keys())


def test_who_names_the_tag_gets_304_without_a_decision(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    first = get("hero", "prices")

    def refuse(*_asked: object, **_more: object) -> None:
        raise AssertionError("it was decided")

    monkeypatch.setattr(Personalization, "answer", refuse)
    for tags in (first.headers["ETag"], f'"x", W/{first.headers["ETag"]}', "*"):
        again = get("hero", "prices", If_None_Match=tags, Origin="https://shop.example", User_Agent="iPhone")
        assert (again.status_code, again.data) == (304, b"")
        assert not {"Content-Type", "Content-Length", "Set-Cookie"} & set(again.headers.keys())
        for name in ("Cache-Control", "CDN-Cache-Control", "ETag", "Vary", "xkey", "Access-Control-Allow-Origin"):
            assert again.headers[name] == first.headers[name]
        assert again.headers["Cache-Status"].startswith("tessera; hit; ttl=40; key=")


def test_who_may_not_ask_is_not_told_that_nothing_changed(client: FlaskClient) -> None:
    tag = by_rest(client, "hero").headers["ETag"]
    for path in ("/v1/personalize?slots=hero", "/v1/personalize?slots=hero&key=wrong"):
        assert client.get(path, headers={"If-None-Match": tag}).status_code == 401


def test_a_tag_is_of_one_address(client: FlaskClient) -> None:
    """Cached under one, named at another."""
    rest, graphql = by_rest(client, "hero"), by_graphql(client, "hero")
    tags = {rest.headers["ETag"], graphql.headers["ETag"], by_rest(client, "prices").headers["ETag"]}
    assert len(tags) == 3
    assert by_rest(client, "hero", If_None_Match=graphql.headers["ETag"]).status_code == 200


def test_a_posted_question_is_nobody_elses(client: FlaskClient) -> None:
    asked = client.post("/v1/personalize?key=public", json={"slots": [{"id": "hero"}]}, headers={"If-None-Match": "*"})
    assert (asked.status_code, asked.headers["Cache-Control"]) == (200, "private, no-store")
    posted = client.post("/graphql?key=public", json={"query": DOCUMENT}, headers={"If-None-Match": "*"})
    assert (posted.status_code, posted.headers["Cache-Control"]) == (200, "private, no-store")
    for answer in (asked, posted):
        assert not OF_CACHES & set(answer.headers.keys())
