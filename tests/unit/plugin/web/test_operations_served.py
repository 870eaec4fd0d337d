"""What every operation has in common: media types, queries, conditions, headers."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from plugin.web.operations import OPEN, OPTIONAL
from tests.unit.plugin.web.small_app import ADMIN, DOCUMENT, READER, SHOP, Small


def put(client: FlaskClient, path: str, value: object, **headers: str) -> tuple[int, str]:
    answer = client.put(path, json=value, headers={name.replace("_", "-"): text for name, text in headers.items()})
    return answer.status_code, answer.headers.get("ETag", "")


def test_a_state_is_changed_by_who_read_it_and_by_no_one_else(client: FlaskClient) -> None:
    status, first = put(client, "/v1/slots/hero", {"limit": 1}, If_None_Match="*")
    assert status == 201
    assert put(client, "/v1/slots/hero", {"limit": 2})[0] == 428
    status, second = put(client, "/v1/slots/hero", {"limit": 2}, If_Match=first)
    assert (status, second != first) == (200, True)
    assert put(client, "/v1/slots/hero", {"limit": 3}, If_Match=first)[0] == 412
    assert put(client, "/v1/slots/hero", {"limit": 3}, If_Match=f'"other", {second}')[0] == 200
    assert client.delete("/v1/slots/hero", headers={"If-Match": second}).status_code == 412
    assert client.delete("/v1/slots/hero", headers={"If-Match": "*"}).status_code == 204
    assert client.get("/v1/slots/hero").status_code == 404


def test_a_weak_tag_matches_nothing_and_the_answer_says_what_to_do(client: FlaskClient) -> None:
    """As a proxy makes of one when it compresses."""
    _, tag = put(client, "/v1/slots/hero", {})
    for sent in (f"W/{tag}", f'"other", W/{tag}'):
        refused = client.put("/v1/slots/hero", json={"limit": 2}, headers={"If-Match": sent})
        assert (refused.status_code, refused.json["type"]) == (412, "/problems/precondition-failed")
        assert refused.json["detail"] == "A weak ETag guards no change; send the tag without W/ before it."
        assert client.delete("/v1/slots/hero", headers={"If-Match": sent}).status_code == 412
    assert put(client, "/v1/slots/hero", {"limit": 2}, If_Match=f'W/"other", {tag}')[0] == 200


def test_a_change_is_not_made_of_a_state_that_it_excludes(client: FlaskClient) -> None:
    _, tag = put(client, "/v1/slots/hero", {})
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        assert put(client, "/v1/slots/hero", {"limit": 2}, If_Match=tag, If_None_Match=sent)[0] == 412
    assert put(client, "/v1/slots/hero", {"limit": 2}, If_None_Match='"other"')[0] == 428
    assert put(client, "/v1/slots/hero", {"limit": 2}, If_Match=tag, If_None_Match='"other"')[0] == 200


@pytest.mark.parametrize("match", ["", "bare", '"', "W/", ",,,", "\x7f", '"*"', 'W/"*"', "W/*"])
def test_a_condition_that_names_nothing_is_never_met(client: FlaskClient, match: str) -> None:
    put(client, "/v1/slots/hero", {})
    assert put(client, "/v1/slots/hero", {"limit": 2}, If_Match=match)[0] == 412


@pytest.mark.parametrize("path", ["/v1/slots/hero", "/v1/slots", "/v1/draft"])
def test_who_has_the_state_already_is_told_so_in_short(client: FlaskClient, path: str) -> None:
    put(client, "/v1/slots/hero", {})
    tag = client.get(path).headers["ETag"]
    same = client.get(path, headers={"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    put(client, "/v1/slots/hero", {"limit": 2}, If_Match="*")
    assert client.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_management_answers_are_never_cached(client: FlaskClient) -> None:
    for path in ("/v1/slots", "/v1/draft", "/v1/rulesets", "/v1/content", "/v1/slots/none"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/v1/slots", "/healthz", "/docs", "/nowhere", "/metrics"])
def test_every_answer_has_the_headers_that_protect_browsers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/yaml"])
def test_other_media_types_are_refused_with_those_that_are_read(client: FlaskClient, content_type: str) -> None:
    answer = client.post("/v1/slots", data="{}", content_type=content_type)
    assert answer.status_code == 415
    assert "application/json" in answer.json["detail"]  # type: ignore[index]


def test_an_encoded_body_is_refused(client: FlaskClient) -> None:
    answer = client.post("/v1/slots", json={"id": "a"}, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


def test_a_document_may_be_sent_as_its_yaml_text(client: FlaskClient) -> None:
    text = "version: 1\nslots:\n  - {id: hero, limit: none}\n"
    answer = client.post("/v1/rulesets/check", data=text, content_type="application/yaml")
    assert answer.status_code == 200
    assert [(problem["line"], problem["column"]) for problem in answer.json["problems"]] == [(3, 23)]  # type: ignore[index]
    again = client.post("/v1/rulesets/check", json={"document": text})
    assert again.json == answer.json


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("limit=many", "/limit"),
        ("limit=99999999999999999999", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("cursor=", "/cursor"),
        ("cursor=%00", "/cursor"),
        ("cursor=%F0%9F%98%80", "/cursor"),
        ("colour=red", "/colour"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/slots", "/v1/content", "/v1/rulesets"])
def test_a_query_that_cannot_be_read_names_its_parameter(
    client: FlaskClient, path: str, query: str, pointer: str
) -> None:
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]  # type: ignore[index]


def test_lists_are_read_page_by_page(client: FlaskClient) -> None:
    for number in range(5):
        put(client, f"/v1/slots/s{number}", {})
    found, cursor = [], ""
    while True:
        page = client.get(f"/v1/slots?limit=2{cursor}").json
        assert page is not None
        found += [item["id"] for item in page["items"]]
        assert set(page["etags"]) == {item["id"] for item in page["items"]}
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == ["s0", "s1", "s2", "s3", "s4"]


@pytest.mark.parametrize("name", ["a/b", "a//b", "/a", "été", "a b", "100%", "..."])
def test_ids_may_hold_what_addresses_must_escape(client: FlaskClient, name: str) -> None:
    made = client.post("/v1/slots", json={"id": name})
    assert made.status_code == 201
    assert client.get(made.headers["Location"]).json == {"id": name}


def test_an_author_is_the_name_of_the_key(small: Small) -> None:
    small.client(ADMIN).post("/v1/rulesets", json={"document": {"version": 1}, "note": "why"})
    (version,) = small.client(READER).get("/v1/rulesets").json["items"]  # type: ignore[index]
    assert (version["author"], version["note"]) == ("ada", "why")


def test_publishing_at_once_needs_the_right_to_publish(small: Small) -> None:
    body = {"document": dict(DOCUMENT), "publish": True}
    refused = small.client("writer-key-0123456789").post("/v1/rulesets", json=body)
    assert refused.status_code == 403
    assert small.client().get("/v1/rulesets").json["items"] == []  # type: ignore[index]
    made = small.client().post("/v1/rulesets", json=body)
    assert (made.status_code, made.json["epoch"]) == (201, 1)  # type: ignore[index]


def test_models_show_no_options(client: FlaskClient) -> None:
    assert client.get("/v1/models").json == {"items": [{"id": "hero-linear", "adapter": "linear"}], "next": None}
    assert client.get("/v1/models/hero-linear").json == {"id": "hero-linear", "adapter": "linear"}
    assert client.get("/v1/models/other").status_code == 404
    assert client.post("/v1/models", json={}).status_code == 405


def test_every_operation_but_the_open_ones_asks_for_a_key(small: Small) -> None:
    client = small.client(None)
    for operation in small.web.operations:
        if operation.run is None or operation.access in {OPEN, OPTIONAL}:
            continue
        path = operation.path.replace("<id:id>", "x").replace("<int:number>", "1")
        path = path.replace("<string:a>", "1").replace("<string:b>", "1")
        assert client.open(path, method=operation.method, headers={"Origin": SHOP}).status_code == 401, operation.name
