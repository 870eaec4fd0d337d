"""`/v1/personalize` and `/v1/simulate`. The hot route reads with msgspec what these describe."""

# ruff: noqa: ANN401  # the signatures are marshmallow's

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate, validates_schema

from plugin.web.context_form import LONGEST_ID, wrong_types
from plugin.web.schemas.common import Flag, Instant, Name, Object, TextMap, Verbatim, Whole

MOST_SLOTS, MOST_BLOCKS, MOST_EXCLUDED, MOST_EVENTS = 50, 1_000, 1_000, 1_000
_RENDERINGS = ["json", "html", "both"]


class SlotAsked(Schema):
    """One slot."""

    error_messages = {"type": 'want an object, such as {"id": "home.hero"}'}  # noqa: RUF012 - marshmallow's own form

    id = fields.String(required=True, metadata={"example": "home.hero"})
    limit = Whole(0, MOST_BLOCKS, allow_none=True, metadata={"description": "Can only lower the slot's own."})
    exclude_ = fields.List(
        fields.String(),
        data_key="exclude",
        validate=validate.Length(max=MOST_EXCLUDED),
        metadata={"description": "Ids of entries to leave out."},
    )


class _Slots(Schema):
    slots = fields.List(fields.Nested(SlotAsked), required=True, validate=validate.Length(min=1, max=MOST_SLOTS))
    unique = Flag(metadata={"description": "Keep an entry to the first slot that shows it."})

    @validates_schema
    def _refuse_repeated(self, data: Mapping[str, Any], **_: Any) -> None:
        seen: set[str] = set()
        repeated = {}
        for place, slot in enumerate(data.get("slots", ())):
            if slot["id"] in seen:
                repeated[place] = {"id": ["this slot is asked for twice"]}
            seen.add(slot["id"])
        if repeated:
            raise ValidationError({"slots": repeated})


class Visitor(Schema):
    """Who asks."""

    error_messages = {"type": 'want an object, such as {"id": "v-123"}'}  # noqa: RUF012 - marshmallow's own form

    id = fields.String(
        allow_none=True,
        validate=validate.Length(min=1, max=LONGEST_ID),
        metadata={"description": "An id of the site's own making."},
    )


class Options(Schema):
    """How to answer."""

    explain = Flag(metadata={"description": "Add each slot's trace; needs a management key with that scope."})
    render = fields.String(validate=validate.OneOf(_RENDERINGS))


def _check_context(context: Mapping[str, Any]) -> None:
    wrong = wrong_types(context)
    if wrong:
        raise ValidationError({name: [detail] for name, detail in wrong.items()})


class PersonalizeRequest(_Slots):
    """What `POST /v1/personalize` takes."""

    visitor = fields.Nested(Visitor, allow_none=True)
    context = Object(
        validate=_check_context,
        metadata={
            "description": "What the page knows: `url`, `referrer`, `locale`, `timezone`, `custom`, `consent`, "
            "`device`, `network`; from a server `user_agent`, `ip`, `geo`, too. What cannot be believed is left out; "
            "other names are told under `errors`.",
            "example": {"url": "https://shop.example/", "locale": "fr-FR", "custom": {"cart_value": 80}},
        },
    )
    events = fields.List(
        Object(),
        validate=validate.Length(max=MOST_EVENTS),
        metadata={"description": "What just happened, applied to this answer."},
    )
    options = fields.Nested(Options, allow_none=True)


class PersonalizeQuery(Schema):
    """The same for caches. Other parameters of the context are `url`, `referrer`, `custom.NAME`, `consent.PURPOSE`."""

    class Meta:
        unknown = INCLUDE

    slots = fields.String(required=True, metadata={"example": "home.hero,home.feed:6"})
    exclude_ = fields.String(data_key="exclude", metadata={"example": "a-7,a-8"})
    unique = fields.String(validate=validate.OneOf(["true", "false", "1", "0"]))
    explain = fields.String(validate=validate.OneOf(["true", "false", "1", "0"]))
    render = fields.String(validate=validate.OneOf(_RENDERINGS))
    format_ = fields.String(
        data_key="format",
        validate=validate.OneOf(["html"]),
        metadata={"description": "One slot as `text/html`, for pages that include it; a refusal then has no body."},
    )
    locale = fields.String(metadata={"example": "fr-FR"})
    timezone = fields.String(metadata={"example": "Europe/Paris"})


class Reason(Schema):
    """Why a block is where it is."""

    kind = fields.String(required=True, validate=validate.OneOf(["pin", "score", "experiment", "default", "degraded"]))
    rule = fields.String(required=True, allow_none=True)
    experiment = fields.String(required=True, allow_none=True)
    arm = fields.String(required=True, allow_none=True)
    model = fields.String(required=True, allow_none=True)


class Block(Schema):
    """One entry in its place."""

    id = fields.String(required=True)
    type = fields.String(required=True, allow_none=True)
    position = fields.Integer(required=True, metadata={"description": "From 1, without gaps."})
    score = fields.Float(required=True)
    fields_ = Object(required=True, data_key="fields")
    tags = fields.List(fields.String(), required=True)
    html = fields.String(required=True, allow_none=True)
    reason = fields.Nested(Reason, required=True)


class SlotAnswer(Schema):
    """The decision for one slot."""

    blocks = fields.List(fields.Nested(Block), required=True)
    presentation = Object(required=True)
    fallback = fields.Boolean(
        required=True, metadata={"description": "Whether nothing was left and the slot's default stands in."}
    )
    audience_key = fields.String(required=True)
    ttl_s = fields.Integer(metadata={"description": "For how long the answer holds, in seconds."})
    decision_token = fields.String(metadata={"description": "Signed; impression events bring it back."})
    trace = Object(metadata={"description": "With `explain`: what was considered, and why it was kept or dropped."})


class VisitorAnswer(Schema):
    """The visitor, in private answers only."""

    id = fields.String(required=True, allow_none=True)
    segments = fields.List(fields.String(), required=True)


class Fault(Schema):
    """A slot that could not be decided, an event that was not taken, or a member of the context that nothing reads."""

    slot = fields.String(metadata={"description": "Of a slot."})
    pointer = fields.String(metadata={"description": "Of all else: JSON pointer (RFC 6901) into the body."})
    detail = fields.String(required=True)


class PersonalizeAnswer(Verbatim):
    """Blocks by slot. An answer that a shared cache may keep has neither `visitor` nor `decision_id`."""

    decision_id = fields.String(allow_none=True)
    ruleset = fields.Integer(required=True, allow_none=True, metadata={"description": "The version; null for a draft."})
    visitor = fields.Nested(VisitorAnswer)
    slots = fields.Dict(keys=fields.String(), values=fields.Nested(SlotAnswer), required=True)
    errors = fields.List(fields.Nested(Fault), required=True)
    degraded = fields.List(
        fields.String(), required=True, metadata={"description": "What had to be done without, such as `model:NAME`."}
    )


class Exposures(Object):
    """A JSON object of lists of instants."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        instants = fields.List(Instant())
        found, wrong = {}, {}
        for name, shown in super()._deserialize(value, attr, data, **kwargs).items():
            try:
                found[name] = tuple(instants.deserialize(shown))
            except ValidationError as error:
                wrong[name] = error.messages
        if wrong:
            raise ValidationError(wrong)
        return found


class SimulateBody(_Slots):
    """An invented visitor and moment."""

    attributes = Object(metadata={"example": {"geo.country": "FR", "device.type": "mobile"}})
    segments = fields.List(fields.String(), validate=validate.Length(max=1_000))
    arms = TextMap(metadata={"description": "Experiment to arm, instead of what the buckets give."})
    at = Instant(allow_none=True, metadata={"description": "The decision's clock; now where it is left out."})
    draft = fields.Raw(
        load_default="published",
        metadata={
            "description": "The rules: those published, the draft, a version by its number, or a document.",
            "oneOf": [
                {"type": "string", "enum": ["published", "draft"]},
                {"type": "integer", "minimum": 1},
                {"type": "object", "additionalProperties": True},
            ],
        },
    )
    content = fields.List(Object(), allow_none=True, validate=validate.Length(max=10_000))
    visitor_id = Name(allow_none=True, metadata={"description": "Arms and percentages fall as they do for this id."})
    as_visitor = Flag(
        load_default=False,
        metadata={"description": "Reads what is kept of this visitor; needs the scope `visitors`, and is audited."},
    )
    exposures = Exposures(metadata={"description": "When each entry was shown to this visitor: id to instants."})
    seed = Whole(0, 2**53)
    explain = Flag()

    @validates_schema
    def _refuse_others(self, data: Mapping[str, Any], **_: Any) -> None:
        draft = data["draft"]
        number = isinstance(draft, int) and not isinstance(draft, bool) and draft >= 1
        if not (number or isinstance(draft, dict) or draft in ("published", "draft")):
            raise ValidationError({"draft": ["'published', 'draft', a version's number, or a document"]})
