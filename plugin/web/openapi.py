"""The OpenAPI document, made from the operations and their schemas.

OpenAPI 3.0.3: the Swagger UI that comes with the package registry reads no 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from plugin.web.operations import JSON_TYPE, OPEN, OPTIONAL, YAML_TYPES, Operation, RawBody
from plugin.web.problems import MEDIA_TYPE
from plugin.web.schemas.common import Problem

_CONVERTED = re.compile(r"<(?:(?P<kind>[a-z]+):)?(?P<name>[a-z_]+)>")
_REFUSALS = {
    304: "Not changed since",
    400: "The request cannot be read",
    401: "A valid key is needed",
    403: "The key does not allow this",
    404: "Not found",
    409: "Conflict with the present state",
    412: "It was changed meanwhile",
    413: "The body is too large",
    415: "The media type is not supported",
    422: "Some values are not right; each is named",
    428: "If-Match is needed",
    429: "Too many requests",
    503: "Not available now",
}
NOT_MODIFIED = 304


def document(operations: Iterable[Operation], *, version: str, server: str) -> dict[str, Any]:
    """The document of these operations. ``server`` is where their paths begin; relative, any host name works."""
    named: dict[str, type[Schema]] = {}

    def name_of(schema: Schema | type[Schema]) -> str:
        kind = schema if isinstance(schema, type) else type(schema)
        named[kind.__name__] = kind
        return kind.__name__

    spec = APISpec(
        title="Tessera",
        version=version,
        openapi_version="3.0.3",
        info={"description": "Personalized content, between a headless CMS and the frontend."},
        servers=[{"url": server}],
        plugins=[MarshmallowPlugin(schema_name_resolver=name_of)],
    )
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec.components.security_scheme("header", {"type": "apiKey", "in": "header", "name": "X-Tessera-Key"})
    spec.components.security_scheme("query", {"type": "apiKey", "in": "query", "name": "key"})
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = _CONVERTED.sub(r"{\g<name>}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _described(operation)
    for path, methods in paths.items():
        spec.path(path=path, operations=methods)
    found = spec.to_dict()
    for name, kind in named.items():
        found["components"]["schemas"][name]["description"] = (kind.__doc__ or "").strip()
    return found


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": _security(operation.access),
        "parameters": list(_parameters(operation)),
        "responses": _responses(operation),
    }
    if operation.description:
        described["description"] = operation.description
    if isinstance(operation.body, RawBody):
        described["requestBody"] = {"required": True, "content": _raw(operation.body)}
    elif operation.body is not None:
        content: dict[str, Any] = {JSON_TYPE: {"schema": operation.body.schema}}
        if operation.body.yaml:
            content[YAML_TYPES[0]] = {"schema": {"type": "string", "description": "A rule document."}}
        described["requestBody"] = {"required": operation.body.required, "content": content}
    return described


def _raw(body: RawBody) -> dict[str, Any]:
    if body.schema is not None:
        return {JSON_TYPE: {"schema": body.schema}}
    return {body.media: {"schema": {"type": "string", "format": "binary"}}}


def _security(access: str) -> list[dict[str, list[str]]]:
    management: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]
    match access:
        case "open":
            return []
        case "optional":
            return [{}, *management]
        case "delivery":
            return [*management, {"query": []}]
    return management


def _parameters(operation: Operation) -> Iterator[dict[str, Any]]:
    for found in _CONVERTED.finditer(operation.path):
        number = {"type": "integer", "minimum": 1}
        text = {"type": "string", "minLength": 1, "maxLength": 255}
        schema = number if found["kind"] == "int" else text
        yield {"in": "path", "name": found["name"], "required": True, "schema": schema}
    if operation.query is not None:
        yield {"in": "query", "schema": operation.query}
    if operation.conditional:
        schema = {"type": "string", "example": '"3f0a…"'}
        about = "The ETag of the state that you change; needed where there is one."
        yield {"in": "header", "name": "If-Match", "required": False, "schema": schema, "description": about}
        if operation.method == "PUT":
            only = {"type": "string", "enum": ["*"]}
            about = "Only where there is nothing yet."
            yield {"in": "header", "name": "If-None-Match", "required": False, "schema": only, "description": about}


def _responses(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, schema in sorted(operation.answers.items()):
        found[str(status)] = {"description": HTTPStatus(status).phrase}
        if schema is not None:
            found[str(status)]["content"] = {JSON_TYPE: {"schema": schema}}
        elif operation.gives and status == HTTPStatus.OK:
            found[str(status)]["content"] = {operation.gives: {"schema": {"type": "string"}}}
    for status in sorted(_refusals(operation) - operation.answers.keys()):
        found[str(status)] = {"description": _REFUSALS[status]}
        if status != NOT_MODIFIED:
            found[str(status)]["content"] = {MEDIA_TYPE: {"schema": Problem}}
    found["default"] = {"description": "Another failure", "content": {MEDIA_TYPE: {"schema": Problem}}}
    return found


def _refusals(operation: Operation) -> set[int]:
    found = set(operation.refusals)
    if operation.access != OPEN:
        found |= {401, 403, 429}
    if isinstance(operation.body, RawBody):
        found |= {400, 413}
    elif operation.body is not None:
        found |= {400, 413, 415, 422}
    if operation.query is not None:
        found.add(422)
    if "<" in operation.path:
        found.add(404)
    if operation.conditional:
        found |= {412, 428}
    if operation.method == "GET" and operation.access not in {OPEN, OPTIONAL}:
        found.add(NOT_MODIFIED)
    return found | ({503} if operation.access != OPEN else set())
