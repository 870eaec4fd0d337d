"""Schemathesis against the OpenAPI document: what it says is what is served, and nothing makes a 5xx."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask import Response
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from plugin.store import Store
from tests.unit.plugin.web.small_app import ADMIN, DOCUMENT, Small, SmallSettings, small_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


KNOWN = {
    "slots": "0",
    "segments": "mobile",
    "rules": "hero-vip",
    "experiments": "x",
    "attributes": "profile.spend",
    "content": "0",
    "models": "hero-linear",
    "visitors": "v-1",
    "dead-letters": "0" * 32,
    "erasures": "receipt-1",
}
NAMED = {
    "/v1/event-types/{name}": {"name": "finished"},
    "/v1/visitors/{id}/links/{other}": {"id": "user-1", "other": "v-1"},
}


@pytest.fixture
def small(sqlite_store: Store) -> Small:
    """An app with something in every corner, so that reads find what they ask for."""
    made = small_app(sqlite_store, settings=SmallSettings(max_body_bytes=200_000))
    client = made.client()
    assert client.post("/v1/rulesets", json={"document": dict(DOCUMENT), "publish": True}).status_code == 201
    assert client.post("/v1/slots", json={"id": "0"}).status_code == 201
    assert client.put("/v1/content/0", json={"variants": [{"type": "hero"}]}).status_code == 201
    assert client.put("/v1/event-types/finished", json={}).status_code == 201
    assert client.delete("/v1/visitors/gone").get_json()["id"] == "receipt-1"
    assert client.post("/v1/identify", json={"visitor_id": "v-1", "user_id": "user-1"}).status_code == 200
    return made


@pytest.fixture
def api_schema(small: Small) -> Any:
    loaded = schemathesis.openapi.from_wsgi("/openapi.json", small.app)
    # The hot route is served by the whole application, not by this one.
    return loaded.exclude(path="/v1/personalize")


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_keeps_to_the_document(api_schema: Any, mode: GenerationMode) -> None:
    """With requests as the document allows them, and with others."""
    statuses: Counter[int] = Counter()
    for found in api_schema.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.POSITIVE or operation.body or operation.query or operation.path_parameters:
            statuses += asked(operation, mode)
    wanted = {200, 201, 204} if mode is GenerationMode.POSITIVE else {400, 404, 422}
    assert wanted <= statuses.keys()


def asked(operation: Any, mode: GenerationMode) -> Counter[int]:
    """Ask one operation some times; raises where an answer is not of the document."""
    statuses: Counter[int] = Counter()
    headers, known = {"Authorization": f"Bearer {ADMIN}"}, None
    if mode is GenerationMode.POSITIVE:
        headers["If-Match"] = "*"
        known = NAMED.get(operation.path)
        if known is None and "{id}" in operation.path:
            known = {"id": KNOWN[operation.path.split("/")[2]]}

    @seed(1)
    @settings(
        max_examples=10,
        deadline=None,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode, path_parameters=known))
    def keeps_to_it(case: Case) -> None:
        statuses[case.call_and_validate(headers=headers, checks=CHECKS).status_code] += 1

    keeps_to_it()
    return statuses


def test_the_document_is_valid_openapi(small: Small) -> None:
    """Beyond what the loader accepts: every reference resolves, every example is JSON."""
    document = small.client(None).get("/openapi.json").json
    assert document is not None
    assert document["openapi"] == "3.0.3"
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def test_the_checks_notice_an_answer_that_the_document_does_not_know(small: Small) -> None:
    """The suite itself can fail."""
    case = schemathesis.openapi.from_wsgi("/openapi.json", small.app)["/v1/rules"]["GET"].Case()
    headers = {"Authorization": f"Bearer {ADMIN}"}
    case.call_and_validate(headers=headers, checks=CHECKS)

    def renamed(response: Response) -> Response:
        return Response(response.get_data().replace(b'"next"', b'"more"'), 200, content_type="application/json")

    small.app.after_request_funcs.setdefault(None, []).append(renamed)
    with pytest.raises(FailureGroup, match=r"['\"]next['\"] is a required property"):
        case.call_and_validate(headers=headers, checks=CHECKS)
