"""Operations of the service itself: health, and the configured models."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class Alive(Schema):
    """The process answers."""

    status = fields.String(required=True, validate=validate.OneOf(["ok"]))


class SourceState(Schema):
    """The sync of one source, for operators."""

    name = fields.String(required=True)
    adapter = fields.String(required=True)
    webhook = fields.Boolean(required=True, metadata={"description": "Whether it is configured to take notices."})
    ok = fields.Boolean(required=True)
    age_s = fields.Float(required=True, allow_none=True, metadata={"description": "Since the last sync."})
    failures = fields.Integer(required=True, metadata={"description": "In a row."})
    problems = fields.Integer(required=True, metadata={"description": "Entries that could not be taken."})
    error = fields.String(required=True, allow_none=True)
    waiting = fields.Integer(required=True, metadata={"description": "Entries that notices named, to be fetched."})
    settling = fields.Integer(required=True, metadata={"description": "Entries that are read again for certainty."})
    failing = fields.Integer(required=True, metadata={"description": "Entries whose last fetch failed."})
    oldest_s = fields.Float(required=True, allow_none=True, metadata={"description": "Of what waits, the longest."})
    lag_s = fields.Float(
        required=True, allow_none=True, metadata={"description": "Of the latest notice, until its entry was stored."}
    )
    held_removals = fields.Integer(required=True, metadata={"description": "Removals that wait to be confirmed."})
    overdue = fields.Integer(
        required=True, metadata={"description": "Entries that wait for the version that a notice announced."}
    )
    overdue_for_s = fields.Float(required=True, allow_none=True, metadata={"description": "Of these, the longest."})
    swept_s = fields.Float(required=True, allow_none=True, metadata={"description": "Since it was read as a whole."})


class SourcePage(Schema):
    """Every configured source."""

    items = fields.List(fields.Nested(SourceState), required=True)
    next = fields.String(required=True, allow_none=True)


class Ready(Schema):
    """Whether requests may come; the details are for management keys that may read."""

    status = fields.String(required=True, validate=validate.OneOf(["ready", "degraded", "not_ready"]))
    database = fields.String(required=True, validate=validate.OneOf(["ok", "failing"]))
    ruleset = fields.String(required=True, validate=validate.OneOf(["ok", "unpublished", "loading"]))
    content = fields.String(required=True, validate=validate.OneOf(["ok", "failing", "unknown"]))
    events = fields.String(required=True, validate=validate.OneOf(["ok", "late", "spooling", "unknown"]))
    published = fields.Integer(allow_none=True)
    serving = fields.Integer(allow_none=True)
    content_age_s = fields.Float(allow_none=True)
    events_waiting = fields.Integer(
        allow_none=True, metadata={"description": "Accepted events that are not applied yet, in the whole stream."}
    )
    events_waiting_s = fields.Float(allow_none=True, metadata={"description": "Age of the oldest of them."})
    sources = fields.List(fields.Nested(SourceState))


class Model(Schema):
    """A model that the settings name."""

    id = fields.String(required=True)
    adapter = fields.String(required=True)


class ModelPage(Schema):
    """Every model."""

    items = fields.List(fields.Nested(Model), required=True)
    next = fields.String(required=True, allow_none=True)
