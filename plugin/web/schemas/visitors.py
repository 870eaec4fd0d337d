"""Profiles, what is said of visitors, and who they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from plugin.web.context_form import NO_PURPOSE, PURPOSE
from plugin.web.schemas.common import Object, Verbatim

_MOST_PURPOSES = 32
_WORD = "true or false"
_MOST_TOPICS = 100
_MOST_ATTRIBUTES = 200
_VISITOR = {"description": "1 to 128 characters.", "example": "v-123"}
_INSTANT = {"format": "date-time"}


class Words(Object):
    """Purposes, and true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        found = super()._deserialize(value, attr, data, **kwargs)
        if len(found) > _MOST_PURPOSES:
            raise ValidationError(f"at most {_MOST_PURPOSES} purposes")
        wrong = {name: [_WORD] for name, word in found.items() if type(word) is not bool}
        wrong |= {name: [NO_PURPOSE] for name in found if not PURPOSE.fullmatch(name)}
        if wrong:
            raise ValidationError(wrong)
        return found


def _topics() -> fields.List[str]:
    one = fields.String(validate=validate.Length(min=1, max=128))
    return fields.List(one, validate=validate.Length(max=_MOST_TOPICS), metadata={"example": ["sci-fi"]})


class Preferences(Schema):
    """Topics, as the visitor says of them. What is not named stays as it was."""

    likes = _topics()
    dislikes = _topics()
    neither = fields.List(
        fields.String(validate=validate.Length(min=1, max=128)),
        validate=validate.Length(max=_MOST_TOPICS),
        metadata={"description": "Takes back what was said of these.", "example": []},
    )

    @validates_schema
    def _refuse_both(self, data: Mapping[str, Any], **_: Any) -> None:  # noqa: ANN401  # marshmallow's call
        named = [topic for topics in data.values() for topic in set(topics)]
        twice = sorted({topic for topic in named if named.count(topic) > 1})
        if twice:
            raise ValidationError(f"the topic {twice[0]!r} stands in two of the lists")


class _Said(Schema):
    attributes = Object(
        validate=validate.Length(max=_MOST_ATTRIBUTES),
        metadata={
            "description": "As the published rules declare them, with `profile.` or without; null takes one back.",
            "example": {"tier": "gold"},
        },
    )
    consent = Words(
        metadata={
            "description": "By purpose. It is kept; false takes out what was kept for the purpose.",
            "example": {"personalization": True},
            "additionalProperties": {"type": "boolean"},
        },
    )
    preferences = fields.Nested(Preferences)


class ProfilePatch(_Said):
    """What the site says of a visitor; what is not named stays as it was."""


class PreferencesBody(_Said):
    """What visitors say of themselves, such as in a questionnaire."""

    visitor_id = fields.String(required=True, validate=validate.Length(min=1, max=128), metadata=_VISITOR)
    user_token = fields.String(
        validate=validate.Length(min=1, max=4_096),
        metadata={"description": "Needed with a delivery key where the site knows whose id it is; as for identify."},
    )


class IdentifyBody(_Said):
    """Who a visitor is."""

    visitor_id = fields.String(
        required=True,
        validate=validate.Length(min=1, max=128),
        metadata={"description": "The id that the visitor had so far.", "example": "v-123"},
    )
    user_id = fields.String(
        validate=validate.Length(min=1, max=128),
        metadata={"description": "The id of the user, as the site knows it.", "example": "user-7"},
    )
    user_token = fields.String(
        validate=validate.Length(min=1, max=4_096),
        metadata={
            "description": "Needed with a delivery key: a JWT that the site signs by HS256, with `sub`, the user's id, "
            "and `exp`."
        },
    )


class NotStored(Schema):
    """What was not kept for want of consent."""

    pointer = fields.String(required=True, metadata={"description": "JSON pointer (RFC 6901) into what was sent."})
    detail = fields.String(required=True)


class ToldAnswer(Schema):
    """What became of it."""

    not_stored = fields.List(fields.Nested(NotStored), required=True)


class IdentifyAnswer(ToldAnswer):
    """What became of it. Nothing that is kept of either is told."""

    linked = fields.Boolean(required=True, metadata={"description": "Whether the two are one person now."})


class ProfileSegment(Verbatim):
    """A segment that the visitor is in, by a pattern, a list or a job; those by conditions depend on the request."""

    id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["pattern", "list", "computed"]))
    since = fields.String(required=True, metadata=_INSTANT)
    until = fields.String(required=True, allow_none=True, metadata=_INSTANT)
    score = fields.Float(required=True, allow_none=True)
    reason = Object(required=True)


class Profile(Verbatim):
    """What is kept of a visitor, and of all that are linked to them together."""

    id = fields.String(required=True)
    known = fields.Boolean(required=True, metadata={"description": "Whether they told who they are."})
    linked = fields.Integer(required=True, metadata={"description": "How many other ids are of the same person."})
    attributes = Object(required=True, metadata={"description": "As rules would read them now, set and worked out."})
    set = Object(required=True, metadata={"description": "Those that were set: value, when and by what."})
    segments = fields.List(fields.Nested(ProfileSegment), required=True)
    consent = Object(required=True, metadata={"description": "By purpose."})
    preferences = fields.Nested(Preferences, required=True)
    interests = Object(required=True, metadata={"description": "Topics learned of what was read, and their weight."})
    visits = Object(required=True)
    counters = Object(required=True, metadata={"description": "By type of event."})
    first_seen = fields.String(required=True, allow_none=True, metadata=_INSTANT)
    last_seen = fields.String(required=True, allow_none=True, metadata=_INSTANT)
    schema_version = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The rule set that attributes were checked by last."}
    )


class ChangedProfile(Profile):
    """The profile after a change, and what of it was not kept."""

    not_stored = fields.List(fields.Nested(NotStored), required=True)
