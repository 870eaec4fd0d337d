"""`GET /v1/audience` and `POST /v1/class`: what edges tell visitors apart by.

In front of Flask, as `/v1/personalize` is: an edge asks for keys far more often than for content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from marshmallow import ValidationError
from werkzeug.http import parse_cookie

from plugin.edge.audience_keys import joined
from plugin.edge.headers import NOT_WITHOUT_VARY, PRIVATE
from plugin.edge.keys import AUDIENCE, TESSERA, keys_of_lookup
from plugin.errors import Forbidden, MethodNotAllowed, TesseraError, unknown_slots
from plugin.flow.context import RawRequest, headers_from_environ
from plugin.service.delivery.audience import Audiences, KeysFound
from plugin.web.auth import Caller, Keyring
from plugin.web.body import read_json
from plugin.web.cors import Cors
from plugin.web.hot import from_address
from plugin.web.limits import Buckets
from plugin.web.metrics import HttpMetrics
from plugin.web.operations import load
from plugin.web.problems import Rendered, field_errors, incident, render
from plugin.web.schemas.audience import ClassRequest
from plugin.web.wsgi import read_input, read_query

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AUDIENCE_PATH, CLASS_PATH = "/v1/audience", "/v1/class"
_PATHS = frozenset({AUDIENCE_PATH, CLASS_PATH})
COOKIE = "tessera_class"
COOKIE_AGE_S = 60
_LARGEST_BODY = 8_192
_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_encode = msgspec.json.Encoder().encode
_class_request = ClassRequest()
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,255}")
_TAKEN = frozenset({"key", "private", "error", "state", "values", "edge", "slots", "class", "consent"})
"""Slots whose own header would be one of the protocol's; `T-Key` has them all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceRoute:
    """The two routes, with what they work with; `behind` answers all other paths."""

    behind: WSGIApplication
    audiences: Audiences
    keyring: Keyring
    cors: Cors
    buckets: Buckets
    metrics: HttpMetrics
    headers: Sequence[tuple[str, str]]
    secure: bool
    monotonic: Callable[[], float]
    new_id: Callable[[], str]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        path = environ.get("PATH_INFO")
        preflight = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ and environ["REQUEST_METHOD"] == "OPTIONS"
        if path not in _PATHS or preflight:
            return self.behind(environ, start_response)
        began = self.monotonic()
        method = environ["REQUEST_METHOD"]
        body, status, headers = self._answered(path, method, environ)
        lines = [*headers.items(), *self.headers]
        if status != HTTPStatus.NO_CONTENT:
            lines.append(("Content-Length", str(len(body))))
        if path == CLASS_PATH or not headers.get("Cache-Control", "").startswith("public"):
            lines.extend(self.cors.answer(environ.get("HTTP_ORIGIN")).items())
        start_response(_STATUS[status], lines)
        self.metrics.observe(method, path, status, self.monotonic() - began)
        return [b"" if method == "HEAD" else body]

    def _answered(self, path: str, method: str, environ: WSGIEnvironment) -> Rendered:
        """The answer, or the problem as its details; nothing is raised from here."""
        methods = ("GET", "HEAD") if path == AUDIENCE_PATH else ("POST",)
        try:
            if method == "OPTIONS":
                return b"", HTTPStatus.NO_CONTENT, {"Allow": ", ".join((*methods, "OPTIONS"))}
            if method not in methods:
                raise MethodNotAllowed(methods)
            return self._lookup(environ) if path == AUDIENCE_PATH else self._class(environ)
        except TesseraError as error:
            return _unkept(render(error))
        except ValidationError as error:
            return _unkept(render(field_errors(error)))
        except Exception as error:  # noqa: BLE001 - the last resort: logged with an id, answered without details
            return _unkept(incident(error, self.new_id))

    def _lookup(self, environ: WSGIEnvironment) -> Rendered:
        text = environ.get("QUERY_STRING", "")
        query = read_query(text)
        self._caller(environ, query)
        asked = from_address(text)
        raw = _raw(environ, query, asked.visitor)
        found = self.audiences.find(raw, [ask.id for ask in asked.asks])
        return _body(found), HTTPStatus.OK, lookup_headers(found)

    def _class(self, environ: WSGIEnvironment) -> Rendered:
        query = read_query(environ.get("QUERY_STRING", ""))
        self._caller(environ, query)
        if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site":
            raise Forbidden("Another site's page may not set the class of a visitor.")
        raw = _raw(environ, query, *_said(read_input(environ, _LARGEST_BODY)))
        value = self.audiences.cookie(raw)
        age = COOKIE_AGE_S if value is not None else 0
        secure = "; Secure" if self.secure else ""
        cookie = f"{COOKIE}={value or ''}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
        return b"", HTTPStatus.NO_CONTENT, {"Set-Cookie": cookie, "Cache-Control": PRIVATE}

    def _caller(self, environ: WSGIEnvironment, query: Mapping[str, tuple[str, ...]]) -> Caller:
        caller = self.keyring.caller(environ, (query.get("key") or (None,))[-1])
        self.buckets.take(caller.name)
        return caller


def _raw(
    environ: WSGIEnvironment,
    query: Mapping[str, tuple[str, ...]],
    visitor: Mapping[str, object],
    context: Mapping[str, object] | None = None,
) -> RawRequest:
    cookie = environ.get("HTTP_COOKIE")
    return RawRequest(
        headers_from_environ(environ),
        parse_cookie(cookie) if cookie else {},
        query,
        context or {},
        visitor,
        environ.get("REMOTE_ADDR"),
    )


def _said(body: bytes) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The visitor that a body names, and the context with their consent. Raises: MalformedRequest, ValidationFailed."""
    if not body:
        return {}, {}
    said = load(_class_request, read_json(body))
    id_ = (said.get("visitor") or {}).get("id")
    return {} if id_ is None else {"id": id_}, {"consent": said.get("consent", {})}


def _body(found: KeysFound) -> bytes:
    errors = unknown_slots(found.unknown, found.there)
    if found.refused is not None:
        errors.append({"header": _REFUSED[found.refused][0], "detail": _REFUSED[found.refused][1]})
    slots = {name: {"key": key, "sharing": found.sharing[name]} for name, key in found.keys.items()}
    return _encode({"ruleset": found.version, "slots": slots, "errors": errors})


_REFUSED = {
    "untrusted": ("T-Edge", "who asks is not among the setting trusted_proxies, and is not believed"),
    "version": ("T-Edge", "the version of the protocol is not known here; this one speaks 1"),
    "values": ("T-Values", "the rules that are published now tell other values apart; ask by what the visitor has"),
    "class": ("T-Class", "forged, or of rules that are published no more; the visitor counts as unknown"),
}


def lookup_headers(found: KeysFound) -> dict[str, str]:
    keys = {name: key for name, key in found.keys.items() if key is not None}
    headers = {"Content-Type": "application/json"}
    for name, key in keys.items():
        if (own := _own_header(name)) is not None:
            headers[own] = key
    if found.complete:
        headers["T-Key"] = joined(keys)
    else:
        headers["T-Private"] = ",".join([*(name for name, key in found.keys.items() if key is None), *found.unknown])
    if found.refused is not None:
        headers["T-Error"] = found.refused
    if found.alike is not None:
        headers["T-Values"] = found.alike
    if not found.shared:
        return {**headers, "Cache-Control": PRIVATE}
    # Slots that there are not may be published next, and have names that anybody makes up.
    named = keys_of_lookup(tuple(found.keys)) if not found.unknown else (TESSERA, AUDIENCE)
    spaced = " ".join(named)
    tags = {"Surrogate-Key": spaced, "xkey": spaced, "Cache-Tag": ",".join(named), "T-State": found.state}
    kept = {
        "Cache-Control": f"public, max-age=0, s-maxage={found.ttl_s}",
        "CDN-Cache-Control": f"public, max-age={found.ttl_s}",
        **tags,
    }
    return {**headers, **kept, **({"Vary": ", ".join(found.vary), **NOT_WITHOUT_VARY} if found.vary else {})}


@lru_cache(maxsize=1024)
def _own_header(slot: str) -> str | None:
    """The header of a slot's own key; None where its name can be none."""
    return f"T-{slot}" if _TOKEN.fullmatch(slot) and slot.lower() not in _TAKEN else None


def _unkept(found: Rendered) -> Rendered:
    """A problem, which no cache keeps."""
    body, status, headers = found
    return body, status, {**headers, "Cache-Control": PRIVATE}
