"""Members of segments: put in, taken out, read; sizes; what uses a segment; the segments of one visitor."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from plugin.errors import FieldError, ValidationFailed
from plugin.service.segments.asked import Terms
from plugin.service.segments.history import SegmentHistory
from plugin.service.segments.kinds import KINDS
from plugin.service.segments.members import SegmentMembers
from plugin.service.segments.reading import SegmentReading
from plugin.service.segments.services import SegmentServices
from plugin.service.segments.times import shown
from plugin.service.segments.uses import SegmentUses
from plugin.web.manage import segment_files
from plugin.web.operations import Answer, Body, Call, Operation
from plugin.web.schemas import segments as shapes
from plugin.web.schemas.common import PageQuery

TAG = "segments"
MEMBERS = "/v1/segments/<id:id>/members"
_MOST_BYTES = 4 * 1024 * 1024


def operations(services: SegmentServices) -> list[Operation]:
    """Every operation on those who are in segments."""
    return [
        *_writing(services.members),
        *_reading(services.reading, services.uses),
        *segment_files.operations(services.imports, services.reading),
        _of_visitor(services.history),
    ]


def _writing(members: SegmentMembers) -> list[Operation]:
    def put(call: Call, *, replace: bool) -> Answer:
        decay = call.body.get("decay", {})
        terms = Terms(call.body.get("expires_at"), call.body.get("ttl"), decay.get("half_life"), decay.get("threshold"))
        return Answer(members.put(call.path["id"], call.body["members"], terms, replace=replace, author=call.author))

    def remove(call: Call) -> Answer:
        everybody, body = call.query.get("all", False), call.body
        if everybody and body is None:
            return Answer(members.clear(call.path["id"], author=call.author))
        if everybody or body is None:
            raise ValidationFailed([FieldError("", "name `ids` in the body, or everybody with ?all=true; one of them")])
        return Answer(members.remove(call.path["id"], body["ids"], author=call.author))

    body = Body(shapes.MembersBody, limit_bytes=_MOST_BYTES)
    common: dict[str, Any] = {"path": MEMBERS, "tag": TAG, "access": "visitors", "refusals": (409,)}
    return [
        Operation(
            name="add_members",
            method="POST",
            summary="Put visitors in a segment of members, or in a computed one",
            description=(
                "Up to 10,000 in a batch. Visitors who are in already get their score and end anew. Rules find them "
                "within a second, in a large batch after some seconds."
            ),
            body=body,
            answers={200: shapes.WrittenAnswer},
            run=lambda call: put(call, replace=False),
            **common,
        ),
        Operation(
            name="replace_members",
            method="PUT",
            summary="Put these visitors in, and take everybody else out",
            description="More than 10,000 are replaced by an import.",
            body=body,
            answers={200: shapes.WrittenAnswer},
            run=lambda call: put(call, replace=True),
            **common,
        ),
        Operation(
            name="remove_members",
            method="DELETE",
            summary="Take these visitors out, or everybody",
            description="Everybody of a segment that no document has any more, too. Needs a body, or `all=true`.",
            query=shapes.RemoveQuery,
            body=Body(shapes.IdsBody, required=False, limit_bytes=_MOST_BYTES),
            answers={200: shapes.WrittenAnswer},
            run=remove,
            **common,
        ),
    ]


def _reading(reading: SegmentReading, uses: SegmentUses) -> list[Operation]:
    def sizes(_call: Call) -> Answer:
        return Answer({"items": [asdict(one) for one in reading.sizes()], "next": None})

    def page(call: Call) -> Answer:
        found = reading.members(
            call.path["id"], after=call.query.get("cursor"), limit=call.query["limit"], author=call.author
        )
        items = [
            {
                "source": one.source,
                "kind": KINDS[one.kind],
                "since": shown(one.since),
                "until": shown(one.until),
                "score": one.score,
                "reason": json.loads(one.reason),
            }
            for one in found.items
        ]
        return Answer({"items": items, "next": found.next})

    def used(call: Call) -> Answer:
        return Answer({"items": [asdict(one) for one in uses.of(call.path["id"])], "next": None})

    return [
        Operation(
            name="segment_sizes",
            method="GET",
            path="/v1/segments/sizes",
            summary="How many are in each segment now",
            description="A condition has no size: it is asked of each request, and nobody is kept in it.",
            tag=TAG,
            access="read",
            answers={200: shapes.SizePage},
            run=sizes,
        ),
        Operation(
            name="segment_members",
            method="GET",
            path=MEMBERS,
            summary="Who is in a segment, by what stands for their ids",
            description="Without those whom the document itself lists; the export has both.",
            tag=TAG,
            access="visitors",
            query=PageQuery,
            answers={200: shapes.MemberPage},
            refusals=(409,),
            run=page,
        ),
        Operation(
            name="segment_uses",
            method="GET",
            path="/v1/segments/<id:id>/uses",
            summary="The rules, experiments, segments, tests and entries that use a segment",
            tag=TAG,
            access="read",
            answers={200: shapes.UsePage},
            run=used,
        ),
    ]


def _of_visitor(history: SegmentHistory) -> Operation:
    def segments(call: Call) -> Answer:
        found = history.of(
            call.path["id"], after=call.query.get("cursor"), limit=call.query["limit"], author=call.author
        )
        held = [
            {**asdict(one), "id": one.segment, "since": shown(one.since), "until": shown(one.until)}
            for one in found.held
        ]
        passages = [{**asdict(one), "at": shown(one.at)} for one in found.history.items]
        return Answer({"segments": held, "history": passages, "next": found.history.next})

    return Operation(
        name="visitor_segments",
        method="GET",
        path="/v1/visitors/<id:id>/segments",
        summary="A visitor's segments now, and when and why they entered and left",
        description=(
            "With everybody who is linked to the visitor. Segments by condition depend on the request and are not "
            "among them. Noted in the audit log."
        ),
        tag="visitors",
        access="visitors",
        query=PageQuery,
        answers={200: shapes.VisitorSegmentsAnswer},
        run=segments,
    )
