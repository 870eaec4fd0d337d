"""Operations as data: one table gives the routes and the OpenAPI document, so that the two cannot differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask import Flask, Request, Response, request
from marshmallow import Schema, ValidationError
from werkzeug.routing import BaseConverter

from plugin.errors import FieldError, UnsupportedMediaType, ValidationFailed
from plugin.service.preconditions import Precondition
from plugin.web.auth import Caller, Keyring
from plugin.web.body import read_body, read_json, utf8
from plugin.web.limits import Buckets
from plugin.web.problems import field_errors
from plugin.web.schemas.common import Verbatim

JSON_TYPE = "application/json"
YAML_TYPES = ("application/yaml", "text/yaml", "application/x-yaml")
OPEN, OPTIONAL, DELIVERY = "open", "optional", "delivery"


class IdConverter(BaseConverter):
    """An id in a path: any text that is not empty, slashes included, wherever they stand."""

    regex = ".+?"
    part_isolating = False
    weight = 300  # tried after everything else


@dataclass(frozen=True, slots=True)
class Text:
    """A body that is a document's own text: YAML, read where the places in it are known."""

    content: str


@dataclass(frozen=True, slots=True)
class Body:
    """What an operation reads.

    Attributes:
        required: whether an empty body is refused; else it is read as None.
        yaml: whether it may be a document's own text instead.
        limit_bytes: where more is allowed than the settings do.
    """

    schema: type[Schema]
    required: bool = True
    yaml: bool = False
    limit_bytes: int = 0


@dataclass(frozen=True, slots=True)
class RawBody:
    """A body that is read as it came, by the operation itself: a signature may cover every byte of it.

    Attributes:
        schema: of JSON, for the documentation; None: any octets.
        media: what these octets are.
    """

    limit_bytes: int
    schema: type[Schema] | None = None
    media: str = "*/*"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request of which nothing was looked at yet.

    Attributes:
        path: with its query, as the client wrote it.
        headers: by name in lower case; values as they came.
        read: gives the body; raises PayloadTooLarge.
        peer: the address at the other end of the connection.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    read: Callable[[], bytes]
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request, checked: what an operation works with.

    Attributes:
        caller: None at open operations without a key.
        path: the parameters in the path.
        query: as its schema loaded it.
        body: as its schema loaded it, `Text`, `Incoming`, or None.
    """

    caller: Caller | None
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Any
    precondition: Precondition

    @property
    def author(self) -> str:
        """The name of the key, for histories."""
        return self.caller.name if self.caller else ""


@dataclass(frozen=True, slots=True)
class Flow:
    """An answer of any length that is no JSON, sent as it is made. What fails before its first part is answered."""

    parts: Iterable[bytes]
    media: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back: ``value`` is dumped by the operation's schema for this status; a `Flow` is sent as it is.

    ``tag`` is the state's: it becomes the ETag, and a client that has that state already gets 304.
    """

    value: object = None
    status: int = 200
    tag: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path.

    Attributes:
        path: as Werkzeug writes it.
        run: None where something else serves it, and it is only described here.
        access: OPEN, OPTIONAL (a key is looked at where one is sent), DELIVERY (any key), or the scope that a
            management key needs.
        answers: the schema by status; None: no body, or that of ``gives``.
        gives: the media type of a `Flow`, which comes with status 200.
        refusals: statuses beside those that follow from the rest.
        conditional: whether it changes a state that has an ETag.
        beacon: whether a delivery key may come in the address of a POST, for `navigator.sendBeacon` sets no headers.
    """

    name: str
    method: str
    path: str
    summary: str
    tag: str
    access: str
    answers: Mapping[int, type[Schema] | None]
    run: Callable[[Call], Answer] | None
    description: str = ""
    query: type[Schema] | None = None
    body: Body | RawBody | None = None
    refusals: tuple[int, ...] = ()
    conditional: bool = False
    beacon: bool = False
    gives: str = ""


class Gate:
    """Lets requests in: key, right, rate; then reads what they send."""

    def __init__(self, keyring: Keyring, buckets: Buckets, delivery: Buckets, *, max_body_bytes: int) -> None:
        """Take what it works with: the buckets of management keys, and those of delivery keys."""
        self._keyring = keyring
        self._buckets = {"management": buckets, "delivery": delivery}
        self._max_body_bytes = max_body_bytes

    def serve(self, app: Flask, operation: Operation) -> None:
        """Route an operation."""
        run = operation.run
        if run is None:
            return
        query = operation.query() if operation.query else None
        body = operation.body.schema() if isinstance(operation.body, Body) else None
        answers = {status: schema() if schema else None for status, schema in operation.answers.items()}

        def view(**path: Any) -> Response:  # noqa: ANN401  # the converters' types
            caller = self._caller(operation, request)
            call = Call(
                caller=caller,
                path=path,
                query={} if query is None else _query(query, request),
                body=self._sent(operation.body, body, request),
                precondition=_precondition(request),
            )
            return _response(run(call), answers, request)

        app.add_url_rule(operation.path, operation.name, view, methods=[operation.method])

    def _caller(self, operation: Operation, asked: Request) -> Caller | None:
        in_query = asked.args.get("key") if operation.beacon or asked.method in {"GET", "HEAD"} else None
        authorization, header = asked.headers.get("Authorization"), asked.headers.get("X-Tessera-Key")
        if operation.access == OPEN or (operation.access == OPTIONAL and not (authorization or header or in_query)):
            return None
        caller = self._keyring.authenticate(
            authorization=authorization, header=header, query=in_query, origin=asked.headers.get("Origin")
        )
        if operation.access not in {OPTIONAL, DELIVERY}:
            self._keyring.require(caller, operation.access)
        self._buckets[caller.kind].take(caller.name)
        return caller

    def _sent(self, wanted: Body | RawBody | None, schema: Schema | None, asked: Request) -> object:
        if isinstance(wanted, RawBody):
            return _incoming(wanted, asked)
        return None if wanted is None or schema is None else self._body(wanted, schema, asked)

    def _body(self, body: Body, schema: Schema, asked: Request) -> object:
        offered = [JSON_TYPE, *(YAML_TYPES if body.yaml else ())]
        if asked.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedMediaType(offered)
        raw = read_body(asked, max(body.limit_bytes, self._max_body_bytes))
        if not raw and not body.required:
            return None
        if body.yaml and asked.mimetype in YAML_TYPES:
            return Text(utf8(raw))
        if asked.mimetype not in {JSON_TYPE, ""}:
            raise UnsupportedMediaType(offered)
        return load(schema, read_json(raw))


def _incoming(body: RawBody, asked: Request) -> Incoming:
    # Servers say in one of these what the client wrote; what Flask has is decoded.
    written = asked.environ.get("RAW_URI") or asked.environ.get("REQUEST_URI")
    if not isinstance(written, str) or not written.startswith("/"):
        query = asked.query_string.decode("latin-1")
        written = quote(asked.path, safe="/:@!$&'()*+,;=~-._") + (f"?{query}" if query else "")
    headers = {name.lower(): value for name, value in asked.headers.items()}
    return Incoming(asked.method, written, headers, lambda: read_body(asked, body.limit_bytes), asked.remote_addr)


def load(schema: Schema, data: object) -> Any:  # noqa: ANN401  # what the schema makes of it
    """Validate by a schema. Raises: ValidationFailed with the JSON pointer of every bad field."""
    try:
        return schema.load(data)  # type: ignore[arg-type]  # refuses what is no mapping, too
    except ValidationError as error:
        raise field_errors(error) from error


def _query(schema: Schema, asked: Request) -> Mapping[str, Any]:
    given = {name: values for name, values in asked.args.lists() if name != "key"}
    twice = [FieldError(f"/{name}", "it is given twice") for name, values in given.items() if len(values) > 1]
    if twice:
        raise ValidationFailed(twice)
    loaded: Mapping[str, Any] = load(schema, {name: values[0] for name, values in given.items()})
    return loaded


def _precondition(asked: Request) -> Precondition:
    """`If-Match` by the strong comparison of RFC 9110, `If-None-Match` by the weak one. A star in quotes is no star."""
    match, weak = None, frozenset[str]()
    if "If-Match" in asked.headers:
        said = asked.if_match
        match = frozenset({"*"} if said.star_tag else said.as_set() - {"*"})
        weak = frozenset(said.as_set(include_weak=True)) - match
    unless = asked.if_none_match
    return Precondition(match, unless.star_tag, frozenset(unless.as_set(include_weak=True)), weak)


def _response(answer: Answer, answers: Mapping[int, Schema | None], asked: Request) -> Response:
    schema = answers[answer.status]
    if isinstance(answer.value, Flow):
        headers = {"Cache-Control": "no-store", "Content-Type": answer.value.media, **answer.headers}
        return Response(answer.value.parts, answer.status, headers)
    body = b"" if schema is None else _json(answer.value if isinstance(schema, Verbatim) else schema.dump(answer.value))
    response = Response(body, answer.status, {"Cache-Control": "no-store", **answer.headers})
    if schema is None:
        response.headers.pop("Content-Type", None)
    else:
        response.headers["Content-Type"] = JSON_TYPE
    if answer.tag is not None:
        response.set_etag(answer.tag)
        if asked.method in {"GET", "HEAD"} and asked.if_none_match.contains_weak(answer.tag):
            response.status_code = 304
            response.set_data(b"")
            response.headers.pop("Content-Type", None)
    return response


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
