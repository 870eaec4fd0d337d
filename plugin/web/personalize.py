"""`POST` and `GET /v1/personalize`: parse, call one service, write bytes.

A WSGI callable in front of Flask's: this one route is asked more than all others together, and what Flask does for a
request costs as much as the decision. Everything else goes through to Flask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn

from marshmallow import ValidationError
from werkzeug.http import parse_cookie

from plugin.edge.headers import PRIVATE
from plugin.errors import (
    FieldError,
    MethodNotAllowed,
    TesseraError,
    UnsupportedMediaType,
    ValidationFailed,
)
from plugin.flow.context import RawRequest, headers_from_environ
from plugin.service.delivery.audience import Audiences
from plugin.service.delivery.personalize import Answer, Personalization, Personalize
from plugin.service.delivery.writer import AnswerWriter
from plugin.web.auth import Caller, Keyring
from plugin.web.context_form import unread
from plugin.web.cors import Cors
from plugin.web.hot import Asked, from_address, from_body
from plugin.web.limits import Buckets
from plugin.web.metrics import HttpMetrics
from plugin.web.problems import Rendered, field_errors, incident, render
from plugin.web.shared import Sharing
from plugin.web.wsgi import read_input, read_query

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/v1/personalize"
METHODS = ("GET", "HEAD", "POST")
VARY = ("T-Key",)
"""Of shared answers: the same address with the key of an edge may come to something else."""
_JSON_TYPES = frozenset({"application/json", "text/plain", ""})
_OK, _NOT_MODIFIED = HTTPStatus.OK, HTTPStatus.NOT_MODIFIED
_OWN = {"Content-Type": "application/json", "Cache-Control": PRIVATE}
"""The headers of what nobody shares, as `Sharing.answered` has them."""
_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True, kw_only=True)
class HotRoute:
    """The route, with what it works with; `behind` answers all other paths."""

    behind: WSGIApplication
    personalization: Personalization
    audiences: Audiences
    writer: AnswerWriter
    sharing: Sharing
    keyring: Keyring
    cors: Cors
    buckets: Buckets
    metrics: HttpMetrics
    max_body_bytes: int
    headers: Sequence[tuple[str, str]]
    explain_refusal: Callable[[object], None]
    monotonic: Callable[[], float]
    new_id: Callable[[], str]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        method = environ["REQUEST_METHOD"]
        preflight = method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        if preflight or environ.get("PATH_INFO") != PATH:
            return self.behind(environ, start_response)
        began = self.monotonic()
        body, status, headers = self._answered(method, environ)
        lines = [*headers.items(), *self.headers]
        if status != _NOT_MODIFIED:  # else it would be that of the whole answer
            lines.append(("Content-Length", str(len(body))))
        lines.extend(self.cors.answer(environ.get("HTTP_ORIGIN")).items())
        start_response(_STATUS[status], lines)
        self.metrics.observe(method, PATH, status, self.monotonic() - began)
        return [b"" if method == "HEAD" else body]

    def _answered(self, method: str, environ: WSGIEnvironment) -> Rendered:
        """The answer, or the problem as its details; nothing is raised from here."""
        try:
            if method == "POST":
                return self._post(environ)
            if method in METHODS:
                return self._get(environ, counted=method == "GET")
            if method == "OPTIONS":
                return b"", HTTPStatus.NO_CONTENT, {"Allow": ", ".join((*METHODS, "OPTIONS"))}
            raise MethodNotAllowed(METHODS)
        except TesseraError as error:
            return render(error)
        except ValidationError as error:
            return render(field_errors(error))
        except Exception as error:  # noqa: BLE001 - the last resort: logged with an id, answered without details
            return incident(error, self.new_id)

    def _post(self, environ: WSGIEnvironment) -> Rendered:
        # Browsers send plain text, with the key in the address: other origins are then asked without a preflight.
        query = environ.get("QUERY_STRING")
        caller = self._caller(environ, (read_query(query).get("key") or (None,))[-1] if query else None)
        sent = environ.get("CONTENT_TYPE", "")
        if sent not in _JSON_TYPES and sent.partition(";")[0].strip().lower() not in _JSON_TYPES:
            raise UnsupportedMediaType(["application/json"])
        asked = from_body(read_input(environ, self.max_body_bytes), self._refuse)
        return self._answer(asked, caller, environ, {}, by_cache=False)

    def _get(self, environ: WSGIEnvironment, *, counted: bool) -> Rendered:
        text = environ.get("QUERY_STRING", "")
        query = read_query(text)
        caller = self._caller(environ, (query.get("key") or (None,))[-1])
        key = environ.get("HTTP_T_KEY")
        unchanged = self.sharing.unchanged(environ, _address(environ), self.personalization.sites.site, key)
        if unchanged is not None:
            return unchanged
        asked = from_address(text)
        if key is not None and not asked.explain:
            return self._by_key(asked, key, environ)
        return self._answer(asked, caller, environ, query, by_cache=True, counted=counted)

    def _by_key(self, asked: Asked, key: str, environ: WSGIEnvironment) -> Rendered:
        """The answer for the keys that an edge found before; of the visitor nothing else is looked at."""
        answer = self.audiences.answer(asked.asks, key, unique=asked.unique)
        return self._written(answer, asked, environ, key=key)

    def _caller(self, environ: WSGIEnvironment, key: str | None) -> Caller:
        caller = self.keyring.caller(environ, key)
        self.buckets.take(caller.name)
        return caller

    def _answer(
        self,
        asked: Asked,
        caller: Caller,
        environ: WSGIEnvironment,
        query: Mapping[str, tuple[str, ...]],
        *,
        by_cache: bool,
        counted: bool = True,
    ) -> Rendered:
        if asked.explain:
            self.keyring.require(caller, "explain")
        manager = caller.kind == "management"
        cookie = environ.get("HTTP_COOKIE")
        raw = RawRequest(
            headers_from_environ(environ),
            parse_cookie(cookie) if cookie else {},
            query,
            asked.context,
            asked.visitor,
            environ.get("REMOTE_ADDR"),
            trusted_body=manager,
        )
        answer = self.personalization.answer(
            Personalize(
                raw=raw,
                asks=asked.asks,
                unique=asked.unique,
                explain=asked.explain,
                by_cache=by_cache,
                counted=counted,
                events=asked.events,
            )
        )
        return self._written(answer, asked, environ, all_segments=manager)

    def _written(
        self,
        answer: Answer,
        asked: Asked,
        environ: WSGIEnvironment,
        *,
        all_segments: bool = False,
        key: str | None = None,
    ) -> Rendered:
        failed: list[str] = []
        told = unread(asked.context) if asked.context else ()
        body = self.writer.write(answer, render=asked.render, all_segments=all_segments, failed=failed, told=told)
        if not answer.shared:
            return body, _OK, _OWN
        body, status, headers = self.sharing.answered(
            environ, _address(environ), [answer], body, key=key, vary=VARY, broken=bool(failed)
        )
        return body, status, {"Content-Type": "application/json", **headers}

    def _refuse(self, parsed: object) -> NoReturn:
        """Say which fields are wrong; the schema knows."""
        self.explain_refusal(parsed)
        raise ValidationFailed([FieldError("", "the body is not of the documented form")])


def _address(environ: WSGIEnvironment) -> str:
    return f"{PATH}?{environ.get('QUERY_STRING', '')}"
