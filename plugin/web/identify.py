"""`POST /v1/identify` and `POST /v1/preferences`: what browsers, or servers for them, say of a visitor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from marshmallow import Schema

from plugin.flow.context import RawRequest
from plugin.service.audit import DELIVERY_KEY
from plugin.service.visitors.changes import NotStored, Said
from plugin.service.visitors.consenting import Heard
from plugin.service.visitors.identify import Identifying
from plugin.service.visitors.profiles import Profiles
from plugin.web.incoming import is_server, json_of, raw_request
from plugin.web.operations import DELIVERY, Answer, Call, Operation, RawBody
from plugin.web.schemas import visitors as shapes
from plugin.web.visitors import SCOPE, said_of

LARGEST_BYTES = 64 * 1_024


def operations(
    profiles: Profiles, identifying: Identifying, hear: Callable[[RawRequest], Heard], *, limit_bytes: int
) -> list[Operation]:
    """Both."""
    identify_body, preferences_body = shapes.IdentifyBody(), shapes.PreferencesBody()
    limit = min(limit_bytes, LARGEST_BYTES)

    def read(call: Call, schema: Schema) -> tuple[Any, Said, Heard]:
        body = json_of(call.body, schema)
        heard = hear(raw_request(call.body, body.get("consent"), trusted=is_server(call)))
        return body, replace(said_of(body, profiles.declared, heard.signals), consent=heard.consent), heard

    def identify(call: Call) -> Answer:
        body, said, heard = read(call, identify_body)
        by_client = not _may_set(call)
        user = identifying.user(body.get("user_id"), body.get("user_token"), by_client=by_client)
        found = identifying.link(body["visitor_id"], user, said, actor=_actor(call), by_client=by_client)
        return Answer({"linked": found.linked, **_told(found.not_stored, heard)})

    def tell(call: Call) -> Answer:
        body, said, heard = read(call, preferences_body)
        token, by_client = body.get("user_token"), not _may_set(call)
        user = identifying.user(None, token, by_client=by_client) if token is not None else None
        not_stored = profiles.tell(body["visitor_id"], said, actor=_actor(call), by_client=by_client, user=user)
        return Answer(_told(not_stored, heard))

    return [
        Operation(
            name="identify",
            method="POST",
            path="/v1/identify",
            summary="Say who a visitor is",
            description=(
                "Links the id that a visitor had so far to that of a known user, and sets attributes of the user. With "
                "a delivery key it needs a `user_token` and sets only what is `client_writable`; with a management key "
                "that has the scope `visitors`, `user_id` is enough. To say it again changes nothing; a visitor who is "
                "linked to another user is linked to this one instead."
            ),
            tag="delivery",
            access=DELIVERY,
            body=RawBody(limit, shapes.IdentifyBody),
            answers={200: shapes.IdentifyAnswer},
            refusals=(409, 415, 422),
            beacon=True,
            run=identify,
        ),
        Operation(
            name="tell_preferences",
            method="POST",
            path="/v1/preferences",
            summary="What visitors say of themselves",
            description=(
                "Topics that they like or dislike, attributes that are `client_writable`, and consent, such as in a "
                "questionnaire. To send it again changes nothing. Of an id that the site knows it needs a `user_token`."
            ),
            tag="delivery",
            access=DELIVERY,
            body=RawBody(limit, shapes.PreferencesBody),
            answers={200: shapes.ToldAnswer},
            refusals=(415, 422),
            beacon=True,
            run=tell,
        ),
    ]


def _may_set(call: Call) -> bool:
    """Whether the caller may say anything of anybody. Other keys say what browsers may, with a user's token."""
    return call.caller is not None and call.caller.kind == "management" and call.caller.may(SCOPE)


def _actor(call: Call) -> str:
    return call.author if is_server(call) else DELIVERY_KEY


def _told(not_stored: list[NotStored], heard: Heard) -> dict[str, object]:
    return {"not_stored": [one._asdict() for one in (*heard.not_stored, *not_stored)]}
