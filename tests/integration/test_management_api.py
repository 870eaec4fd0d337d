"""Management over HTTP on real databases: a site's rules from nothing to published, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugin.store import Store
from tests.compiled.edge import edge
from tests.compiled.schema import refusals
from tests.unit.plugin.web.small_app import DOCUMENT, Small, SmallSettings, small_app


@pytest.fixture
def small(store: Store) -> Small:
    return small_app(store, settings=SmallSettings(max_body_bytes=200_000))


@pytest.fixture
def client(small: Small) -> FlaskClient:
    return small.client()


def replace_draft(client: FlaskClient, document: object) -> int:
    tag = client.get("/v1/draft").headers["ETag"]
    return client.put("/v1/draft", json=document, headers={"If-Match": tag}).status_code


def test_an_editor_builds_publishes_changes_and_takes_back(client: FlaskClient) -> None:
    """The way that an editor's page goes, with no document in sight."""
    assert client.post("/v1/attributes", json={"id": "profile.spend", "type": "number"}).status_code == 201
    segment = {"id": "spender", "when": {"profile.spend": {"gte": 500}}}
    assert client.post("/v1/segments", json=segment).status_code == 201
    assert client.post("/v1/slots", json={"id": "hero", "default": {"id": "plain"}}).status_code == 201
    rule = {"slot": "hero", "when": {"segment": "spender"}, "then": [{"pin": {"content.tags": "vip"}}]}
    assert client.put("/v1/rules/vip", json=rule).status_code == 201
    for name, tags in (("plain", []), ("gold", ["vip"])):
        variants = [{"type": "hero", "tags": tags, "fields": {"title": name}}]
        assert client.put(f"/v1/content/{name}", json={"variants": variants}).status_code == 201

    assert client.post("/v1/rulesets/check").json["ok"]  # type: ignore[index]
    assert client.post("/v1/rulesets", json={"from": "draft", "note": "first"}).status_code == 201
    assert client.post("/v1/rulesets/1/publish").json["epoch"] == 1  # type: ignore[index]
    assert client.get("/readyz").status_code == 200

    ask = {"slots": [{"id": "hero"}], "attributes": {"profile.spend": 900}}
    answer = client.post("/v1/simulate", json=ask).json
    assert answer is not None
    assert [block["id"] for block in answer["slots"]["hero"]["blocks"]] == ["gold"]
    for draft in ([], [{}], "drafts", 0, True, 1.5):
        refused = client.post("/v1/simulate", json={**ask, "draft": draft})
        assert refused.status_code == 422
        assert [error["pointer"] for error in refused.json["errors"]] == ["/draft"]  # type: ignore[index]

    tag = client.get("/v1/rules/vip").headers["ETag"]
    changed = client.put("/v1/rules/vip", json={**rule, "enabled": False}, headers={"If-Match": tag})
    assert changed.status_code == 200
    diff = client.get("/v1/rulesets/published/diff/draft").json
    assert diff is not None
    assert diff["sections"]["rules"]["changed"] == [
        {"id": "vip", "changes": [{"pointer": "/enabled", "op": "add", "before": None, "after": False}]}
    ]
    assert client.post("/v1/rulesets", json={"from": "draft", "publish": True}).json["epoch"] == 2  # type: ignore[index]
    back = client.post("/v1/rulesets/1/rollback", json={"note": "too early", "expected_epoch": 2}).json
    assert back is not None
    assert (back["number"], back["previous"], back["action"], back["epoch"]) == (1, 2, "rollback", 3)
    history = client.get("/v1/rulesets/history").json
    assert history is not None
    assert [(move["epoch"], move["number"]) for move in history["items"]] == [(3, 1), (2, 2), (1, 1)]


def test_a_broken_document_leaves_the_published_one_in_place(client: FlaskClient) -> None:
    assert client.post("/v1/rulesets", json={"document": dict(DOCUMENT), "publish": True}).status_code == 201
    broken = {"document": {**DOCUMENT, "rules": [{"id": "r", "slot": "home.hreo", "then": []}]}, "publish": True}
    refused = client.post("/v1/rulesets", json=broken)
    assert refused.status_code == 422
    assert refused.json["type"] == "/problems/rules-rejected"  # type: ignore[index]
    assert refused.json["errors"][0]["suggestion"] == "home.hero"  # type: ignore[index]
    failing = {**DOCUMENT, "tests": [{**DOCUMENT["tests"][0], "expect": {"first": "h2"}}]}  # type: ignore[index]
    refused = client.post("/v1/rulesets", json={"document": failing, "publish": True})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/tests/0"  # type: ignore[index]
    versions = client.get("/v1/rulesets").json
    assert versions is not None
    assert (versions["published"], len(versions["items"])) == (1, 1)


def test_what_is_in_use_stays_and_the_answer_says_by_whom(client: FlaskClient) -> None:
    assert replace_draft(client, DOCUMENT) == 200
    variants = {"variants": [{"type": "hero", "tags": ["audience:mobile"]}]}
    assert client.put("/v1/content/m1", json=variants).status_code == 201
    for path, use in [
        ("/v1/segments/mobile", {"section": "content", "id": "m1", "pointer": "/tags/0"}),
        ("/v1/segments/big-spender", {"section": "rules", "id": "hero-vip", "pointer": "/when/segment"}),
    ]:
        refused = client.delete(path, headers={"If-Match": "*"})
        assert refused.status_code == 409
        assert refused.json["uses"] == [use]  # type: ignore[index]


def test_content_goes_through_the_store_and_comes_back_the_same(client: FlaskClient) -> None:
    variant = {
        "type": "article",
        "locale": "fr",
        "tags": ["été", "audience:x"],
        "fields": {"title": "Œuvre", "price": 12.5, "deep": {"list": [1, None, True]}},
        "published_at": "2026-11-21T12:00:00+01:00",
    }
    made = client.post("/v1/content", json={"id": "blog/œuvre", "variants": [variant]})
    assert made.status_code == 201
    entry = client.get(made.headers["Location"])
    assert entry.headers["ETag"] == made.headers["ETag"]
    (shown,) = entry.json["variants"]  # type: ignore[index]
    expected = {**variant, "published_at": "2026-11-21T11:00:00+00:00"}
    assert {name: shown[name] for name in expected} == expected
    assert (shown["source"], shown["id"]) == ("api", "blog/œuvre")


@pytest.mark.parametrize(
    "variant",
    [
        {},
        {"type": 5},
        {"type": "a", "tags": "vip"},
        {"type": "a", "tags": [1]},
        {"type": "a", "fields": []},
        {"type": "a", "fields": {"id": "b"}},
        {"type": "a", "locale": ""},
        {"type": "a", "published_at": "yesterday"},
        {"type": "a", "published_at": 5},
        {"type": "a", "published_at": "0001-01-01T00:00:00+23:59"},
        {"type": "a" * 300},
        {"type": "a", "colour": "red"},
    ],
)
def test_an_entry_that_is_none_is_refused_with_the_field(client: FlaskClient, variant: object) -> None:
    refused = client.put("/v1/content/x", json={"variants": [variant]})
    assert refused.status_code == 422
    assert all(error["pointer"].startswith("/variants/0/") for error in refused.json["errors"])  # type: ignore[index]
    assert client.get("/v1/content/x").status_code == 404


# --- bytes that nobody should send

SPOILED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"\xff\xfe",
    b'{"id": NaN}',
    b'{"id": Infinity}',
    b'{"id": "a", "id": "b"}',
    b'{"id": "\x00"}',
    rb'{"id": "\u0000"}',
    rb'{"id": "\ud800"}',
    rb'{"\ud800": 1}',
    b'{"id": 1e999}',
    b'{"id": 99999999999999999999999}',
    b'{"id": ' + b"9" * 50_000 + b"}",
    b'{"id": "a", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"x": ' * 20_000,
    b'{"document": {"version": 1, "slots": {}}, "variants": {}, "slots": {}}',
    b'{"document": 5, "variants": [5], "slots": [5]}',
    b'{"id": "' + b"a" * 100_000 + b'"}',
    b'{"id": "a"' + b"".join(b', "k%d": 1' % number for number in range(10_000)) + b"}",
]
TARGETS = [
    ("POST", "/v1/rules"),
    ("PUT", "/v1/rules/a"),
    ("POST", "/v1/attributes"),
    ("PUT", "/v1/attributes/custom.a"),
    ("PUT", "/v1/draft"),
    ("POST", "/v1/content"),
    ("PUT", "/v1/content/a"),
    ("POST", "/v1/rulesets"),
    ("POST", "/v1/rulesets/check"),
    ("POST", "/v1/rulesets/1/publish"),
    ("POST", "/v1/simulate"),
]


def assert_refused(client: FlaskClient, method: str, path: str, body: bytes, **more: Any) -> None:
    answer = client.open(
        path, method=method, data=body, content_type="application/json", headers={"If-Match": "*"}, **more
    )
    if answer.status_code < 400:
        return
    assert answer.status_code < 500, (method, path, body[:80], answer.get_data(as_text=True)[:500])
    assert answer.content_type == "application/problem+json"
    problem = json.loads(answer.data)
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("/problems/")


@pytest.mark.parametrize(("method", "path"), TARGETS)
def test_spoiled_bodies_are_refused_and_never_a_fault_of_ours(client: FlaskClient, method: str, path: str) -> None:
    for body in SPOILED:
        empty_allowed = body == b"" and path.startswith("/v1/rulesets")
        answer = client.open(path, method=method, data=body, content_type="application/json", headers={"If-Match": "*"})
        assert empty_allowed or 400 <= answer.status_code < 500, (method, path, body[:80], answer.data[:300])
        if answer.status_code >= 400:
            assert answer.content_type == "application/problem+json"
            assert json.loads(answer.data)["status"] == answer.status_code


@pytest.mark.parametrize(
    "path",
    [
        "/v1/rules/%00",
        "/v1/rules/%ED%A0%80",
        "/v1/rules/%FF",
        "/v1/content/%00",
        "/v1/content/" + "a" * 5_000,
        "/v1/rulesets/99999999999999999999999",
        "/v1/rulesets/0",
        "/v1/rulesets/1/diff/99999999999999999999999",
        "/v1/rulesets/%C2%B2/diff/draft",
        "/v1/rulesets/-1/diff/draft",
        "/v1/content?type=%00",
        "/v1/content?source=" + "a" * 5_000,
        "/v1/content?tag=%ED%A0%80&type=%F0%9F%98%80",
        "/v1/rules?cursor=%00&limit=1",
        "/v1/content?cursor=AAAA",
        "/v1/rulesets?cursor=WyI5Il0",
        "/v1/rulesets?limit=%D9%A1%D9%A2",
    ],
)
def test_spoiled_addresses_are_refused_and_never_a_fault_of_ours(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {200, 404, 422}, answer.data
    assert answer.status_code != 200 or "items" in (answer.json or {})


def _mutations(draw: st.DrawFn) -> bytes:
    whole = json.dumps({"document": DOCUMENT, "variants": [{"type": "a"}], "slots": [{"id": "home.hero"}], **DOCUMENT})
    raw = bytearray(whole.encode())
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw) - 1))
        match draw(st.sampled_from(["set", "cut", "insert", "double"])):
            case "set":
                raw[at] = draw(st.integers(0, 255))
            case "cut":
                del raw[at : at + draw(st.integers(1, 40))]
            case "insert":
                raw[at:at] = draw(
                    st.sampled_from([b"null", b"[]", b"{}", b"1e999", b'"\\ud800"', b"-0", b"true", b",", b'""'])
                )
            case "double":
                raw[at:at] = raw[at : at + draw(st.integers(1, 60))]
        raw = raw or bytearray(b"x")
    return bytes(raw)


@pytest.fixture
def sqlite_small(sqlite_store: Store) -> Small:
    return small_app(sqlite_store, settings=SmallSettings(max_body_bytes=200_000))


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=st.composite(_mutations)(), target=st.sampled_from(TARGETS))
def test_mutated_bytes_are_never_a_fault_of_ours(sqlite_small: Small, body: bytes, target: tuple[str, str]) -> None:
    method, path = target
    assert_refused(sqlite_small.client(), method, path, body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document of the right outline with one part replaced by anything."""
    document: Any = json.loads(json.dumps(DOCUMENT))
    place: Any = document
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(list(keys)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            place[key] = draw(_JSON)
            return document  # type: ignore[no-any-return]
        place = inner


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(document=st.composite(_documents)())
def test_documents_with_any_value_anywhere_are_never_a_fault_of_ours(
    sqlite_small: Small, document: dict[str, Any]
) -> None:
    client = sqlite_small.client()
    body = json.dumps({"document": document}).encode()
    assert_refused(client, "POST", "/v1/rulesets/check", body)
    assert_refused(client, "PUT", "/v1/draft", json.dumps(document).encode())
    rule = (document.get("rules") or [{}])[0] if isinstance(document.get("rules"), list) else {}
    assert_refused(client, "POST", "/v1/rules", json.dumps(rule).encode())


def test_what_caching_costs_is_told_of_versions_and_of_one_rule(client: FlaskClient) -> None:
    slots, then = [{"id": "a"}, {"id": "b"}], [{"stop": True}, {"pin": {"id": "x"}}]
    rule = {"id": "french", "slot": "a", "when": {"geo.country": "FR"}, "then": then}
    document = {"version": 1, "slots": slots, "rules": [rule]}
    assert client.post("/v1/rulesets", json={"document": document}).status_code == 201
    told = client.get("/v1/rulesets/1/cost").json
    assert told is not None
    assert [(one["slot"], one["versions"], one["sharing"]) for one in told["slots"]] == [
        ("a", 2, "inputs"),
        ("b", 1, "everyone"),
    ]
    (only,) = client.get("/v1/rulesets/1/cost?only=french").json["slots"]  # type: ignore[index]
    (added,) = only["additions"]
    assert (added["without"], added["versions"]) == (1, 2)
    assert only["causes"][0]["input"] == "country"
    nobody = client.get("/v1/rulesets/1/cost?only=frnch")
    assert nobody.status_code == 404
    assert nobody.json["detail"] == "there is no rule or experiment 'frnch'; did you mean 'french'?"  # type: ignore[index]
    assert client.get("/v1/rulesets/9/cost").status_code == 404
    assert client.get("/v1/rulesets/none/cost").status_code == 422


def test_a_version_is_exported_for_edges_and_its_keys_are_those_of_answers(client: FlaskClient) -> None:
    """With what the published content tells apart: a language and an audience tag, beside a rule."""
    document = {
        "version": 1,
        "locales": ["en", "fr"],
        "slots": [{"id": "a"}],
        "segments": [{"id": "friends", "members": ["v-77"]}, {"id": "europe", "when": {"geo.eu": True}}],
        "rules": [{"id": "french", "slot": "a", "when": {"geo.country": "FR"}, "then": [{"pin": {"id": "x"}}]}],
    }
    assert client.post("/v1/rulesets", json={"document": document, "publish": True}).status_code == 201
    for name, locale, tags in (("x", None, []), ("y", "fr", ["audience:europe"]), ("z", "de", [])):
        variant = {"type": "card", "tags": tags, **({"locale": locale} if locale else {})}
        assert client.put(f"/v1/content/{name}", json={"variants": [variant]}).status_code == 201
    answer = client.get("/v1/rulesets/published/compiled")
    found = answer.json
    assert found is not None
    assert refusals(found) == []
    assert found["ruleset"]["number"] == 1
    assert (found["slots"][0]["audiences"], found["slots"][0]["languages"]) == (["europe"], ["de", "fr"])
    assert "v-77" not in answer.text
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert client.get("/v1/rulesets/1/compiled", headers=tag).status_code == 304
    with edge() as javascript:
        javascript.take(found)
        for attributes in ({}, {"geo.country": "FR"}, {"geo.eu": True, "request.locale": "de-AT"}):
            asked = {"slots": [{"id": "a"}], "attributes": attributes, "at": "2026-11-22T12:00:00Z"}
            told = client.post("/v1/simulate", json=asked).json
            assert told is not None
            visit = {"attributes": attributes, "segments": [], "now": "2026-11-22T12:00:00Z"}
            assert javascript.decide("a", visit)["key"] == told["slots"]["a"]["audience_key"]
    variant = {"type": "card", "tags": ["audience:friends"]}
    assert client.put("/v1/content/w", json={"variants": [variant]}).status_code == 201
    later = client.get("/v1/rulesets/published/compiled", headers=tag)
    assert later.status_code == 200
    assert later.json["slots"][0]["needs"] == ["segment:friends"]  # type: ignore[index]
    assert client.get("/v1/rulesets/9/compiled").status_code == 404
    assert client.get("/v1/rulesets/none/compiled").status_code == 422
