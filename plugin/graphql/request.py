"""A request of GraphQL over HTTP, read: from a body, or from an address."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from plugin.errors import FieldError, MalformedRequest, ValidationFailed
from plugin.web.body import read_json
from plugin.web.hot import DEEPEST, is_moderate
from plugin.web.wsgi import MOST_PARAMETERS, read_query

OWN_PARAMETERS = frozenset({"query", "variables", "operationName", "extensions", "documentId", "key"})
"""Of an address: all others say something of the visitor, as they do in REST."""
_DOCUMENT_ID = "sha256:"
_SHORT = 1_024
"""Characters of what an address asks that are kept with what they come to: a site's pages ask for the same."""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """What is asked.

    Attributes:
        document: the hash of a document that was persisted.
        keeps: whether the hash came with the text, for it to be kept.
    """

    query: str | None
    variables: Mapping[str, Any]
    operation: str | None
    document: str | None

    @property
    def keeps(self) -> bool:
        """Whether a document is sent to be kept."""
        return self.query is not None and self.document is not None


class Address(NamedTuple):
    """The query of an address.

    Attributes:
        own: the parameters that are GraphQL's, and the key.
        said: all others.
        asked: what `own` comes to; None where `from_address` refuses it.
    """

    own: Mapping[str, tuple[str, ...]]
    said: Mapping[str, tuple[str, ...]]
    asked: Asked | None


class _Hash(msgspec.Struct, gc=False, rename={"sha256_hash": "sha256Hash"}):
    version: int
    sha256_hash: str


# What a body leaves out is UNSET, and so differs from what it says: see `_is_plain`.
class _Extensions(msgspec.Struct, gc=False, rename={"persisted_query": "persistedQuery"}):
    persisted_query: _Hash | UnsetType | None = UNSET


class _Body(msgspec.Struct, gc=False, rename={"operation_name": "operationName", "document_id": "documentId"}):
    query: str | UnsetType | None = UNSET
    variables: dict[str, Any] | UnsetType | None = UNSET
    operation_name: str | UnsetType | None = UNSET
    extensions: _Extensions | UnsetType | None = UNSET
    document_id: str | UnsetType | None = UNSET


_bodies = msgspec.json.Decoder(_Body)
_encode = msgspec.json.Encoder().encode


def from_body(raw: bytes) -> Asked:
    """Read the body of a POST. Raises: MalformedRequest, ValidationFailed."""
    try:
        found = _bodies.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        read_json(raw)
        raise ValidationFailed([_field(str(error))]) from error
    # A key given twice is read as its last, one that is not known as none; they, escapes, depth and large numbers are
    # for the strict reader to judge.
    if b"\\" in raw or not _is_plain(raw, found):
        parsed = read_json(raw)
        found = msgspec.convert(parsed, _Body)
    return _asked(found)


def read_address(text: str) -> Address:
    """Take the query of an address apart. Raises: MalformedRequest."""
    own: list[str] = []
    said: list[str] = []
    for part in text.split("&"):
        (own if part.partition("=")[0] in OWN_PARAMETERS else said).append(part)
    mine, others = "&".join(own), read_query("&".join(said))
    if len(own) + len(said) > MOST_PARAMETERS or not OWN_PARAMETERS.isdisjoint(others):
        # Too many, or one whose name is written with escapes.
        query = read_query(text)
        others = {name: values for name, values in query.items() if name not in OWN_PARAMETERS}
        return _address({name: query[name] for name in OWN_PARAMETERS & query.keys()}, others)
    return (_short_own(mine) if len(mine) <= _SHORT else _own(mine))._replace(said=others)


def _own(text: str) -> Address:
    return _address(read_query(text), {})


_short_own = lru_cache(maxsize=512)(_own)


def _address(own: Mapping[str, tuple[str, ...]], said: Mapping[str, tuple[str, ...]]) -> Address:
    try:
        return Address(own, said, from_address(own))
    except (MalformedRequest, ValidationFailed):
        return Address(own, said, None)


def from_address(query: Mapping[str, tuple[str, ...]]) -> Asked:
    """What the parameters of a GET ask. Raises: MalformedRequest, ValidationFailed."""
    body: dict[str, Any] = {}
    for name in OWN_PARAMETERS - {"key"}:
        values = query.get(name)
        if values is None:
            continue
        if len(values) > 1:
            raise ValidationFailed([FieldError(f"/{name}", "it is given twice")])
        if name not in {"variables", "extensions"}:
            body[name] = values[0] or None
        elif values[0]:
            try:
                body[name] = read_json(values[0].encode(errors="surrogatepass"))
            except MalformedRequest as error:
                raise MalformedRequest(str(error).replace("The body", f"The parameter {name!r}")) from error
    try:
        return _asked(msgspec.convert(body, _Body))
    except msgspec.ValidationError as error:
        raise ValidationFailed([_field(str(error))]) from error


def _asked(body: _Body) -> Asked:
    name, operation = body.document_id, body.operation_name
    if isinstance(name, str):
        if not name.startswith(_DOCUMENT_ID):
            raise ValidationFailed([FieldError("/documentId", "'sha256:' and a hash")])
        name = name.removeprefix(_DOCUMENT_ID)
    persisted = body.extensions.persisted_query if body.extensions else None
    if persisted:
        if persisted.version != 1:
            raise ValidationFailed([FieldError("/extensions/persistedQuery/version", "1")])
        name = persisted.sha256_hash
    return Asked(body.query or None, body.variables or {}, None if operation is UNSET else operation, name or None)


def _is_plain(raw: bytes, found: _Body) -> bool:
    """Whether the strict reader would find nothing to refuse in a body without escapes; see `plugin.web.hot`."""
    if raw.count(b"[") + raw.count(b"{") > DEEPEST or (found.variables and not is_moderate(found.variables)):
        return False
    return _encode(found).count(b'"') == raw.count(b'"')


def _field(message: str) -> FieldError:
    """msgspec ends its messages with a path, such as ``at `$.variables` ``."""
    detail, _, path = message.partition(" - at ")
    return FieldError(path.strip("`").removeprefix("$").replace(".", "/"), detail)
