"""`POST` and `GET /v1/personalize`: parse, call one service, write bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from flask import Blueprint, Request, Response, request

from plugin.errors import FieldError, PayloadTooLarge, UnsupportedMediaType, ValidationFailed
from plugin.flow.context import RawRequest, headers_from_environ
from plugin.service.personalize import Answer, Personalization, Personalize
from plugin.service.writer import AnswerWriter
from plugin.web.auth import Caller, Keyring
from plugin.web.cors import Cors
from plugin.web.hot import Asked, from_body, from_query
from plugin.web.limits import Buckets

PATH = "/v1/personalize"
_PRIVATE = "private, no-store"


@dataclass(frozen=True, slots=True, kw_only=True)
class HotRoute:
    """What the route works with."""

    personalization: Personalization
    writer: AnswerWriter
    keyring: Keyring
    cors: Cors
    buckets: Buckets
    max_body_bytes: int
    explain_refusal: Callable[[object], None]

    def blueprint(self) -> Blueprint:
        """The route for both methods."""
        found = Blueprint("personalize", __name__)
        found.add_url_rule(PATH, "post", self.post, methods=["POST"])
        found.add_url_rule(PATH, "get", self.get, methods=["GET"])
        return found

    def post(self) -> Response:
        """A private answer to a JSON body."""
        caller = self._caller(request, None)
        if request.mimetype not in ("application/json", "text/plain", ""):
            raise UnsupportedMediaType(["application/json"])
        length = request.content_length
        if length is not None and length > self.max_body_bytes:
            raise PayloadTooLarge(self.max_body_bytes)
        raw = request.get_data(cache=False)
        if len(raw) > self.max_body_bytes:
            raise PayloadTooLarge(self.max_body_bytes)
        asked = from_body(raw, self._refuse)
        return self._answer(asked, caller, {}, by_cache=False)

    def get(self) -> Response:
        """The same for caches: what is asked stands in the query."""
        query = {name: tuple(values) for name, values in request.args.lists()}
        caller = self._caller(request, (query.get("key") or (None,))[-1])
        return self._answer(from_query(query), caller, query, by_cache=True)

    def _caller(self, asked: Request, key: str | None) -> Caller:
        headers = asked.headers
        caller = self.keyring.authenticate(
            authorization=headers.get("Authorization"),
            header=headers.get("X-Tessera-Key"),
            query=key,
            origin=headers.get("Origin"),
        )
        self.buckets.take(caller.name)
        return caller

    def _answer(
        self, asked: Asked, caller: Caller, query: Mapping[str, tuple[str, ...]], *, by_cache: bool
    ) -> Response:
        if asked.explain:
            self.keyring.require(caller, "explain")
        manager = caller.kind == "management"
        raw = RawRequest(
            headers=headers_from_environ(request.environ),
            cookies=request.cookies,
            query=query,
            body=asked.context,
            visitor=asked.visitor,
            remote_addr=request.environ.get("REMOTE_ADDR"),
            trusted_body=manager,
        )
        answer = self.personalization.answer(
            Personalize(
                raw=raw,
                asks=asked.asks,
                unique=asked.unique,
                explain=asked.explain,
                render=asked.render,
                by_cache=by_cache,
                ignored=("events",) if asked.has_events else (),
            )
        )
        body = self.writer.write(answer, render=asked.render, all_segments=manager)
        response = Response(body, mimetype="application/json")
        response.headers["Cache-Control"] = _cache_control(answer)
        for name, value in self.cors.answer(request.headers.get("Origin")).items():
            response.headers[name] = value
        return response

    def _refuse(self, parsed: object) -> NoReturn:
        """Say which fields are wrong; the schema knows."""
        self.explain_refusal(parsed)
        raise ValidationFailed([FieldError("", "the body is not of the documented form")])


def _cache_control(answer: Answer) -> str:
    if not answer.shared:
        return _PRIVATE
    return f"public, max-age=0, s-maxage={min(answer.settled.ttl_s.values())}"
