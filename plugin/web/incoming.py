"""Bodies of browsers: beacons send JSON as plain text, and say of consent what their request says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from marshmallow import Schema
from werkzeug.http import parse_cookie

from plugin.errors import UnsupportedMediaType
from plugin.flow.context import RawRequest
from plugin.web.body import read_json
from plugin.web.operations import JSON_TYPE, Call, Incoming, load

TYPES = frozenset({JSON_TYPE, "text/plain", ""})
"""A beacon of plain text needs no preflight, so browsers send JSON as such."""


def require_json(sent: Incoming) -> None:
    """Raises: UnsupportedMediaType."""
    if sent.headers.get("content-type", "").partition(";")[0].strip().lower() not in TYPES:
        raise UnsupportedMediaType([JSON_TYPE])


def json_of(sent: Incoming, schema: Schema) -> Any:  # noqa: ANN401  # what the schema makes of it
    """The body. Raises: UnsupportedMediaType, PayloadTooLarge, MalformedRequest, ValidationFailed."""
    require_json(sent)
    return load(schema, read_json(sent.read()))


def raw_request(sent: Incoming, consent: Mapping[str, Any] | None, *, trusted: bool) -> RawRequest:
    """What a request says besides its body, with ``consent`` of that; ``trusted``: it came from the site's server."""
    cookie = sent.headers.get("cookie")
    query = parse_qs(urlsplit(sent.path).query, max_num_fields=50)
    return RawRequest(
        {name: (value,) for name, value in sent.headers.items()},
        parse_cookie(cookie) if cookie else {},
        {name: tuple(values) for name, values in query.items() if name.startswith("consent.")},
        {} if consent is None else {"consent": consent},
        {},
        sent.peer,
        trusted_body=trusted,
    )


def is_server(call: Call) -> bool:
    """Whether the caller is the site's server."""
    return call.caller is not None and call.caller.kind == "management"
