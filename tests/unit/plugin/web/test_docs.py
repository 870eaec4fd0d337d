"""The OpenAPI document says what there is, and the pages need nothing from elsewhere."""

from __future__ import annotations

import re

import pytest

from tests.unit.plugin.web.small_app import Small


def test_every_operation_is_in_the_document_and_every_path_is_served(small: Small) -> None:
    paths = small.client(None).get("/openapi.json").json["paths"]  # type: ignore[index]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    table = {
        (operation.method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)) for operation in small.web.operations
    }
    assert described == table
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in small.app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    # The hot routes stand in front of Flask.
    hot = {"/v1/personalize", "/v1/audience", "/v1/class"}
    assert {one for one in described if one[1] not in hot} <= served


def test_the_document_is_made_of_schemas_and_refers_only_to_what_it_has(small: Small) -> None:
    text = small.client(None).get("/openapi.json").get_data(as_text=True)
    document = small.client(None).get("/openapi.json").json
    assert document is not None
    known = document["components"]["schemas"]
    assert {name.rpartition("/")[2] for name in re.findall(r'"\$ref":"(#/components/schemas/\w+)"', text)} <= set(known)
    assert {"PersonalizeRequest", "PersonalizeAnswer", "Problem"} <= set(known)
    assert all(schema["description"] for schema in known.values())
    assert known["SlotAsked"]["required"] == ["id"]


def test_operations_have_names_of_their_own_and_state_their_rights(small: Small) -> None:
    operations = small.web.operations
    assert len({operation.name for operation in operations}) == len(operations)
    paths = small.client(None).get("/openapi.json").json["paths"]  # type: ignore[index]
    assert paths["/healthz"]["get"]["security"] == []
    assert {"query": []} in paths["/v1/personalize"]["get"]["security"]
    assert {"query": []} not in paths["/v1/rules"]["get"]["security"]
    assert {"401", "403", "404", "412", "422", "428"} <= set(paths["/v1/rules/{id}"]["put"]["responses"])


def test_the_document_can_be_kept_and_asked_for_again(small: Small) -> None:
    client = small.client(None)
    tag = client.get("/openapi.json").headers["ETag"]
    assert client.get("/openapi.json", headers={"If-None-Match": tag}).status_code == 304


def test_the_page_loads_nothing_from_elsewhere(small: Small) -> None:
    client = small.client(None)
    page = client.get("/docs")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    html = page.get_data(as_text=True)
    assert "http" not in html
    assert not re.search(r"<script(?![^>]*src=)", html)
    for path in re.findall(r'(?:src|href)="([^"]+)"', html):
        with client.get(path) as asset:
            assert asset.status_code == 200, path
            assert len(asset.data) > 50


@pytest.mark.parametrize("name", ["../__init__.py", "index.html", "%2e%2e/setup.py", "swagger-ui.css.map"])
def test_only_the_files_of_the_page_are_served(small: Small, name: str) -> None:
    assert small.client(None).get(f"/docs/assets/{name}").status_code == 404
