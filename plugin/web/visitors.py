"""`/v1/visitors/{id}`: what is kept of a visitor, changed by the site, and links undone."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

from plugin.errors import FieldError, ValidationFailed
from plugin.service.visitors.changes import Said
from plugin.service.visitors.identify import Identifying
from plugin.service.visitors.profiles import Profiles
from plugin.web.body import escaped
from plugin.web.operations import Answer, Body, Call, Operation
from plugin.web.schemas import visitors as shapes

_TAG = "visitors"
_EACH = "/v1/visitors/<id:id>"
SCOPE = "visitors"
_FULL = "profile."


def operations(profiles: Profiles, identifying: Identifying) -> list[Operation]:
    """Every operation on one visitor."""

    def read(call: Call) -> Answer:
        found = profiles.read(call.path["id"], actor=call.author)
        return Answer(found.profile, tag=found.tag)

    def change(call: Call) -> Answer:
        found, not_stored = profiles.change(
            call.path["id"], said_of(call.body, profiles.declared), actor=call.author, precondition=call.precondition
        )
        told = [one._asdict() for one in not_stored]
        return Answer({**found.profile, "not_stored": told}, tag=found.tag or None)

    def unlink(call: Call) -> Answer:
        identifying.unlink(call.path["id"], call.path["other"], actor=call.author)
        return Answer(status=204)

    return [
        Operation(
            name="read_visitor",
            method="GET",
            path=_EACH,
            summary="What is kept of a visitor",
            description="Of all ids that are the same person, together. Noted in the audit log.",
            tag=_TAG,
            access=SCOPE,
            answers={200: shapes.Profile},
            refusals=(422,),
            run=read,
        ),
        Operation(
            name="change_visitor",
            method="PATCH",
            path=_EACH,
            summary="Set attributes, consent and preferences",
            description=(
                "All of it or nothing, and the next decision sees it. What the visitor does not allow is not kept: "
                "`not_stored` says so. With `If-Match` only the state that was read is changed; without, what is named "
                "is. Noted in the audit log."
            ),
            tag=_TAG,
            access=SCOPE,
            body=Body(shapes.ProfilePatch),
            answers={200: shapes.ChangedProfile},
            refusals=(412,),
            run=change,
        ),
        Operation(
            name="unlink_visitor",
            method="DELETE",
            path=f"{_EACH}/links/<id:other>",
            summary="Undo a link: the two are two again, each with what is its own",
            tag=_TAG,
            access=SCOPE,
            answers={204: None},
            refusals=(422,),
            run=unlink,
        ),
    ]


def said_of(
    body: Mapping[str, Any], declared: Callable[[], Container[str]], signals: Mapping[str, bool] | None = None
) -> Said:
    """What a body says of a visitor.

    Args:
        body: as its schema let it through.
        declared: gives the attributes that may be set, by name without `profile.`; what is one of them as it stands
            means that one, so that no value lands on another where `profile.profile.plan` is declared, too.
        signals: what the request itself says of consent.
    Raises: ValidationFailed where an attribute stands there by both its names.
    """
    topics, given = body.get("preferences", {}), body.get("attributes", {})
    known = declared() if any(name.startswith(_FULL) for name in given) else ()
    short = {name: name if name in known else name.removeprefix(_FULL) for name in given}
    full = {f"/attributes/{escaped(one)}": f"/attributes/{escaped(name)}" for name, one in short.items() if one != name}
    twice = [full[place] for place in full if place.removeprefix("/attributes/") in map(escaped, given)]
    if twice:
        raise ValidationFailed([FieldError(place, "said twice, without 'profile.' too") for place in twice])
    return Said(
        attributes={short[name]: value for name, value in given.items()},
        full=full,
        consent=body.get("consent", {}),
        likes=tuple(topics.get("likes", ())),
        dislikes=tuple(topics.get("dislikes", ())),
        neither=tuple(topics.get("neither", ())),
        signals=signals or {},
    )
