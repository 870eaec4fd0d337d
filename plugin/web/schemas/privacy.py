"""Access, erasure and the audit log."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from plugin.web.schemas.common import Object, PageQuery

_INSTANT = {"format": "date-time"}


class Part(Schema):
    """What a part of an export is."""

    part = fields.String(required=True)
    what = fields.String(required=True)
    purpose = fields.String(required=True)
    kept = fields.String(required=True, metadata={"description": "For how long."})


class Export(Schema):
    """Everything that is kept of somebody, a member for each part; see `parts`."""

    made = fields.String(required=True, metadata=_INSTANT)
    visitor_id = fields.String(required=True)
    ids = fields.String(required=True, metadata={"description": "What stands for ids."})
    parts = fields.List(fields.Nested(Part), required=True)
    profiles = fields.List(Object(), required=True)
    read_by_rules = Object(required=True)
    links = fields.List(Object(), required=True)
    segments = fields.List(Object(), required=True)
    segment_history = fields.List(Object(), required=True)
    to_be_looked_at = fields.List(Object(), required=True)
    events = fields.List(Object(), required=True)
    events_not_applied_yet = fields.List(Object(), required=True)
    events_not_applied_yet_complete = fields.Boolean(
        required=True, metadata={"description": "False where the stream could not be asked: export again later."}
    )
    events_that_failed = fields.List(Object(), required=True)
    who_read_or_changed_it = fields.List(Object(), required=True)


class Pending(Schema):
    """What is not gone."""

    what = fields.String(required=True)
    until = fields.String(
        required=True, allow_none=True, metadata={**_INSTANT, "description": "null: until what `why` says."}
    )
    why = fields.String(required=True)


class Erasure(Schema):
    """A receipt. It names nobody."""

    id = fields.String(required=True)
    done = fields.Boolean(required=True, metadata={"description": "Whether all that Tessera can reach is gone."})
    requested = fields.String(required=True, metadata=_INSTANT)
    repeated = fields.String(
        required=True, allow_none=True, metadata={**_INSTANT, "description": "When it was asked for last."}
    )
    finished = fields.String(required=True, allow_none=True, metadata=_INSTANT)
    linked = fields.Integer(required=True, metadata={"description": "How many ids it is of, linked ones among them."})
    removed = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "Rows by table."}
    )
    pending = fields.List(fields.Nested(Pending), required=True)
    outside = fields.List(fields.Nested(Pending), required=True, metadata={"description": "What Tessera cannot reach."})


class AuditQuery(PageQuery):
    """Which entries."""

    visitor = fields.String(
        validate=validate.Length(min=1, max=128), metadata={"description": "Those of one visitor: their id."}
    )


class AuditEntry(Schema):
    """Who did what with personal data."""

    at = fields.String(required=True, metadata=_INSTANT)
    actor = fields.String(required=True, metadata={"description": "The name of a management key, or a program."})
    action = fields.String(required=True)
    source = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "A keyed hash that stands for the visitor; null: nobody in particular."},
    )
    detail = Object(required=True, metadata={"description": "Names and counts; never a value that is kept."})


class AuditPage(Schema):
    """Newest first."""

    items = fields.List(fields.Nested(AuditEntry), required=True)
    next = fields.String(required=True, allow_none=True)
