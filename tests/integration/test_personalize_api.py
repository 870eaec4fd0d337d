"""`/v1/personalize` as it is wired: what it answers, what it refuses, and who may keep the answer."""

from __future__ import annotations

import io
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from plugin.app import create_app
from plugin.errors import SettingsError
from plugin.setting_kinds import DeliveryKey, ManagementKey, Plugged, Secret
from plugin.settings import Settings
from plugin.store import Store, migrate, open_store
from plugin.web.context_form import NO_PURPOSE, NO_WORD
from plugin.web.schemas.personalize import PersonalizeAnswer
from tests.unit.plugin.service.site_support import entry, publish, put

PATH = "/v1/personalize"
SHOP = "https://shop.example"
ADMIN, READER = "admin-key-0123456789", "reader-key-0123456789"
SITE: dict[str, Any] = {
    "version": 1,
    "segments": [
        {"id": "eu", "public": True, "when": {"custom.eu": True}},
        {"id": "rich", "when": {"custom.cart": {"gte": 80}}},
    ],
    "attributes": {"custom.eu": {"type": "boolean"}, "custom.cart": {"type": "number"}},
    "slots": [
        {"id": "shared", "limit": 3},
        {"id": "by.device", "limit": 3},
        {"id": "by.segment", "limit": 3},
        {"id": "capped", "limit": 1, "cap": {"per_visitor": 2, "within": "1h"}},
        {"id": "scored", "limit": 3, "blend": {"model": {"name": "gone"}}},
    ],
    "rules": [
        {"id": "d", "slot": "by.device", "when": {"device.type": "mobile"}, "then": [{"pin": {"id": "b"}}]},
        {"id": "s", "slot": "by.segment", "when": {"segment": "eu"}, "then": [{"pin": {"id": "b"}}]},
        {"id": "h", "slot": "shared", "then": [{"set": {"presentation.size": "small"}}]},
    ],
}
ASK = {"slots": [{"id": "shared"}]}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder: Path = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder / 'tessera.db'}"
    store = open_store(url)
    migrate.upgrade(store.engine)
    publish(store, SITE)
    put(store, entry("a", title="A"), entry("b", type_="hero", title="<B>"), entry("c"))
    store.close()
    return Settings(
        public_url="https://tessera.example",
        data_dir=folder,
        database_url=Secret(url),
        secret_key=Secret("k" * 32),
        delivery_keys=(DeliveryKey("public", frozenset()), DeliveryKey("bound", frozenset({SHOP}))),
        management_keys=(
            ManagementKey("ada", Secret(ADMIN), frozenset({"explain", "read"})),
            ManagementKey("rea", Secret(READER), frozenset({"read"})),
        ),
        max_body_bytes=4_096,
        models={"constant": Plugged("constant", "constant", {})},
    )


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    yield made
    made.extensions["tessera"].sites.stop()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client(use_cookies=False)  # else it drops the cookies that a test sends


def test_a_database_of_another_version_is_refused_at_once(settings: Settings, tmp_path: Path) -> None:
    """With what to do, and not with the first table that is missed."""
    new = replace(settings, database_url=Secret(f"sqlite:///{tmp_path / 'new.db'}"))
    with pytest.raises(SettingsError, match=f"at revision base, not at {migrate.head()}: run 'tessera db upgrade'"):
        create_app(new)


def post(client: FlaskClient, body: Any = None, key: str = "public", **rest: Any) -> TestResponse:
    headers = {"X-Tessera-Key": key, **rest.pop("headers", {})}
    return client.post(PATH, json=ASK if body is None else body, headers=headers, **rest)


def get(client: FlaskClient, query: str = "slots=shared", key: str = "public", **rest: Any) -> TestResponse:
    return client.get(f"{PATH}?{query}", headers={"X-Tessera-Key": key, **rest.pop("headers", {})}, **rest)


def problem(answer: TestResponse, status: int, slug: str) -> Mapping[str, Any]:
    """A refusal in its documented form, which a page of another origin can read."""
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    found: Mapping[str, Any] = json.loads(answer.data)
    assert (found["type"], found["status"]) == (f"/problems/{slug}", status)
    return found


def blocks(answer: TestResponse, slot: str) -> list[str]:
    assert answer.status_code == 200, answer.data
    return [block["id"] for block in json.loads(answer.data)["slots"][slot]["blocks"]]


# --- answers


def test_a_posted_request_is_answered_as_documented(client: FlaskClient) -> None:
    answer = post(client, {**ASK, "visitor": {"id": "v-1"}, "context": {"custom": {"eu": True}}})
    found = json.loads(answer.data)
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert set(found) == {"decision_id", "ruleset", "visitor", "slots", "errors", "degraded"}
    assert found["visitor"] == {"id": "v-1", "segments": ["eu"]}
    slot = found["slots"]["shared"]
    assert set(slot) == {"blocks", "presentation", "fallback", "audience_key", "ttl_s", "decision_token"}
    assert set(slot["blocks"][0]) == {"id", "type", "position", "score", "fields", "tags", "html", "reason"}
    assert set(slot["blocks"][0]["reason"]) == {"kind", "rule", "experiment", "arm", "model"}
    assert (slot["presentation"], slot["ttl_s"]) == ({"size": "small"}, 60)
    assert PersonalizeAnswer().validate(found) == {}
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert len(found["decision_id"]) == 26


def test_a_member_of_the_context_that_nothing_reads_is_told_and_refuses_nothing(client: FlaskClient) -> None:
    """A page may be newer than its server; a misspelt name is found all the same."""
    names = {"locale": "fr", "refferer": "https://a.example/", "utm/x": None, **{f"z-{i}": i for i in range(50)}}
    answer = post(client, {**ASK, "context": names})
    assert (answer.status_code, len(answer.json["errors"])) == (200, 10)
    assert answer.json["errors"][:2] == [
        {"pointer": "/context/refferer", "detail": "a context has no 'refferer'; did you mean 'referrer'?"},
        {"pointer": "/context/utm~1x", "detail": "a context has no 'utm/x'"},
    ]
    assert post(client, {**ASK, "context": {"locale": "fr", "ip": "192.0.2.1"}}).json["errors"] == []


def test_what_is_no_answer_of_consent_is_told(client: FlaskClient) -> None:
    """It counts as a no; of a purpose that cannot be read nobody knows whose."""
    word = {"Analytics": False, "a/b": None, "ads": True, "personalization": "yes"}
    expected = [
        {"pointer": "/context/consent/Analytics", "detail": NO_PURPOSE},
        {"pointer": "/context/consent/a~1b", "detail": NO_WORD},
        {"pointer": "/context/consent/personalization", "detail": NO_WORD},
    ]
    assert post(client, {**ASK, "context": {"consent": word}}).json["errors"] == expected
    question = 'query ($c: JSON) { personalize(slots: [{id: "shared"}], context: $c) { errors { pointer detail } } }'
    asked = {"query": question, "variables": {"c": {"consent": word}}}
    answer = client.post("/graphql", json=asked, headers={"X-Tessera-Key": "public"})
    assert answer.json["data"]["personalize"]["errors"] == expected
    many = {f"P{number}": False for number in range(50)}
    assert len(post(client, {**ASK, "context": {"consent": many}}).json["errors"]) == 10
    assert post(client, {**ASK, "context": {"consent": "yes"}}).status_code == 422


def test_a_value_of_a_wrong_type_is_counted_and_shows_in_the_explanation(client: FlaskClient) -> None:
    """Whichever way it was asked, and however far it was: what no rule reads is nobody's business."""

    def counted() -> Counter[str]:
        text = client.get("/metrics", headers={"Authorization": f"Bearer {ADMIN}"}).text
        rows = re.findall(r'^tessera_mistyped_attributes_total\{attribute="([^"]+)"\} (\d+)', text, re.MULTILINE)
        return Counter({name: int(count) for name, count in rows})

    def mistyped(custom: dict[str, Any]) -> list[str]:
        body = {"slots": [{"id": "by.segment"}], "context": {"custom": custom}, "options": {"explain": True}}
        found: list[str] = post(client, body, ADMIN).json["slots"]["by.segment"]["trace"]["mistyped"]
        return found

    before = counted()
    assert mistyped({"cart": "80", "eu": {"a": 1}, "other": {"a": 1}}) == ["custom.cart", "custom.eu"]
    assert mistyped({"cart": 80, "eu": True}) == []
    get(client, "slots=by.segment&custom.cart=eighty&custom.eu=yes")
    assert counted() - before == {"custom.cart": 2, "custom.eu": 2}


def test_each_private_answer_has_an_id_of_its_own(client: FlaskClient) -> None:
    assert len({json.loads(post(client).data)["decision_id"] for _ in range(20)}) == 20


def test_a_shared_answer_carries_nothing_of_a_visitor(client: FlaskClient) -> None:
    answer = get(client, "slots=shared&visitor.id=v-1&custom.eu=true")
    found = json.loads(answer.data)
    assert set(found) == {"ruleset", "slots", "errors", "degraded"}
    assert "trace" not in found["slots"]["shared"]
    seconds = found["slots"]["shared"]["ttl_s"]
    assert answer.headers["Cache-Control"].startswith(f"public, max-age=0, s-maxage={seconds}, stale-while-revalidate=")
    assert answer.headers["Vary"] == "T-Key"
    assert "Set-Cookie" not in answer.headers
    assert b"v-1" not in answer.data


HEADERS: list[dict[str, str]] = [
    {"Accept-Language": "fr"},
    {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"},
    {"Sec-CH-UA-Mobile": "?1", "Sec-CH-UA-Platform": '"Android"'},
    {"Cookie": "tessera_visitor=v-2; lang=fr; tessera_segment=eu"},
    {"CF-IPCountry": "FR", "CloudFront-Viewer-Country": "FR", "X-Vercel-IP-Country": "FR", "Fastly-Geo-Country": "FR"},
    {"X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7", "X-Real-IP": "192.0.2.7"},
    {"Save-Data": "on", "ECT": "2g", "Downlink": "0.1", "RTT": "2000"},
    {"Referer": "https://www.example.org/?q=shoes"},
    {"DNT": "1"},
    {"Sec-Purpose": "prefetch"},
    {"Origin": SHOP},
    {"Host": "other.example"},
    {"Accept": "text/html", "Accept-Encoding": "br", "If-None-Match": '"x"', "Range": "bytes=0-1"},
    {"Authorization": f"Bearer {ADMIN}"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=lambda one: next(iter(one)))
def test_a_shared_answer_is_the_same_bytes_whoever_asks(client: FlaskClient, headers: dict[str, str]) -> None:
    """A cache keeps it by its address alone."""
    plain, other = get(client), get(client, headers=headers)
    assert (plain.data, plain.headers["Cache-Control"]) == (other.data, other.headers["Cache-Control"])
    assert "public" in plain.headers["Cache-Control"]
    assert plain.headers.get("Vary") == other.headers.get("Vary")


@pytest.mark.parametrize("slot", ["by.device", "by.segment", "capped", "scored"])
def test_what_reads_the_visitor_or_is_degraded_is_private(client: FlaskClient, slot: str) -> None:
    for query in (f"slots={slot}", f"slots=shared,{slot}", "slots=shared,nope"):
        answer = get(client, query)
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "decision_id" in json.loads(answer.data)


def test_a_visitor_who_said_anything_of_consent_gets_a_private_answer(client: FlaskClient) -> None:
    assert get(client, headers={"Sec-GPC": "1"}).headers["Cache-Control"] == "private, no-store"
    cookie = {"Cookie": "tessera_consent=personalization=0"}
    assert get(client, headers=cookie).headers["Cache-Control"] == "private, no-store"


def test_the_device_decides(client: FlaskClient) -> None:
    phone = {
        "User-Agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
    }
    assert blocks(get(client, "slots=by.device", headers=phone), "by.device") == ["b", "a", "c"]
    assert blocks(get(client, "slots=by.device"), "by.device") == ["a", "b", "c"]


def test_a_public_key_is_told_public_segments_only(client: FlaskClient) -> None:
    body = {**ASK, "context": {"custom": {"eu": True, "cart": 90}}}
    assert json.loads(post(client, body).data)["visitor"]["segments"] == ["eu"]
    assert json.loads(post(client, body, ADMIN).data)["visitor"]["segments"] == ["eu", "rich"]


def test_head_is_get_without_the_body(client: FlaskClient) -> None:
    query = f"{PATH}?slots=shared&key=public"
    head, body = client.head(query), client.get(query)
    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(body.headers)
    assert int(head.headers["Content-Length"]) == len(body.data)


def test_an_unknown_model_degrades_and_the_rules_decide(client: FlaskClient) -> None:
    answer = post(client, {"slots": [{"id": "scored"}, {"id": "shared"}]})
    assert json.loads(answer.data)["degraded"] == ["model:gone", "slot:scored:rules"]
    assert blocks(answer, "scored") == ["a", "b", "c"]


def test_markup_comes_from_the_templates(client: FlaskClient) -> None:
    answer = post(client, {**ASK, "options": {"render": "both"}})
    by_id = {block["id"]: block for block in json.loads(answer.data)["slots"]["shared"]["blocks"]}
    assert "&lt;B&gt;" in by_id["b"]["html"]
    assert by_id["b"]["fields"] == {"title": "<B>"}


# --- explaining


def test_explaining_needs_a_management_key_with_that_scope(client: FlaskClient) -> None:
    body = {**ASK, "options": {"explain": True}}
    assert "trace" in json.loads(post(client, body, ADMIN).data)["slots"]["shared"]
    for key in ("public", READER):
        problem(post(client, body, key), 403, "forbidden")
        problem(get(client, "slots=shared&explain=true", key), 403, "forbidden")
    explained = get(client, "slots=shared&explain=true", ADMIN)
    assert explained.headers["Cache-Control"] == "private, no-store"
    assert "trace" in json.loads(explained.data)["slots"]["shared"]


# --- refusals


def test_without_a_key_nothing_is_answered(client: FlaskClient) -> None:
    for answer in (client.get(f"{PATH}?slots=shared"), client.post(PATH, json=ASK), post(client, key="wrong")):
        problem(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_secret_key_is_never_taken_from_an_address(client: FlaskClient) -> None:
    problem(client.get(f"{PATH}?slots=shared&key={ADMIN}"), 401, "unauthorized")
    problem(client.post(f"{PATH}?key={ADMIN}", json=ASK), 401, "unauthorized")


def test_a_browser_may_post_plain_text_with_the_key_in_the_address(client: FlaskClient) -> None:
    """So that other origins are asked without a preflight."""
    answer = client.post(f"{PATH}?key=public", data=json.dumps(ASK), content_type="text/plain;charset=UTF-8")
    assert answer.status_code == 200
    assert "shared" in json.loads(answer.data)["slots"]


def test_a_key_bound_to_an_origin_is_refused_from_others(client: FlaskClient) -> None:
    problem(post(client, key="bound", headers={"Origin": "https://evil.example"}), 403, "forbidden")
    assert post(client, key="bound", headers={"Origin": SHOP}).status_code == 200


def test_unknown_slots_are_404_with_the_nearest_name_where_all_are(client: FlaskClient) -> None:
    found = problem(post(client, {"slots": [{"id": "by.devise"}, {"id": "shard"}]}), 404, "unknown-slots")
    assert [(one["pointer"], one["suggestion"]) for one in found["errors"]] == [
        ("/slots/0/id", "by.device"),
        ("/slots/1/id", "shared"),
    ]
    assert problem(get(client, "slots=shard"), 404, "unknown-slots")["errors"]
    mixed = json.loads(post(client, {"slots": [{"id": "nope"}, {"id": "shared"}]}).data)
    assert [one["slot"] for one in mixed["errors"]] == ["nope"]
    near = json.loads(post(client, {"slots": [{"id": "shard"}, {"id": "shared"}]}).data)["errors"]
    assert near == [{"slot": "shard", "detail": "there is no slot 'shard'; did you mean 'shared'?"}]
    assert set(mixed["slots"]) == {"shared"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "BREW"])
def test_other_methods_are_405(client: FlaskClient, method: str) -> None:
    answer = client.open(PATH, method=method, headers={"X-Tessera-Key": "public"})
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_a_body_that_is_too_large_is_413(client: FlaskClient) -> None:
    body = {**ASK, "context": {"custom": {"x": "x" * 5_000}}}
    assert problem(post(client, body), 413, "payload-too-large")["limit_bytes"] == 4_096


@pytest.mark.parametrize("length", ["9" * 30, "9" * 5_000, "4097"])
def test_a_length_that_is_too_large_is_413_before_anything_is_read(client: FlaskClient, length: str) -> None:
    class Unread(io.BytesIO):
        def read(self, *_args: Any) -> bytes:
            pytest.fail("the body was read")

    environ = {"CONTENT_LENGTH": length, "wsgi.input": Unread(), "HTTP_X_TESSERA_KEY": "public"}
    answer = client.open(PATH, method="POST", environ_overrides=environ, content_type="application/json")
    problem(answer, 413, "payload-too-large")


@pytest.mark.parametrize("length", ["-1", "ten", "1e3", "٣", "0x10"])
def test_a_length_that_is_no_number_is_400(client: FlaskClient, length: str) -> None:
    environ = {"CONTENT_LENGTH": length, "HTTP_X_TESSERA_KEY": "public"}
    answer = client.open(PATH, method="POST", environ_overrides=environ, content_type="application/json")
    problem(answer, 400, "malformed-request")


@pytest.mark.parametrize(
    "media_type", ["application/xml", "multipart/form-data", "application/x-www-form-urlencoded", "image/png"]
)
def test_a_body_of_another_type_is_415(client: FlaskClient, media_type: str) -> None:
    answer = client.post(PATH, data=b"{}", content_type=media_type, headers={"X-Tessera-Key": "public"})
    problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "text/plain;charset=UTF-8"]
)
def test_json_is_taken_however_its_type_is_spelled(client: FlaskClient, media_type: str) -> None:
    """Beacons cannot send application/json without asking first."""
    raw = json.dumps(ASK).encode()
    assert client.post(PATH, data=raw, content_type=media_type, headers={"X-Tessera-Key": "public"}).status_code == 200


MALFORMED = [b"", b"{", b"not json", b'{"slots":[{"id":"\xff"}]}', b'{"slots":NaN}', b'{"a":1,"a":1}', b"[" * 2_000,
             b'{"slots":[{"id":"a"}],"slots":[{"id":"a"}]}', b'{"slots":[],}', b"\x00", b"\xef\xbb\xbf{}"]  # fmt: skip
INVALID: list[tuple[bytes, str]] = [
    (b"[]", ""),
    (b"null", ""),
    (b"{}", "/slots"),
    (b'{"slots":[]}', "/slots"),
    (b'{"slots":[{"id":7}]}', "/slots/0/id"),
    (b'{"slots":[{"id":"shared","limit":-1}]}', "/slots/0/limit"),
    (b'{"slots":[{"id":"shared"},{"id":"shared"}]}', "/slots/1/id"),
    (b'{"slots":[{"id":"shared"}],"unique":"yes"}', "/unique"),
    (b'{"slots":[{"id":"shared"}],"sloths":1}', "/sloths"),
    (b'{"slots":[{"id":"shared"}],"context":{"custom":{"x":1e999}}}', "/context/custom/x"),
    (b'{"slots":[{"id":"shared"}],"context":{"custom":{"x":99999999999999999999}}}', "/context/custom/x"),
    (b'{"slots":[{"id":"shared"}],"context":{"locale":"\\ud800"}}', "/context/locale"),
    (b'{"slots":[{"id":"a\\u0000"}]}', "/slots/0/id"),
    (b'{"slots":[{"id":"shared"}],"visitor":"v-1"}', "/visitor"),
    (b'{"slots":[{"id":"shared"}],"options":{"render":"pdf"}}', "/options/render"),
]


@pytest.mark.parametrize("raw", MALFORMED, ids=repr)
def test_what_is_no_json_is_400(client: FlaskClient, raw: bytes) -> None:
    answer = client.post(PATH, data=raw, content_type="application/json", headers={"X-Tessera-Key": "public"})
    problem(answer, 400, "malformed-request")


@pytest.mark.parametrize(("raw", "pointer"), INVALID)
def test_json_of_another_form_is_422_with_the_place(client: FlaskClient, raw: bytes, pointer: str) -> None:
    answer = client.post(PATH, data=raw, content_type="application/json", headers={"X-Tessera-Key": "public"})
    assert [one["pointer"] for one in problem(answer, 422, "validation-failed")["errors"]] == [pointer]


QUERIES = [
    ("", "/slots"),
    ("slots=", "/slots"),
    ("slots=,,", "/slots"),
    ("slots=shared:x", "/slots"),
    ("slots=shared:1001", "/slots/0/limit"),
    ("slots=shared,shared", "/slots/1/id"),
    ("slots=shared&unique=maybe", "/unique"),
    ("slots=shared&render=pdf", "/render"),
    ("slots=shared&render=html&render=json", "/render"),
    ("slots=shared&unique=true&unique=false", "/unique"),
    ("slots=shared&visitor.id=v-1&visitor.id=v-2", "/visitor.id"),
    ("slots=" + ",".join(f"s{number}" for number in range(51)), "/slots"),
]


@pytest.mark.parametrize(("query", "pointer"), QUERIES)
def test_a_query_of_another_form_is_422_with_the_place(client: FlaskClient, query: str, pointer: str) -> None:
    assert [one["pointer"] for one in problem(get(client, query), 422, "validation-failed")["errors"]] == [pointer]


@pytest.mark.parametrize(
    "query", ["slots=%ff", "slots=shared&x=%c3%28", "&".join(f"p{number}=1" for number in range(300))]
)
def test_a_query_that_cannot_be_read_is_400(client: FlaskClient, query: str) -> None:
    problem(get(client, query), 400, "malformed-request")


@pytest.mark.parametrize(
    "query",
    ["slots=%00", "slots=shared&visitor.id=%00", "slots=shared&url=%00%0d%0a", "slots=shared&custom.x=" + "9" * 3000,
     "slots=shared&timezone=../../etc/passwd", "slots=shared&locale=" + "a-" * 500, "slots=shared&custom.cart=NaN",
     "slots=shared&custom.cart=1e999", "slots=shared&custom.eu=maybe", "slots=shared&consent.x=maybe"],
)  # fmt: skip
def test_hostile_words_in_a_query_are_never_a_fault_of_ours(client: FlaskClient, query: str) -> None:
    assert get(client, query).status_code in {200, 404}


def test_other_paths_go_to_the_application_behind(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/v1/personalize/").status_code == 404
    preflight = client.options(PATH, headers={"Origin": SHOP, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"


def test_requests_are_counted_by_status_and_never_by_what_they_say(client: FlaskClient) -> None:
    get(client)
    post(client, key="wrong")
    client.open(PATH, method="BREW")
    text = client.get("/metrics", headers={"Authorization": f"Bearer {READER}"}).get_data(as_text=True)
    for method, status in (("GET", 200), ("POST", 401), ("other", 405)):
        assert f'tessera_http_requests_total{{method="{method}",route="{PATH}",status="{status}"}}' in text
    assert "BREW" not in text


def test_a_fault_of_ours_tells_an_incident_and_nothing_else(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["tessera"].personalization, "answer", lambda _command: {}["secret-detail"])
    found = problem(post(client), 500, "internal")
    assert found["instance"].startswith("urn:tessera:incident:")
    assert "secret-detail" not in json.dumps(found)


# --- bodies as servers hand them on


class Pieces(io.RawIOBase):
    """A body that comes in pieces: a read gives one of them, or less, however much is asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        found, rest = (piece, b"") if size < 0 else (piece[:size], piece[size:])
        if rest:
            self._pieces.insert(0, rest)
        self.given += len(found)
        return found


def sent(client: FlaskClient, body: Pieces, **environ: str) -> TestResponse:
    base = {"CONTENT_LENGTH": "", "CONTENT_TYPE": "application/json", "HTTP_X_TESSERA_KEY": "public"}
    return client.open(PATH, method="POST", environ_overrides={**base, "wsgi.input": body, **environ})


RAW = json.dumps(ASK).encode()


@pytest.mark.parametrize("more", [0, 40])
def test_a_chunked_body_is_read_to_its_end(client: FlaskClient, more: int) -> None:
    body = Pieces(RAW[:10], RAW[10:], *([b" " * 50] * more))
    assert blocks(sent(client, body, HTTP_TRANSFER_ENCODING="Chunked"), "shared") == ["a", "b", "c"]


def test_a_chunked_body_is_read_no_further_than_the_limit(client: FlaskClient) -> None:
    body = Pieces(RAW, *([b" " * 50] * 1_000_000))
    problem(sent(client, body, HTTP_TRANSFER_ENCODING="chunked"), 413, "payload-too-large")
    assert body.given == 4_097


def test_a_body_of_stated_length_is_read_to_it_and_no_further(client: FlaskClient) -> None:
    body = Pieces(RAW[:5], RAW[5:] + b"the next request")
    assert sent(client, body, CONTENT_LENGTH=str(len(RAW))).status_code == 200
    assert body.given == len(RAW)


def test_a_body_that_ends_early_is_refused(client: FlaskClient) -> None:
    problem(sent(client, Pieces(RAW[:10]), CONTENT_LENGTH=str(len(RAW))), 400, "malformed-request")


def test_without_a_length_there_is_no_body_to_read(client: FlaskClient) -> None:
    """Reading a connection that is kept open would wait for ever."""
    body = Pieces(RAW)
    problem(sent(client, body), 400, "malformed-request")
    assert body.given == 0


# --- published


def test_what_is_published_is_served_within_a_second(settings: Settings) -> None:
    """By two processes alike, without a restart; a broken version changes nothing."""
    apps = [create_app(settings) for _ in range(2)]
    store: Store = open_store(settings.database_url.reveal())

    def versions() -> set[int]:
        return {json.loads(post(app.test_client()).data)["ruleset"] for app in apps}

    def soon(wanted: int) -> bool:
        event = threading.Event()
        return any(versions() == {wanted} or event.wait(0.05) for _ in range(1_000))

    try:
        before = store.rulesets.epoch()
        assert soon(1)
        number = publish(store, {**SITE, "rules": []})
        assert soon(number)
        publish(store, {**SITE, "slots": "broken"})
        threading.Event().wait(0.6)
        assert versions() == {number}
        assert all("slots" in (app.extensions["tessera"].sites.last_error or "") for app in apps)
        assert store.rulesets.epoch() == before + 2
    finally:
        for app in apps:
            app.extensions["tessera"].sites.stop()
        store.close()
