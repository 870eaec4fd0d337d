"""Dead letters: events that were accepted and could not be applied."""

from __future__ import annotations

from marshmallow import Schema, fields

from plugin.service.events.dead_letters import DeadEvents
from plugin.web.operations import Answer, Call, Operation
from plugin.web.schemas.common import Object, PageQuery, Whole

_INSTANT = {"format": "date-time"}


class DeadLetterQuery(PageQuery):
    """Which letters."""

    replayed = fields.Boolean(load_default=False, metadata={"description": "Those that were sent again, instead."})


class DeadLetter(Schema):
    """An event that could not be applied."""

    id = fields.String(required=True)
    source = fields.String(required=True, allow_none=True, metadata={"description": "What stands for its visitor."})
    why = fields.String(required=True)
    attempts = Whole(1, 1 << 31, required=True)
    first = fields.String(required=True, metadata=_INSTANT)
    last = fields.String(required=True, metadata=_INSTANT)
    sent_again = fields.String(required=True, allow_none=True, metadata=_INSTANT)
    event = Object(required=True)


class DeadLetterPage(Schema):
    """Some of them, in order of id."""

    items = fields.List(fields.Nested(DeadLetter), required=True)
    next = fields.String(required=True, allow_none=True)


def operations(letters: DeadEvents) -> list[Operation]:
    """List, and send again."""

    def page(call: Call) -> Answer:
        query = call.query
        found = letters.page(
            replayed=query["replayed"], after=query.get("cursor"), limit=query["limit"], actor=call.author
        )
        return Answer({"items": found.items, "next": found.next})

    def replay(call: Call) -> Answer:
        return Answer(letters.replay(call.path["id"], actor=call.author))

    return [
        Operation(
            name="list_dead_letters",
            method="GET",
            path="/v1/dead-letters",
            summary="Events that could not be applied",
            description="Reading them is noted in the audit log.",
            tag="visitors",
            access="visitors",
            query=DeadLetterQuery,
            answers={200: DeadLetterPage},
            run=page,
        ),
        Operation(
            name="replay_dead_letter",
            method="POST",
            path="/v1/dead-letters/<id:id>/replay",
            summary="Send an event through the stream again",
            description="One that was applied meanwhile counts once. Noted in the audit log.",
            tag="visitors",
            access="visitors",
            answers={200: DeadLetter},
            refusals=(404, 409, 503),
            run=replay,
        ),
    ]
