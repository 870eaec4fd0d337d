"""What edges ask and are told, for the OpenAPI document; `plugin.web.audience` reads and writes it by hand."""

from __future__ import annotations

from marshmallow import Schema, fields

from plugin.web.context_form import LONGEST_ID


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


class ClassVisitor(Schema):
    """Who it is."""

    id = fields.String(allow_none=True, metadata={"maxLength": LONGEST_ID})


class ClassRequest(Schema):
    """Whose class; left out: of the visitor cookie."""

    visitor = fields.Nested(ClassVisitor)
    consent = fields.Dict(
        keys=fields.String(),
        values=fields.Boolean(),
        metadata={"description": "What the page knows of it, by purpose."},
    )
