"""`/v1/event-types`: the types of events that a site registers beside the built-in ones."""

from __future__ import annotations

from urllib.parse import quote

from plugin.errors import FieldError, ValidationFailed
from plugin.service.events.types import Registered, Registering
from plugin.web.operations import Answer, Body, Call, Operation
from plugin.web.schemas import event_types as shapes

_TAG = "event-types"
_EACH = "/v1/event-types/<id:name>"


def operations(types: Registering) -> list[Operation]:
    """Every operation on event types."""

    def page(_call: Call) -> Answer:
        items = types.every()
        etags = {one.name: f'"{one.tag}"' for one in items if not one.built_in}
        return Answer({"items": items, "next": None, "etags": etags})

    def read(call: Call) -> Answer:
        return _of(types.get(call.path["name"]))

    def put(call: Call) -> Answer:
        name = call.path["name"]
        if call.body.get("name", name) != name:
            raise ValidationFailed([FieldError("/name", "not the name in the address")])
        made, new = types.put(
            name, purpose=call.body["purpose"], schema=call.body["schema"], precondition=call.precondition
        )
        return _of(made, status=201, location=f"/v1/event-types/{quote(name, safe='')}") if new else _of(made)

    def delete(call: Call) -> Answer:
        types.delete(call.path["name"], precondition=call.precondition)
        return Answer(status=204)

    return [
        Operation(
            name="list_event_types",
            method="GET",
            path="/v1/event-types",
            summary="The types of events there are",
            tag=_TAG,
            access="read",
            answers={200: shapes.EventTypeList},
            run=page,
        ),
        Operation(
            name="read_event_type",
            method="GET",
            path=_EACH,
            summary="One type of events",
            tag=_TAG,
            access="read",
            answers={200: shapes.EventType},
            run=read,
        ),
        Operation(
            name="put_event_type",
            method="PUT",
            path=_EACH,
            summary="Register a type of events, or change it",
            description="Every process takes events of it within a second.",
            tag=_TAG,
            access="write",
            body=Body(shapes.EventTypeBody),
            answers={200: shapes.EventType, 201: shapes.EventType},
            refusals=(409,),
            conditional=True,
            run=put,
        ),
        Operation(
            name="delete_event_type",
            method="DELETE",
            path=_EACH,
            summary="Take out a type that no published pattern asks for",
            description="Its events are refused from then on; what was counted of them is of the profile's purpose.",
            tag=_TAG,
            access="write",
            answers={204: None},
            refusals=(409,),
            conditional=True,
            run=delete,
        ),
    ]


def _of(one: Registered, *, status: int = 200, location: str | None = None) -> Answer:
    return Answer(one, status, one.tag, {"Location": location} if location else {})
