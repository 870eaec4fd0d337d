"""`/v1/previews` makes links, `/v1/preview` answers to them: like `/v1/personalize`, with drafts, and never kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from flask import Request, request

from plugin.flow.context import RawRequest, headers_from_environ
from plugin.flow.types import SlotAsk
from plugin.service.previews.preview import PATH, PreviewAsk, PreviewRequest, Previews
from plugin.service.previews.tokens import DraftRef, Preview, bucket_of
from plugin.web.context_form import unread
from plugin.web.hot import from_query
from plugin.web.limits import Buckets
from plugin.web.operations import OPEN, Answer, Body, Call, Operation
from plugin.web.schemas import preview as shapes

_TAG = "previews"
_KEPT_BY_NOBODY = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
_REFUSALS = (401, 403, 404, 429, 503)
_SCOPE = "simulate"


def operations(previews: Previews, buckets: Buckets) -> list[Operation]:
    """Every operation; ``buckets`` are those of links."""

    def create(call: Call) -> Answer:
        link = previews.create(_wanted(call.body), author=call.author)
        return Answer(asdict(link), 201, headers=_KEPT_BY_NOBODY)

    def let_in(call: Call) -> Preview:
        token = call.query["token"]
        found = previews.read(token)
        buckets.take(bucket_of(token))
        return found

    def by_query(call: Call) -> Answer:
        preview = let_in(call)
        query = {name: tuple(values) for name, values in request.args.lists() if name != "token"}
        # The reader of the query wants slots; where there are none, this one is not looked at again.
        asked = from_query(query if query.get("slots") else {**query, "slots": ("-",)})
        ask = PreviewAsk(
            raw=_raw(request, query=query, visitor=asked.visitor),
            asks=asked.asks if query.get("slots") else _without(preview.slots, asked.asks),
            unique=asked.unique,
            explain=asked.explain,
            render=asked.render,
        )
        return Answer(previews.answer(preview, ask), headers=_KEPT_BY_NOBODY)

    def by_body(call: Call) -> Answer:
        preview, body = let_in(call), call.body
        options = body.get("options") or {}
        ask = PreviewAsk(
            raw=_raw(request, body=body.get("context") or {}, visitor=body.get("visitor") or {}),
            asks=_asks(body["slots"]),
            unique=body.get("unique", False),
            explain=options.get("explain", False),
            render=options.get("render", "json"),
            events=tuple(body.get("events") or ()),
        )
        answer = previews.answer(preview, ask)
        told = [asdict(one) for one in unread(ask.raw.body)]
        return Answer({**answer, "errors": [*answer["errors"], *told]}, headers=_KEPT_BY_NOBODY)

    return [
        Operation(
            name="create_preview",
            method="POST",
            path="/v1/previews",
            summary="Make a link that shows drafts",
            description=(
                "Signed, and over after `expires_in_s`. Until then only another `secret_key` calls it back. The CMS is "
                "asked whether there is each entry; where it cannot be read, `errors` says so and the link is made."
            ),
            tag=_TAG,
            access=_SCOPE,
            body=Body(shapes.PreviewBody),
            answers={201: shapes.PreviewLink},
            run=create,
        ),
        Operation(
            name="preview_by_query",
            method="GET",
            path=PATH,
            summary="Blocks with drafts among them; the token is the key",
            tag=_TAG,
            access=OPEN,
            query=shapes.PreviewQuery,
            answers={200: shapes.PreviewAnswer},
            refusals=_REFUSALS,
            run=by_query,
        ),
        Operation(
            name="preview",
            method="POST",
            path=PATH,
            summary="The same, with what the page knows of its visitor",
            tag=_TAG,
            access=OPEN,
            query=shapes.PreviewToken,
            body=Body(shapes.PreviewRequestBody),
            answers={200: shapes.PreviewAnswer},
            refusals=_REFUSALS,
            run=by_body,
        ),
    ]


def _wanted(body: Mapping[str, Any]) -> PreviewRequest:
    return PreviewRequest(
        entries=tuple(
            DraftRef(one["source"], one["id"], one.get("locale"), one.get("type")) for one in body["entries"]
        ),
        slots=_asks(body.get("slots", ())),
        attributes=body.get("attributes", {}),
        segments=tuple(body.get("segments", ())),
        arms=body.get("arms", {}),
        visitor_id=body.get("visitor_id"),
        at=body.get("at"),
        page=body.get("page"),
        life=timedelta(seconds=body["expires_in_s"]),
    )


def _asks(slots: Sequence[Mapping[str, Any]]) -> tuple[SlotAsk, ...]:
    return tuple(SlotAsk(one["id"], one.get("limit"), tuple(one.get("exclude_", ()))) for one in slots)


def _without(slots: Sequence[SlotAsk], asked: Sequence[SlotAsk]) -> tuple[SlotAsk, ...]:
    """The link's slots, without the entries that the query excludes."""
    left_out = asked[0].exclude if asked else ()
    return tuple(replace(one, exclude=(*one.exclude, *left_out)) for one in slots)


def _raw(asked: Request, **told: Any) -> RawRequest:  # noqa: ANN401  # attributes of RawRequest by name
    return RawRequest(
        headers=headers_from_environ(asked.environ), cookies=asked.cookies, remote_addr=asked.remote_addr, **told
    )
