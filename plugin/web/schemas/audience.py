"""What edges ask and are told. `plugin.web.audience` reads bodies by these, and writes answers by hand."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from plugin.web.context_form import LONGEST_ID
from plugin.web.schemas.common import Object


class AudienceQuery(Schema):
    """Which slots."""

    slots = fields.String(required=True, metadata={"example": "home.hero,home.feed"})


class SlotKey(Schema):
    """The key of one slot."""

    key = fields.String(allow_none=True, metadata={"description": "None where the slot is one visitor's alone."})
    sharing = fields.String(metadata={"enum": ["everyone", "inputs", "class", "private"]})


class AudienceAnswer(Schema):
    """The keys of the slots asked for."""

    ruleset = fields.Integer(metadata={"description": "The version of the rules."})
    slots = fields.Dict(keys=fields.String(), values=fields.Nested(SlotKey))
    errors = fields.List(fields.Dict(), metadata={"description": "Unknown slots, and why an edge was not believed."})


class Flags(Object):
    """A JSON object of true and false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # marshmallow's
        found = super()._deserialize(value, attr, data, **kwargs)
        wrong = {name: ["true or false"] for name, word in found.items() if type(word) is not bool}
        if wrong:
            raise ValidationError(wrong)
        return found


class ClassVisitor(Schema):
    """Who it is."""

    id = fields.String(allow_none=True, validate=validate.Length(min=1, max=LONGEST_ID))


class ClassRequest(Schema):
    """Whose class; left out: of the visitor cookie."""

    visitor = fields.Nested(ClassVisitor, allow_none=True)
    consent = Flags(
        metadata={
            "description": "What the page knows of it, by purpose.",
            "additionalProperties": {"type": "boolean"},
        },
    )
