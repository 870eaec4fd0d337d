"""Types of events."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from plugin.web.schemas.common import Flag, Object

_SCHEMA = {
    "description": "JSON Schema (2020-12, in part) of the event's properties; left out: any.",
    "example": {"type": "object", "properties": {"episode": {"type": "integer"}}, "required": ["episode"]},
}


class EventType(Schema):
    """A type of events, and why events of it may be kept."""

    name = fields.String(required=True, metadata={"example": "episode_finished"})
    purpose = fields.String(required=True)
    schema = Object(required=True, allow_none=True, metadata=_SCHEMA)
    built_in = Flag(required=True, metadata={"description": "Whether every site has it; such are not changed."})


class EventTypeBody(Schema):
    """A type to register."""

    name = fields.String(metadata={"description": "As in the address, where it is said."})
    purpose = fields.String(load_default="personalization", validate=validate.Length(max=32))
    schema = Object(load_default=None, allow_none=True, metadata=_SCHEMA)
    built_in = Flag(validate=validate.Equal(False), metadata={"description": "As it was read; false."})


class EventTypeList(Schema):
    """The built-in types first, each kind in order of name."""

    items = fields.List(fields.Nested(EventType), required=True)
    next = fields.String(required=True, allow_none=True)
    etags = Object(required=True, metadata={"description": "The ETag of each registered one, by name, for If-Match."})
