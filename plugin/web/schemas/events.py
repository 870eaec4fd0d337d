"""`POST /v1/events`. The route reads with msgspec what these describe, and judges each event alone."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from plugin.web.schemas.common import Instant, Object, Whole

MOST_EVENTS = 1_000


class Event(Schema):
    """Something that a visitor did, or that was done to a page."""

    id = fields.String(
        required=True,
        validate=validate.Regexp(r"^[A-Za-z0-9._:\-]{1,64}$"),
        metadata={"description": "Of your making; the same event sent twice counts once."},
    )
    type = fields.String(required=True, metadata={"example": "view"})
    visitor_id = fields.String(metadata={"description": "Left out: the visitor of the cookie."})
    time = Instant(metadata={"description": "When it happened; left out: now."})
    content_id = fields.String(metadata={"description": "The entry that it is about."})
    slot = fields.String()
    decision_id = fields.String()
    decision_token = fields.String(metadata={"description": "Of the answer that showed it: what counts an exposure."})
    value = fields.Raw(metadata={"description": "Seconds, percent, stars or an amount, as the type says."})
    properties = Object()


class EventsRequest(Schema):
    """Up to 1,000 events."""

    events = fields.List(fields.Nested(Event), required=True, validate=validate.Length(min=1, max=MOST_EVENTS))
    consent = Object(metadata={"description": "Purpose to true or false, as the consent cookie says it."})
    user_token = fields.String(
        validate=validate.Length(max=4_096),
        metadata={
            "description": "With a delivery key, needed for events of an id whose user the site knows; as for identify."
        },
    )


class RejectedEvent(Schema):
    """One thing that is wrong with one event, which was not taken."""

    index = Whole(0, MOST_EVENTS, required=True)
    pointer = fields.String(required=True, metadata={"description": "JSON pointer (RFC 6901) into the body."})
    detail = fields.String(required=True)


class EventsAnswer(Schema):
    """What became of them. What is accepted is durable."""

    accepted = fields.Integer(required=True)
    duplicate = fields.Integer(required=True, metadata={"description": "At least so many were taken before."})
    ignored = fields.Integer(required=True, metadata={"description": "Not taken for want of consent."})
    rejected = fields.List(fields.Nested(RejectedEvent), required=True)
