"""What the fields of `Query` and `Mutation` come to: answers of REST, member by member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import GraphQLResolveInfo

from plugin.errors import FieldError, ValidationFailed
from plugin.graphql.asking import Asking
from plugin.graphql.plain_arguments import coerced
from plugin.graphql.schema import ENTRY, SNAKE, Resolve
from plugin.service.delivery.personalize import Answer
from plugin.web.hot import Asked

Info = GraphQLResolveInfo[Any]
_decode = msgspec.json.Decoder().decode


def personalize(_root: object, info: Info, **arguments: Any) -> object:  # noqa: ANN401  # what GraphQL coerced
    """As `POST` or `GET /v1/personalize`."""
    asking: Asking = info.context
    asked = asking.read(coerced(arguments))
    return as_members(asking, asked, asking.decide(asked))


def as_members(asking: Asking, asked: Asked, answer: Answer) -> Mapping[str, object]:
    """An answer as REST writes it, slots as a list, each block with its whole entry beside it."""
    failed: list[str] = []
    written = asking.services.writer.write(
        answer, render=asked.render, all_segments=asking.caller.kind == "management", failed=failed
    )
    asking.is_broken = asking.is_broken or bool(failed)
    found: dict[str, Any] = _decode(written)
    slots = []
    for ask, decision in answer.settled.decisions:
        slot = {"id": ask.id, **found["slots"][ask.id]}
        for told, block in zip(slot["blocks"], decision.blocks, strict=True):
            told[ENTRY] = block.entry
        slots.append(slot)
    return {**found, "slots": slots}


def content(_root: object, info: Info, **arguments: Any) -> object:  # noqa: ANN401
    """As `GET /v1/content`, or with an id `GET /v1/content/{id}`."""
    asking: Asking = info.context
    given = {name: value for name, value in arguments.items() if value is not None}
    id_ = given.pop("id", None)
    if id_ is None:
        return asking.rest("list_content", query=given)
    if given.keys() & {"cursor", "limit"}:
        raise ValidationFailed([FieldError("/id", "the variants of one entry come all at once")])
    entry = asking.rest("read_entry", path={"id": id_})
    tag = given.pop("tag", None)
    items = [
        one
        for one in entry["variants"]
        if all(one[name] == value for name, value in given.items()) and (tag is None or tag in one["tags"])
    ]
    return {"items": items, "next": None}


def visitor(_root: object, info: Info, *, id: str) -> object:  # noqa: A002  # the argument's own name
    """As `GET /v1/visitors/{id}`."""
    asking: Asking = info.context
    return asking.rest("read_visitor", path={"id": id})


def track(_root: object, info: Info, **arguments: Any) -> object:  # noqa: ANN401
    """As `POST /v1/events`."""
    return _sent(info, "events", arguments)


def identify(_root: object, info: Info, **arguments: Any) -> object:  # noqa: ANN401
    """As `POST /v1/identify`."""
    return _sent(info, "identify", arguments)


def _sent(info: Info, operation: str, arguments: Mapping[str, Any]) -> object:
    asking: Asking = info.context
    body = {SNAKE[name]: value for name, value in arguments.items() if value is not None}
    if isinstance(body.get("preferences"), dict):
        body["preferences"] = {name: value for name, value in body["preferences"].items() if value is not None}
    return asking.rest(operation, body=body)


RESOLVERS: Mapping[str, Resolve] = {
    "personalize": personalize,
    "content": content,
    "visitor": visitor,
    "track": track,
    "identify": identify,
}
