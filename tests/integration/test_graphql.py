"""`/graphql` as it is wired: it answers what REST does, to whom REST does, and who may keep it."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import Client, TestResponse

from plugin import settings as settings_
from plugin.app import create_app
from plugin.cli.demo import prepare
from plugin.errors import SettingsError
from plugin.graphql.shapes import TEXTS
from plugin.setting_kinds import DeliveryKey, Secret
from plugin.settings import Settings
from plugin.store import migrate, open_store
from plugin.web.limits import Buckets
from plugin.web.services import Rate
from tests.docs.site import EDITOR_KEY, TOML
from tests.unit.plugin.service.site_support import entry, publish, put

PATH = "/graphql"
SHOP = "https://shop.example"
READER = "reader-key-0123456789"
PUBLIC = "demo-delivery-key"
MORE = f"""
[[delivery_keys]]
key = "bound"
origins = ["{SHOP}"]

[[management_keys]]
name = "reader"
key = "{READER}"
scopes = ["read"]
"""
DOCUMENT = """
query Page($slots: [SlotInput!]!, $visitor: VisitorInput, $context: JSON, $unique: Boolean, $events: [JSON!],
           $render: Render, $explain: Boolean) {
  personalize(slots: $slots, visitor: $visitor, context: $context, unique: $unique, events: $events,
              render: $render, explain: $explain) {
    decisionId
    ruleset
    visitor { id segments }
    slots {
      id
      blocks { id type position score fields tags html reason { kind rule experiment arm model } }
      presentation
      fallback
      audienceKey
      ttlS
      decisionToken
      trace
    }
    errors { slot pointer detail }
    degraded
  }
}
"""
ONE = '{ personalize(slots: [{id: "home.hero"}]) { ruleset slots { id blocks { id } } } }'


MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[^\"]*|\d\d:\d\d:\d\d\.\d+")


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    place = tmp_path_factory.mktemp("graphql")
    # The document has no table of delivery keys in TOML's long form.
    text = TOML.replace(
        'delivery_keys = [{key = "demo-delivery-key", origins = []}]', 'graphql_documents = "kept.json"'
    )
    keys = f'[[delivery_keys]]\nkey = "{PUBLIC}"\norigins = []\n'
    (place / "tessera.toml").write_text(text + keys + MORE)
    (place / "kept.json").write_text(json.dumps({hash_of(ONE): ONE}))
    found = settings_.load({"EDITOR_KEY": EDITOR_KEY}, place)
    prepare(found)
    made = create_app(found)
    yield made
    made.extensions["tessera"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client(use_cookies=False)


def post(client: FlaskClient, body: Any, key: str | None = PUBLIC, **rest: Any) -> TestResponse:
    headers = {**({"X-Tessera-Key": key} if key else {}), **rest.pop("headers", {})}
    return client.post(PATH, json=body, headers=headers, **rest)


def ask(client: FlaskClient, query: str, key: str = PUBLIC, **variables: Any) -> TestResponse:
    return post(client, {"query": query, "variables": variables}, key)


def get(client: FlaskClient, query: str, key: str = PUBLIC, headers: Any = (), **rest: Any) -> TestResponse:
    variables = rest.pop("variables", None)
    given = {"query": query, "key": key, **({"variables": json.dumps(variables)} if variables else {}), **rest}
    return client.get(PATH, query_string=given, headers=headers)


def problem(answer: TestResponse, status: int, slug: str) -> Mapping[str, Any]:
    """A refusal as it is documented: REST's own, with GraphQL around it, never kept."""
    assert answer.status_code == status, answer.data
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type in {"application/json", "application/graphql-response+json"}
    assert answer.json is not None
    assert answer.json.get("data") is None
    found: Mapping[str, Any] = answer.json["errors"][0]["extensions"]["problem"]
    assert (found["type"], found["status"]) == (f"/problems/{slug}", status)
    assert answer.json["errors"][0]["message"] == found["detail"]
    return found


# --- the same as REST


def as_rest(found: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of GraphQL in the words of REST."""
    whole = found["data"]["personalize"]
    slots = {}
    for slot in whole["slots"]:
        slots[slot["id"]] = {
            "blocks": slot["blocks"],
            "presentation": slot["presentation"],
            "fallback": slot["fallback"],
            "audience_key": slot["audienceKey"],
            "ttl_s": slot["ttlS"],
            "decision_token": slot["decisionToken"],
            **({"trace": slot["trace"]} if slot["trace"] is not None else {}),
        }
    errors = [{name: value for name, value in one.items() if value is not None} for one in whole["errors"]]
    private = {"decision_id": whole["decisionId"], "visitor": whole["visitor"]}
    return {
        "ruleset": whole["ruleset"],
        **(private if whole["visitor"] is not None else {}),
        "slots": slots,
        "errors": errors,
        "degraded": whole["degraded"],
    }


def same(one: Mapping[str, Any], two: Mapping[str, Any]) -> None:
    """Equal but for what each decision has of its own: its id, and seconds that pass between the two."""
    for found in (one, two):
        if "decision_id" in found:
            assert len(found["decision_id"]) == 26
    # Traces tell the moment, in several places.
    left, right = (json.loads(MOMENT.sub("then", json.dumps(found))) for found in (one, two))
    for found in (left, right):
        found.pop("decision_id", None)
    for name, slot in left["slots"].items():
        assert abs(slot.pop("ttl_s") - right["slots"][name].pop("ttl_s")) <= 2
    for name, slot in left["slots"].items():
        assert slot == right["slots"][name]
    assert left == right


SLOTS: list[list[dict[str, Any]]] = [
    [{"id": "home.hero"}],
    [{"id": "home.hero"}, {"id": "home.feed", "limit": 3}, {"id": "home.promo"}],
    [{"id": "home.feed", "exclude": ["alps-poster"]}, {"id": "nowhere"}],
    [{"id": "home.feed", "limit": 0}],
]
VISITORS: list[Any] = [None, {"id": "v-1"}, {"id": "v-2"}, {"id": None}]
CONTEXTS: list[dict[str, Any]] = [
    {},
    {"locale": "fr-FR", "url": "https://x.example/?utm_campaign=winter", "timezone": "Europe/Paris"},
    {"custom": {"cart_value": 80, "unknown": [1, 2]}, "consent": {"personalization": False}, "timezon": "UTC"},
]
OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({}, PUBLIC),
    ({"render": "html"}, PUBLIC),
    ({"render": "both"}, PUBLIC),
    ({"explain": True}, EDITOR_KEY),
]


@pytest.mark.parametrize(("options", "key"), OPTIONS)
def test_posted_requests_are_answered_as_rest_answers_them(
    client: FlaskClient, options: dict[str, Any], key: str
) -> None:
    for slots, visitor, context in itertools.product(SLOTS, VISITORS, CONTEXTS):
        rest = {"slots": slots, "unique": True, "visitor": visitor, "context": context, "options": options}
        expected = client.post("/v1/personalize", json=rest, headers={"X-Tessera-Key": key})
        found = ask(client, DOCUMENT, key, slots=slots, unique=True, visitor=visitor, context=context, **options)
        assert (expected.status_code, found.status_code) == (200, 200), found.data
        assert found.headers["Cache-Control"] == expected.headers["Cache-Control"]
        same(as_rest(found.json), expected.json)


SMALL: dict[str, Any] = {
    "version": 1,
    "attributes": {"custom.eu": {"type": "boolean"}},
    "slots": [{"id": name, "limit": 3} for name in ("plain", "by.device", "by.campaign", "by.custom", "by.time")]
    + [{"id": "capped", "limit": 1, "cap": {"per_visitor": 2, "within": "1h"}}],
    "rules": [
        {"id": name, "slot": slot, "when": when, "then": [{"pin": {"id": "b"}}]}
        for name, slot, when in (
            ("d", "by.device", {"device.type": "mobile"}),
            ("u", "by.campaign", {"request.utm.campaign": "winter"}),
            ("c", "by.custom", {"custom.eu": True}),
        )
    ]
    + [{"id": "t", "slot": "by.time", "when": {"time.hour": {"between": [18, 23]}}, "then": [{"pin": {"id": "b"}}]}],
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A site with slots that a shared cache may keep."""
    folder = tmp_path_factory.mktemp("small")
    url = f"sqlite:///{folder / 'tessera.db'}"
    store = open_store(url)
    migrate.upgrade(store.engine)
    publish(store, SMALL)
    put(store, *(entry(name, locale=locale) for name in "abc" for locale in ("fr", "en")))
    store.close()
    made = create_app(
        Settings(
            public_url="https://tessera.example",
            data_dir=folder,
            database_url=Secret(url),
            secret_key=Secret("k" * 32),
            delivery_keys=(DeliveryKey(PUBLIC, frozenset()),),
            apply_events=False,
        )
    )
    yield made
    made.extensions["tessera"].close()


PLACES: list[dict[str, Any]] = [
    {},
    {"locale": "fr"},
    {"locale": "zz top"},
    {"url": "https://x.example/?utm_campaign=winter"},
    {"locale": "fr", "timezone": "Europe/Paris", "url": "https://x.example/"},
    {"timezone": "Nowhere/City", "locale": "en"},
    {"custom": {"eu": True}, "locale": "fr"},
    {"consent": {"personalization": True}, "locale": "fr"},
]


@pytest.mark.parametrize("visitor", [None, "v-1"])
@pytest.mark.parametrize("context", PLACES)
def test_requests_by_get_are_as_private_as_those_of_rest(small: Flask, visitor: str | None, context: Any) -> None:
    """Whether the context stands in the document's variables or in the address beside it."""
    client = small.test_client(use_cookies=False)
    said = {name: value for name, value in context.items() if isinstance(value, str)}
    for name in ("custom", "consent"):
        said |= {f"{name}.{key}": json.dumps(value) for key, value in context.get(name, {}).items()}
    said |= {"visitor.id": visitor} if visitor else {}
    for slots in [[one["id"]] for one in SMALL["slots"]] + [
        ["plain", "by.campaign"],
        ["plain", "capped"],
        ["plain", "x"],
    ]:
        asked = [{"id": name} for name in slots]
        for headers in ({}, {"Accept-Language": "en"}, {"Cookie": "tessera_visitor=v-3"}, {"Sec-GPC": "1"}):
            expected = client.get(
                "/v1/personalize", query_string={"slots": ",".join(slots), "key": PUBLIC, **said}, headers=headers
            )
            inside = {"slots": asked, "visitor": {"id": visitor}, "context": context}
            for found in (
                get(client, DOCUMENT, variables=inside, headers=headers),
                get(client, DOCUMENT, variables={"slots": asked}, headers=headers, **said),
            ):
                assert (found.status_code, expected.status_code) == (200, 200)
                assert _kind(found) == _kind(expected)
                same(as_rest(found.json), expected.json)


def _kind(answer: TestResponse) -> str:
    """What is said of caching, but for the seconds."""
    return answer.headers["Cache-Control"].partition("s-maxage")[0]


def test_a_shared_answer_says_for_how_long_and_has_nothing_of_a_visitor(small: Flask) -> None:
    client = small.test_client(use_cookies=False)
    variables = {"slots": [{"id": "plain"}], "context": {"locale": "fr"}, "visitor": {"id": "v-1"}}
    for accepts in ("*/*", "application/graphql-response+json, application/json", "application/graphql-response+json"):
        answer = get(client, DOCUMENT, variables=variables, headers={"Accept": accepts})
        whole = answer.json["data"]["personalize"]
        seconds = whole["slots"][0]["ttlS"]
        assert answer.headers["Cache-Control"].startswith(f"public, max-age=0, s-maxage={seconds}, stale-while-")
        assert (whole["visitor"], whole["decisionId"]) == (None, None)
        assert answer.content_type == "application/json", "one address, one media type"
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Vary"] == "T-Key"
        assert b"v-1" not in answer.data


def test_an_answer_of_several_parts_is_as_private_as_the_strictest(small: Flask) -> None:
    client = small.test_client(use_cookies=False)
    part = 'personalize(slots: [{id: "%s"}], context: {locale: "fr"}) { slots { ttlS } }'
    parts = {slot: f"{slot.replace('.', '_')}: {part % slot}" for slot in ("plain", "by.time", "by.device")}
    shared = get(client, f"{{ {parts['plain']} {parts['by.time']} }}", timezone="Europe/Paris")
    seconds = [one["slots"][0]["ttlS"] for one in shared.json["data"].values()]
    fresh = re.match(r"public, max-age=0, s-maxage=(\d+), ", shared.headers["Cache-Control"])
    assert fresh is not None
    assert min(seconds) - 1 <= int(fresh[1]) <= min(seconds), "a little less where something is about to flip"
    private = get(client, f"{{ {parts['plain']} {parts['by.device']} }}")
    assert private.headers["Cache-Control"] == "private, no-store"
    posted = post(client, {"query": f"{{ {parts['plain']} a: {parts['plain'].partition(':')[2]} }}"})
    assert posted.headers["Cache-Control"] == "private, no-store"
    failed = get(client, f"{{ {parts['plain']} x: {part % 'nowhere'} }}")
    problem(failed, 404, "unknown-slots")


def test_events_of_a_request_are_taken_as_rest_takes_them(client: FlaskClient) -> None:
    events = [{"type": "view", "content_id": "alps-poster"}, {"type": "nonsense"}]
    rest = {"slots": [{"id": "home.hero"}], "visitor": {"id": "v-9"}, "events": events}
    expected = client.post("/v1/personalize", json=rest, headers={"X-Tessera-Key": PUBLIC})
    found = ask(client, DOCUMENT, slots=rest["slots"], visitor={"id": "v-9"}, events=events)
    assert found.json["data"]["personalize"]["errors"][0]["pointer"] == expected.json["errors"][0]["pointer"]
    same(as_rest(found.json), expected.json)
    problem(get(client, DOCUMENT, variables={"slots": rest["slots"], "events": events}), 405, "method-not-allowed")


WRONG: list[dict[str, Any]] = [
    {"slots": []},
    {"slots": [{"id": "home.hero"}, {"id": "home.hero"}]},
    {"slots": [{"id": "home.hero", "limit": -1}, {"id": "a", "limit": 1001}]},
    {"slots": [{"id": "nowhere"}, {"id": "home.heros"}]},
    {"slots": [{"id": str(number)} for number in range(51)]},
    {"slots": [{"id": "home.hero"}], "visitor": {"id": ""}},
    {"slots": [{"id": "home.hero"}], "context": {"custom": 5, "url": {}}},
    {"slots": [{"id": "home.hero"}], "context": []},
    {"slots": [{"id": "home.hero"}], "context": {"a": "\0"}},
    {"slots": [{"id": "home.hero"}], "events": [5]},
    {"slots": [{"id": "home.hero"}], "explain": True},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_rest_refuses_is_refused_with_the_same_problem(client: FlaskClient, wrong: dict[str, Any]) -> None:
    rest = dict(wrong)
    if "explain" in rest:
        rest["options"] = {"explain": rest.pop("explain")}
    expected = client.post("/v1/personalize", json=rest, headers={"X-Tessera-Key": PUBLIC})
    found = ask(client, DOCUMENT, **wrong)
    assert expected.status_code >= 400
    details = problem(found, expected.status_code, expected.json["type"].rpartition("/")[2])
    pointers = [(one["pointer"].removeprefix("/variables"), one["detail"]) for one in details.get("errors", ())]
    assert pointers == [(one["pointer"], one["detail"]) for one in expected.json.get("errors", ())]


# --- typed blocks


def test_blocks_have_the_fields_of_their_type(client: FlaskClient) -> None:
    text = """{ personalize(slots: [{id: "home.hero"}]) { slots { blocks {
      __typename id fields ... on HeroBlock { title } } } } }"""
    (block,) = ask(client, text).json["data"]["personalize"]["slots"][0]["blocks"]
    assert block["__typename"] == "HeroBlock"
    assert block["title"] == block["fields"]["title"]


def test_the_schema_follows_what_content_holds(client: FlaskClient, app: Flask) -> None:
    def fields() -> set[str]:
        answer = ask(client, '{ __type(name: "NoteBlock") { fields { name } } }', EDITOR_KEY).json
        return {one["name"] for one in (answer["data"]["__type"] or {"fields": []})["fields"]}

    own = {"id", "type", "position", "score", "fields", "tags", "html", "reason"}
    for number, more in enumerate([{"mood": "calm"}, {"mood": "calm", "stars": 4}]):
        body = {"variants": [{"locale": "en", "type": "note", "fields": more}]}
        done = client.put(f"/v1/content/note-{number}", json=body, headers={"X-Tessera-Key": EDITOR_KEY})
        assert done.status_code == 201
        app.extensions["tessera"].sites.refresh()
        assert fields() - own == {*more, *TEXTS}
    gone = ask(client, '{ personalize(slots: [{id: "home.hero"}]) { slots { blocks { ... on NoBlock { id } } } } }')
    problem(gone, 400, "malformed-request")


# --- content, visitors, mutations


def test_content_comes_in_pages_as_rest_gives_it(client: FlaskClient) -> None:
    text = """query Q($c: String) { content(type: "hero", limit: 3, cursor: $c) {
      items { id source locale type tags fields publishedAt updatedAt } next } }"""
    headers = {"X-Tessera-Key": READER}
    cursor = None
    for _ in range(3):
        given = {"type": "hero", "limit": 3, **({"cursor": cursor} if cursor else {})}
        expected = client.get("/v1/content", query_string=given, headers=headers).json
        found = ask(client, text, READER, c=cursor).json["data"]["content"]
        assert [one["id"] for one in found["items"]] == [one["id"] for one in expected["items"]]
        for one, two in zip(found["items"], expected["items"], strict=True):
            assert (one["publishedAt"], one["updatedAt"]) == (two["published_at"], two["updated_at"])
            assert (one["fields"], one["tags"], one["locale"]) == (two["fields"], two["tags"], two["locale"])
        cursor = found["next"]
        assert cursor == expected["next"]
    problem(ask(client, text, PUBLIC), 403, "forbidden")
    problem(ask(client, "{ content(limit: 0) { next } }", READER), 422, "validation-failed")


def test_one_entry_has_its_languages(client: FlaskClient) -> None:
    entry = ask(client, '{ content(id: "alps-poster") { items { id locale } next } }', READER).json["data"]["content"]
    assert {one["locale"] for one in entry["items"]} == {"fr", "en"}
    found = ask(client, '{ content(id: "alps-poster", locale: "fr") { items { locale } } }', READER).json
    assert found["data"]["content"]["items"] == [{"locale": "fr"}]
    problem(ask(client, '{ content(id: "nothing") { next } }', READER), 404, "not-found")
    problem(ask(client, '{ content(id: "a", limit: 5) { next } }', READER), 422, "validation-failed")


def test_a_visitor_needs_the_scope_and_says_where_there_is_none(client: FlaskClient) -> None:
    text = '{ visitor(id: "nobody") { id known segments { id } attributes } }'
    for key in (PUBLIC, READER):
        problem(ask(client, text, key), 403, "forbidden")


def test_events_are_tracked_once(client: FlaskClient) -> None:
    text = """mutation Track($events: [JSON!]!) {
      track(events: $events) { accepted duplicate ignored rejected { index pointer detail } } }"""
    event = {"id": "g-1", "type": "view", "visitor_id": "v-1", "content_id": "alps-poster"}
    first = ask(client, text, events=[event, {"type": "view", "id": "!"}])
    found = first.json["data"]["track"]
    assert (found["accepted"], found["duplicate"]) == (1, 0)
    assert {one["index"] for one in found["rejected"]} == {1}
    assert first.headers["Cache-Control"] == "private, no-store"
    again = ask(client, text, events=[event]).json["data"]["track"]
    assert (again["accepted"], again["duplicate"]) == (0, 1)
    problem(ask(client, text, events=[]), 422, "validation-failed")
    by_get = get(client, text, variables={"events": [event]})
    problem(by_get, 405, "method-not-allowed")
    assert by_get.headers["Allow"] == "POST"


def test_who_a_visitor_is_is_the_word_of_the_sites_server(client: FlaskClient) -> None:
    text = """mutation { identify(visitorId: "v-1", userId: "u-1") { linked notStored { pointer detail } } }"""
    problem(ask(client, text, PUBLIC), 403, "forbidden")
    found = ask(client, text, EDITOR_KEY)
    assert found.json["data"]["identify"]["linked"] is True, found.data
    details = problem(
        ask(client, 'mutation { identify(visitorId: "", userId: "u") { linked } }', EDITOR_KEY),
        422,
        "validation-failed",
    )
    assert details["errors"][0]["pointer"] == "/visitor_id"


def test_a_visitor_is_told_as_rest_tells_them(client: FlaskClient) -> None:
    said = ask(client, 'mutation { identify(visitorId: "v-7", userId: "u-7") { linked } }', EDITOR_KEY)
    assert said.status_code == 200, said.data
    headers = {"X-Tessera-Key": EDITOR_KEY}
    expected = client.get("/v1/visitors/u-7", headers=headers).json
    answer = ask(
        client,
        """{ visitor(id: "u-7") { id known linked attributes set segments { id kind since until score reason } consent
        preferences { likes dislikes } interests visits counters first_seen: firstSeen last_seen: lastSeen
        schema_version: schemaVersion } }""",
        EDITOR_KEY,
    )
    assert answer.json["data"]["visitor"] == expected
    assert (expected["known"], answer.headers["Cache-Control"]) == (True, "private, no-store")


def test_events_of_a_user_need_their_token_as_in_rest(client: FlaskClient) -> None:
    ask(client, 'mutation { identify(visitorId: "v-8", userId: "u-8") { linked } }', EDITOR_KEY)
    text = """mutation Track($token: String) {
      track(events: [{id: "of-u-8", type: "view", visitor_id: "u-8"}], userToken: $token) {
        accepted rejected { pointer detail } } }"""
    for variables, said in (({}, "needs the user token"), ({"token": "a.b.c"}, "user_token_key")):
        told = ask(client, text, **variables).json["data"]["track"]
        assert (told["accepted"], told["rejected"][0]["pointer"]) == (0, "/events/0/visitor_id")
        assert said in told["rejected"][0]["detail"]


# --- keys, origins, methods, bodies


def test_who_may_ask(client: FlaskClient) -> None:
    assert problem(post(client, {"query": ONE}, key=None), 401, "unauthorized")
    problem(post(client, {"query": ONE}, key="no"), 401, "unauthorized")
    assert post(client, {"query": ONE}, key="bound", headers={"Origin": SHOP}).status_code == 200
    problem(post(client, {"query": ONE}, key="bound", headers={"Origin": "https://other.example"}), 403, "forbidden")
    assert (
        client.post(f"{PATH}?key={PUBLIC}", data=json.dumps({"query": ONE}), content_type="text/plain").status_code
        == 200
    )
    problem(client.post(f"{PATH}?key={EDITOR_KEY}", json={"query": ONE}), 401, "unauthorized")


def test_every_field_of_the_root_counts_for_the_rate_as_a_request_of_rest_does(app: Flask) -> None:
    moments = itertools.count()
    limited = replace(app.wsgi_app, buckets=Buckets(Rate(per_s=0.5, burst=5), lambda: next(moments) / 1_000))  # type: ignore[type-var]
    client = Client(limited, TestResponse, use_cookies=False)
    part = 'personalize(slots: [{id: "home.hero"}]) { ruleset }'
    headers = {"X-Tessera-Key": PUBLIC}
    three = {"query": f"{{ a: {part} b: {part} ...C }} fragment C on Query {{ c: {part} }}"}
    assert [client.post(PATH, json=three, headers=headers).status_code for _ in range(2)] == [200, 200]
    for answer in (
        client.post(PATH, json=three, headers=headers),
        client.get(PATH, query_string={"query": three["query"], "key": PUBLIC}),
    ):
        problem(answer, 429, "rate-limited")
        assert answer.headers["Retry-After"] == "4", "one is owed, and one is needed"
    other = client.post(PATH, json=three, headers={"X-Tessera-Key": EDITOR_KEY})
    assert other.status_code == 200, "each key has its own"


def test_browsers_of_other_origins_may_ask_and_read(client: FlaskClient) -> None:
    headers = {
        "Origin": SHOP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-tessera-key",
    }
    allowed = client.options(PATH, headers=headers)
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (204, "*")
    for answer in (post(client, {"query": ONE}), post(client, {"query": "{"})):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ("{", 400, "malformed-request"),
        ("[]", 422, "validation-failed"),
        ('[{"query": "{__typename}"}]', 422, "validation-failed"),
        ("{}", 422, "validation-failed"),
        ('{"query": 5}', 422, "validation-failed"),
        ('{"query": "{", "variables": {}}', 400, "malformed-request"),
        ('{"query": "{__typename}", "query": "{__typename}"}', 400, "malformed-request"),
        ('{"query": "{__typename}", "variables": {"a": 1, "a": 2}}', 400, "malformed-request"),
        ('{"query": "{__typename}", "variables": {"a": 9007199254740993}}', 422, "validation-failed"),
        ('{"query": "{__typename}", "variables": {"a": NaN}}', 400, "malformed-request"),
        ('{"query": "{__typename}", "variables": ' + "[" * 5000 + "]" * 5000 + "}", 400, "malformed-request"),
        ('{"query": "{__typename}", "variables": []}', 422, "validation-failed"),
        ('{"query": "{__typename}", "operationName": "A"}', 400, "malformed-request"),
        ('{"query": "query A {__typename} query B {__typename}"}', 400, "malformed-request"),
        (
            '{"query": "{__typename}", "extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a"}}}',
            422,
            "validation-failed",
        ),
        ('{"documentId": "md5:1"}', 422, "validation-failed"),
        ('{"query": "subscription { a }"}', 400, "malformed-request"),
    ],
)
def test_bodies_that_are_none_are_refused(client: FlaskClient, body: str, status: int, slug: str) -> None:
    answer = client.post(PATH, data=body, content_type="application/json", headers={"X-Tessera-Key": PUBLIC})
    problem(answer, status, slug)


def test_large_bodies_other_media_types_and_methods_are_refused(client: FlaskClient) -> None:
    key = {"X-Tessera-Key": PUBLIC}
    large = {"query": ONE, "variables": {"a": "x" * 600_000}}
    problem(post(client, large), 413, "payload-too-large")
    problem(client.post(PATH, data="{}", content_type="application/xml", headers=key), 415, "unsupported-media-type")
    answer = client.put(PATH, json={}, headers=key)
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    head = client.head(PATH, query_string={"query": ONE, "key": PUBLIC})
    assert (head.status_code, head.data) == (200, b"")
    assert client.options(PATH).headers["Allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize(
    "query",
    [
        "query=%ff",
        "query={&query={",
        "variables=[",
        "variables=[]&query={__typename}",
        "extensions=5&query={__typename}",
        "query=",
    ],
)
def test_addresses_that_are_none_are_refused(client: FlaskClient, query: str) -> None:
    answer = client.get(f"{PATH}?{query}&key={PUBLIC}")
    assert answer.status_code in {400, 422}
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_media_type_is_the_one_that_is_asked_for(client: FlaskClient) -> None:
    own = "application/graphql-response+json"
    assert post(client, {"query": ONE}, headers={"Accept": own}).content_type == own
    assert post(client, {"query": "{"}, headers={"Accept": f"{own}, application/json"}).content_type == own
    assert post(client, {"query": ONE}, headers={"Accept": "*/*"}).content_type == "application/json"


# --- the schema itself


def test_the_schema_is_shown_to_management_keys_alone(client: FlaskClient) -> None:
    hidden = [
        "{ __schema { types { name } } }",
        '{ __type(name: "Query") { name } }',
        "query { ...S } fragment S on Query { s: __schema { types { name } } }",
        "query { ... { __schema { types { name } } } }",
    ]
    for text in hidden:
        problem(ask(client, text), 403, "forbidden")
        shown = get(client, text, EDITOR_KEY)
        assert shown.status_code == 401, "no secret key in an address"
        shown = client.get(PATH, query_string={"query": text}, headers={"X-Tessera-Key": EDITOR_KEY})
        assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "private, no-store")
    assert ask(client, "{ __typename }").json == {"data": {"__typename": "Query"}}


def test_a_whole_introspection_is_answered(client: FlaskClient) -> None:
    from graphql import build_client_schema, get_introspection_query

    answer = ask(client, get_introspection_query(), EDITOR_KEY)
    assert answer.status_code == 200, answer.data[:500]
    assert "HeroBlock" in build_client_schema(answer.json["data"]).type_map


# --- persisted documents


def persisted(text: str, *, send: bool) -> dict[str, Any]:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}
    return {"extensions": extensions, **({"query": text} if send else {})}


def test_a_document_is_asked_for_by_its_hash_once_it_was_sent(client: FlaskClient) -> None:
    text = ONE.replace("ruleset", "ruleset degraded")
    first = post(client, persisted(text, send=False))
    problem(first, 404, "not-found")
    assert first.json["errors"][0]["message"] == "PersistedQueryNotFound"
    assert first.json["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    sent = post(client, persisted(text, send=True))
    assert sent.status_code == 200
    assert post(client, persisted(text, send=False)).json == sent.json
    given = {"extensions": json.dumps(persisted(text, send=False)["extensions"]), "key": PUBLIC}
    by_get = client.get(PATH, query_string=given)
    assert by_get.json == sent.json
    assert by_get.headers["Cache-Control"] == get(client, text).headers["Cache-Control"]
    assert post(client, {"documentId": f"sha256:{hash_of(text)}"}).json == sent.json
    wrong = {**persisted(text, send=True), "query": ONE}
    problem(post(client, wrong), 422, "validation-failed")


def test_what_does_not_hold_is_not_kept(client: FlaskClient) -> None:
    text = "{ nonsense }"
    problem(post(client, persisted(text, send=True)), 400, "malformed-request")
    problem(post(client, persisted(text, send=False)), 404, "not-found")


def test_registered_documents_are_there_from_the_start(client: FlaskClient) -> None:
    assert post(client, {"documentId": f"sha256:{hash_of(ONE)}"}).status_code == 200


def test_only_registered_documents_where_the_settings_say_so(app: Flask) -> None:
    made = create_app(replace(app.extensions["tessera"].settings, graphql_only_registered=True, apply_events=False))
    try:
        client = made.test_client()
        assert post(client, {"query": ONE}).status_code == 200
        other = ONE.replace("ruleset", "ruleset degraded")
        problem(post(client, {"query": other}), 403, "forbidden")
        problem(post(client, persisted(other, send=True)), 403, "forbidden")
        assert post(client, persisted(other, send=True), EDITOR_KEY).status_code == 200
        problem(post(client, persisted(other, send=False)), 404, "not-found")
    finally:
        made.extensions["tessera"].close()


@pytest.mark.parametrize("text", ["[]", "{", '{"a": "{ b }"}', '{"a": 5}', json.dumps({hash_of("{"): "{"})])
def test_a_file_of_documents_that_is_none_is_told_at_the_start(tmp_path: Path, text: str) -> None:
    from plugin.graphql.registered import read_registered

    (tmp_path / "kept.json").write_text(text)
    with pytest.raises(SettingsError, match="graphql_documents"):
        read_registered(tmp_path / "kept.json")


# --- the page


def test_the_page_is_for_editors_who_are_logged_in_and_for_the_demo(client: FlaskClient, app: Flask) -> None:
    from plugin.editor.sessions import Session, Sessions
    from plugin.wiring.system import signing_key_of

    html = {"Accept": "text/html,*/*"}
    problem(client.get(PATH, headers=html), 401, "unauthorized")
    now = datetime.now(UTC)
    sessions = Sessions(signing_key_of(app.extensions["tessera"].settings), lambda: now, lambda: "nonce")
    session = Session("ada", frozenset(), int(now.timestamp()), int((now + timedelta(hours=1)).timestamp()), "n")
    cookie = {"Cookie": f"tessera_editor={sessions.write(session)}"}
    page = client.get(PATH, headers={**html, **cookie})
    assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "https:" not in page.text
    assert "http:" not in page.text
    for name in ("page.js", "page.css"):
        assert f"/graphql/{name}" in page.text
        assert client.get(f"/graphql/{name}").status_code == 200
    asked = client.get(PATH, query_string={"query": ONE, "key": PUBLIC}, headers={**html, **cookie})
    assert asked.content_type == "application/json"


def test_requests_are_counted(client: FlaskClient) -> None:
    ask(client, ONE)
    assert 'route="/graphql"' in client.get("/metrics").text
