"""Members of segments: who is put in, who is in, how many, and one visitor's segments."""

# ruff: noqa: ANN401, ARG002  # the signatures are marshmallow's

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from plugin.service.segments.asked import Asked
from plugin.web.schemas.common import Instant, Object

MOST_MEMBERS = 10_000
_LONGEST_DURATION = 10
_DURATION = {"example": "7d", "description": "A number and a unit: 30s, 15m, 2h, 7d, 4w."}
_instant = Instant()


class Duration(fields.String):
    """A text such as `7d`; the service reads it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(max=_LONGEST_DURATION), metadata=_DURATION, **kwargs)


class Number(fields.Float):
    """A number of JSON, and no text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if type(value) not in (int, float):
            raise self.make_error("invalid", input=value)
        return float(value)


class MemberField(fields.Raw):
    """A visitor id, or one with a score and an end. Read by hand: a batch has ten thousand of them."""

    def __init__(self, **kwargs: Any) -> None:
        text = {"type": "string", "minLength": 1, "maxLength": 128}
        parts = {
            "id": text,
            "score": {"type": "number"},
            "expires_at": {"type": "string", "format": "date-time"},
            "ttl": {"type": "string", **_DURATION},
        }
        whole = {"type": "object", "properties": parts, "required": ["id"], "additionalProperties": False}
        super().__init__(metadata={"oneOf": [text, whole]}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Asked:
        if isinstance(value, str):
            return Asked(value)
        if not isinstance(value, Mapping):
            raise ValidationError("a visitor id, or an object with `id`")
        faults = {name: ["there is no such member"] for name in value.keys() - _KINDS.keys()}
        if "id" not in value:
            faults["id"] = ["a visitor id is needed"]
        for name, kinds in _KINDS.items():
            if name in value and type(value[name]) not in kinds:
                faults[name] = ["a number" if float in kinds else "a text"]
        if faults:
            raise ValidationError(faults)
        expires, score = value.get("expires_at"), value.get("score")
        try:
            when = None if expires is None else _instant.deserialize(expires)
        except ValidationError as error:
            raise ValidationError({"expires_at": error.messages}) from error
        return Asked(value["id"], None if score is None else float(score), when, value.get("ttl"))


_KINDS: dict[str, tuple[type, ...]] = {"id": (str,), "score": (int, float), "expires_at": (str,), "ttl": (str,)}


class DecayBody(Schema):
    """A score halves in every half-life; below the threshold the membership is over."""

    half_life = Duration(required=True)
    threshold = Number(required=True, metadata={"description": "Above 0."})


class MembersBody(Schema):
    """People to be put in a segment."""

    members = fields.List(
        MemberField(), required=True, validate=validate.Length(max=MOST_MEMBERS), metadata={"maxItems": MOST_MEMBERS}
    )
    expires_at = Instant(metadata={"description": "The end, for those who bring none of their own."})
    ttl = Duration()
    decay = fields.Nested(DecayBody)


class IdsBody(Schema):
    """People to be taken out of a segment."""

    ids = fields.List(fields.String(), required=True, validate=validate.Length(min=1, max=MOST_MEMBERS))


class RemoveQuery(Schema):
    """Whom to take out."""

    all = fields.Boolean(
        truthy={"true"}, falsy={"false"}, metadata={"description": "Everybody; without it, the body names them."}
    )


class ImportQuery(Schema):
    """How a file is imported."""

    mode = fields.String(
        load_default="add",
        validate=validate.OneOf(["add", "replace"]),
        metadata={"description": "With `replace`, whoever is not in the file leaves."},
    )
    on_error = fields.String(
        load_default="stop",
        validate=validate.OneOf(["stop", "skip"]),
        metadata={"description": "`stop`: one bad line, and nothing is imported. `skip`: the other lines are."},
    )
    column = fields.String(
        validate=validate.Length(1, 200), metadata={"description": "The column of the header that has the ids."}
    )
    ttl = Duration()
    expires_at = Instant()


class WrittenAnswer(Schema):
    """What became of those who were named."""

    entered = fields.Integer(required=True, metadata={"description": "Who was not in before."})
    kept = fields.Integer(required=True, metadata={"description": "Who was in, and is."})
    removed = fields.Integer(required=True, metadata={"description": "Who was in, and is not."})
    over = fields.Integer(required=True, metadata={"description": "Whose time or score is over already: not put in."})
    erased = fields.Integer(required=True, metadata={"description": "Erased since the batch began: not put in."})


class BadLineAnswer(Schema):
    """Lines of a file that hold no visitor id."""

    line = fields.Integer(required=True)
    to = fields.Integer(required=True, metadata={"description": "The same, but for a field of several lines."})
    detail = fields.String(required=True)


class ImportAnswer(WrittenAnswer):
    """What became of a file."""

    lines = fields.Integer(required=True, metadata={"description": "How many hold an id."})
    rejected = fields.Integer(required=True, metadata={"description": "How many places hold none."})
    bad = fields.List(fields.Nested(BadLineAnswer), required=True, metadata={"description": "The first 10,000."})


class MemberAnswer(Schema):
    """Somebody in a segment, by what stands for their id."""

    source = fields.String(required=True, metadata={"description": "A keyed hash; the id itself is kept nowhere."})
    kind = fields.String(required=True)
    since = fields.String(required=True)
    until = fields.String(required=True, allow_none=True)
    score = fields.Float(required=True, allow_none=True, metadata={"description": "As it was when it was written."})
    reason = Object(required=True)


class MemberPage(Schema):
    """Members in order of source."""

    items = fields.List(fields.Nested(MemberAnswer), required=True)
    next = fields.String(required=True, allow_none=True)


class SizeAnswer(Schema):
    """How many are in a segment."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(
        required=True, allow_none=True, validate=validate.OneOf(["when", "pattern", "members", "computed", None])
    )
    enabled = fields.Boolean(required=True)
    published = fields.Boolean(required=True)
    size = fields.Integer(required=True, allow_none=True, metadata={"description": "Of ids; null where `why` says."})
    listed = fields.Integer(required=True, metadata={"description": "How many of them the document itself lists."})
    orphaned = fields.Boolean(required=True, metadata={"description": "Kept, though no document has the segment."})
    why = fields.String(required=True, allow_none=True)


class SizePage(Schema):
    """Every segment, in order of id."""

    items = fields.List(fields.Nested(SizeAnswer), required=True)
    next = fields.String(required=True, allow_none=True)


class UseAnswer(Schema):
    """A place that names a segment."""

    section = fields.String(required=True)
    id = fields.String(required=True)
    pointer = fields.String(required=True)
    draft = fields.Boolean(required=True)
    published = fields.Boolean(required=True)


class UsePage(Schema):
    """Everything that uses a segment."""

    items = fields.List(fields.Nested(UseAnswer), required=True)
    next = fields.String(required=True, allow_none=True)


class HeldAnswer(Schema):
    """A segment that a visitor is in."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    since = fields.String(required=True, allow_none=True)
    until = fields.String(required=True, allow_none=True)
    score = fields.Float(required=True, allow_none=True)
    active = fields.Boolean(required=True, metadata={"description": "Rules find the visitor in it."})
    reason = Object(required=True)


class PassageAnswer(Schema):
    """An entry or exit."""

    segment = fields.String(required=True)
    at = fields.String(required=True)
    way = fields.String(required=True, validate=validate.OneOf(["entered", "left"]))
    reason = Object(required=True)


class VisitorSegmentsAnswer(Schema):
    """A visitor's segments, without those that are conditions of the request."""

    segments = fields.List(fields.Nested(HeldAnswer), required=True)
    history = fields.List(fields.Nested(PassageAnswer), required=True, metadata={"description": "Newest first."})
    next = fields.String(required=True, allow_none=True)
