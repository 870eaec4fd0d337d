"""`/v1/simulate`: a decision for an invented visitor and moment, never counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from plugin.service.commands import SimulateRequest, SlotRequest
from plugin.service.visitors.profiles import Profiles
from plugin.web.auth import Keyring
from plugin.web.manage.draft import MOST_DOCUMENT_BYTES
from plugin.web.operations import Answer, Body, Call, Operation
from plugin.web.schemas.personalize import PersonalizeAnswer, SimulateBody
from plugin.web.visitors import SCOPE


def operations(
    simulate: Callable[[SimulateRequest], Mapping[str, object]], profiles: Profiles, keyring: Keyring
) -> list[Operation]:
    """The one operation."""

    def run(call: Call) -> Answer:
        asked = _request(call.body)
        if asked.as_visitor and asked.visitor_id is not None:
            if call.caller is not None:
                keyring.require(call.caller, SCOPE)
            profiles.note(asked.visitor_id, actor=call.author, by="simulate")
        return Answer(simulate(asked))

    return [
        Operation(
            name="simulate",
            method="POST",
            path="/v1/simulate",
            summary="Decide for an invented visitor, moment and rule set; never counted",
            tag="simulate",
            access="simulate",
            body=Body(SimulateBody, limit_bytes=MOST_DOCUMENT_BYTES),
            answers={200: PersonalizeAnswer},
            refusals=(404, 503),
            run=run,
        )
    ]


def _request(body: Mapping[str, Any]) -> SimulateRequest:
    content = body.get("content")
    return SimulateRequest(
        slots=tuple(
            SlotRequest(slot["id"], slot.get("limit"), tuple(slot.get("exclude_", ()))) for slot in body["slots"]
        ),
        attributes=body.get("attributes", {}),
        segments=tuple(body.get("segments", ())),
        arms=body.get("arms", {}),
        at=body.get("at"),
        draft=body["draft"],
        content=None if content is None else tuple(content),
        visitor_id=body.get("visitor_id"),
        as_visitor=body["as_visitor"],
        unique=body.get("unique", False),
        exposures=body.get("exposures", {}),
        seed=body.get("seed", 0),
        explain=body.get("explain", True),
    )
