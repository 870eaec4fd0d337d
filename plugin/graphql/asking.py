"""One request, and what its fields are resolved by: the services behind REST, through the checks that REST makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import msgspec
from marshmallow import ValidationError
from werkzeug.http import parse_cookie

from plugin.edge.headers import PRIVATE
from plugin.edge.keys import CONTENT
from plugin.errors import (
    FieldError,
    Forbidden,
    MalformedRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    UnknownKey,
    ValidationFailed,
    unknown_slots,
)
from plugin.flow.context import RawRequest, headers_from_environ
from plugin.flow.types import Site
from plugin.graphql.limits import MOST_BLOCKS, MOST_TOLD
from plugin.graphql.projection import Told, Tools
from plugin.service.delivery.audience import Audiences
from plugin.service.delivery.personalize import Answer, Personalization, Personalize
from plugin.service.delivery.writer import AnswerWriter
from plugin.service.preconditions import Precondition
from plugin.web.auth import Caller, Keyring
from plugin.web.body import refuse_unsafe
from plugin.web.context_form import unread
from plugin.web.hot import Asked, from_body
from plugin.web.operations import DELIVERY, Call, Incoming, Operation, RawBody, load
from plugin.web.personalize import VARY
from plugin.web.problems import Rendered, field_errors
from plugin.web.shared import Sharing

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ASKED_BY_ADDRESS = ("url", "referrer", "locale", "timezone")
_NONE: Mapping[str, Any] = {}
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What requests are answered with; ``operations`` are those of REST, by name."""

    personalization: Personalization
    audiences: Audiences
    writer: AnswerWriter
    sharing: Sharing
    tools: Tools
    keyring: Keyring
    operations: Mapping[str, Operation]
    explain_refusal: Callable[[object], None]


@dataclass(slots=True, kw_only=True)
class Asking:
    """One request, while it is answered.

    Attributes:
        site: the state that the schema was made of; every answer is of it.
        by_get: whether it came by GET: nothing may change, and a shared cache may keep the answer.
        query: the parameters of the address, without those of GraphQL itself.
        address: path and query, as they came.
        fields: that the operation asks for.
        typed: whether its answer follows from the types of content, and so from all entries.
        blocks: that all slots together may show.
        answers: those of which the whole is made; see `rendered`.
        is_broken: whether something could not be rendered.
    """

    services: Services
    site: Site
    caller: Caller
    environ: WSGIEnvironment
    address: str
    query: Mapping[str, tuple[str, ...]]
    by_get: bool
    counted: bool
    fields: int = 0
    typed: bool = False
    blocks: int = 0
    answers: list[Answer] = field(default_factory=list)
    is_private: bool = False
    is_broken: bool = False

    def read(self, body: Mapping[str, Any]) -> Asked:
        """Read a body as REST does. Raises: as `POST /v1/personalize` answers."""
        return from_body(_json(body), self._refuse)

    def decide(self, asked: Asked) -> Answer:
        """Decide for what was read. Raises: as `POST /v1/personalize` answers."""
        if self.by_get and asked.events:
            raise MethodNotAllowed(["POST"])
        if asked.explain:
            self.services.keyring.require(self.caller, "explain")
        self._count(asked)
        answer = self._by_key(asked) if self.key is not None and not asked.explain else self._by_request(asked)
        self.answers.append(answer)
        return answer

    @property
    def key(self) -> str | None:
        """What an edge says of the visitor, in place of everything else."""
        key: str | None = self.environ.get("HTTP_T_KEY") if self.by_get else None
        return key

    def _by_key(self, asked: Asked) -> Answer:
        answer = self.services.audiences.answer(asked.asks, self.key or "", unique=asked.unique)
        if answer.site is not self.site:
            raise UnknownKey("What is published changed meanwhile; ask for the key again.")
        return answer

    def _by_request(self, asked: Asked) -> Answer:
        return self.services.personalization.answer(
            Personalize(
                raw=self._raw(asked),
                asks=asked.asks,
                unique=asked.unique,
                explain=asked.explain,
                by_cache=self.by_get,
                counted=self.counted,
                events=asked.events,
            ),
            self.site,
        )

    def told(self, asked: Asked, answer: Answer) -> Told:
        """What is told of an answer to this caller."""
        held: Set[str] = frozenset()
        if not answer.shared:
            held = answer.settled.planned.facts.held
            if self.caller.kind != "management":
                held &= answer.site.public_segments
        errors: list[Mapping[str, object]] = []
        if answer.unknown or answer.rejected:
            errors += unknown_slots(answer.unknown, answer.site.ruleset.slots)
            errors += [{"pointer": one.pointer, "detail": one.detail} for one in answer.rejected]
        errors += [{"pointer": one.pointer, "detail": one.detail} for one in unread(asked.context)]
        return Told(answer, asked.render, sorted(held) if held else (), errors)

    def rest(self, name: str, *, body: Mapping[str, Any] | None = None, **given: Any) -> Any:  # noqa: ANN401
        """What an operation of REST answers to this caller, as JSON.

        Args:
            body: sent as JSON.
            given: `path` and `query`, as REST has them.
        Raises: as it does.
        """
        self.is_private = True
        operation = self.services.operations.get(name)
        if operation is None or operation.run is None:
            raise NotFound("This is not served here.")
        if operation.access != DELIVERY:
            self.services.keyring.require(self.caller, operation.access)
        query = load(operation.query(), given.get("query", {})) if operation.query is not None else {}
        answer = operation.run(
            Call(
                caller=self.caller,
                path=given.get("path", _NONE),
                query=query,
                body=None if body is None else self._incoming(operation, body),
                precondition=Precondition(None, only_new=False),
            )
        )
        schema = operation.answers[answer.status]
        return answer.value if schema is None else schema().dump(answer.value)

    def rendered(self, body: bytes) -> Rendered:
        """The whole answer, and who may keep it: of its parts the strictest decides."""
        if self.is_private or not self.by_get or not self.answers:
            return body, 200, {"Cache-Control": PRIVATE}
        return self.services.sharing.answered(
            self.environ,
            self.address,
            self.answers,
            body,
            key=self.key,
            vary=VARY,
            broken=self.is_broken,
            also=(CONTENT,) if self.typed else (),
        )

    def _refuse(self, parsed: object) -> NoReturn:
        try:
            self.services.explain_refusal(parsed)
        except ValidationError as error:
            raise field_errors(error) from error
        raise ValidationFailed([FieldError("", "the arguments are not of the documented form")])

    def _count(self, asked: Asked) -> None:
        """Raises: MalformedRequest where all slots together may show more blocks than one request may ask for."""
        site = self.site
        for one in asked.asks:
            most = site.ruleset.compiled(one.id).slot.limit if one.id in site.reads else 0
            self.blocks += most if one.limit is None else min(most, one.limit)
        if self.blocks > MOST_BLOCKS:
            raise MalformedRequest(f"The slots may show more than {MOST_BLOCKS} blocks together.")
        if self.blocks * self.fields > MOST_TOLD:
            raise MalformedRequest(
                f"The slots may show {self.blocks} blocks together, and {self.fields} fields are asked for: "
                f"at most {MOST_TOLD} if multiplied."
            )

    def _raw(self, asked: Asked) -> RawRequest:
        context, query = asked.context, self.query
        if self.by_get and context:
            # What stands in the document of a GET stands in its address.
            said = {name: (text,) for name in _ASKED_BY_ADDRESS if isinstance(text := context.get(name), str)}
            query = {**query, **said}
            context = {name: value for name, value in context.items() if name not in said}
        cookie = self.environ.get("HTTP_COOKIE")
        return RawRequest(
            headers_from_environ(self.environ),
            parse_cookie(cookie) if cookie else {},
            query if self.by_get else {},
            context,
            asked.visitor,
            self.environ.get("REMOTE_ADDR"),
            trusted_body=self.caller.kind == "management",
        )

    def _incoming(self, operation: Operation, body: Mapping[str, Any]) -> Incoming:
        raw = _json(body)
        limit = operation.body.limit_bytes if isinstance(operation.body, RawBody) else 0
        if limit and len(raw) > limit:
            raise PayloadTooLarge(limit)
        headers = {name: ", ".join(values) for name, values in headers_from_environ(self.environ).items()}
        headers["content-type"] = "application/json"
        consent = [
            f"{quote(name)}={quote(value)}"
            for name, values in self.query.items()
            if name.startswith("consent.")
            for value in values
        ]
        path = f"{operation.path}?{'&'.join(consent)}"
        return Incoming("POST", path, headers, lambda: raw, self.environ.get("REMOTE_ADDR"))


def _json(body: Mapping[str, Any]) -> bytes:
    """Raises: ValidationFailed, MalformedRequest for what no JSON of ours may hold."""
    try:
        return _encode(body)
    except (UnicodeEncodeError, OverflowError, RecursionError, TypeError) as error:
        refuse_unsafe(body)
        raise MalformedRequest("The arguments cannot be read.") from error


def require_manager(caller: Caller) -> None:
    """Raises: Forbidden for all but management keys."""
    if caller.kind != "management":
        raise Forbidden("The schema is shown to management keys only.")
