"""`/v1/previews` and `/v1/preview`."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from plugin.web.schemas.common import FieldProblem, Instant, Name, Object, TextMap, Whole
from plugin.web.schemas.personalize import (
    MOST_SLOTS,
    PersonalizeAnswer,
    PersonalizeQuery,
    PersonalizeRequest,
    SlotAsked,
)

MOST_ENTRIES, MOST_SEGMENTS = 20, 200
SHORTEST_S, USUAL_S, LONGEST_S = 60, 86_400, 604_800
_TOKEN = {"description": "What `POST /v1/previews` gave."}


class DraftAsked(Schema):
    """One draft."""

    source = Name(required=True, metadata={"example": "strapi"})
    id = Name(required=True)
    locale = Name(allow_none=True, metadata={"description": "A BCP 47 tag; left out, the source chooses."})
    type = Name(allow_none=True, metadata={"description": "A hint that saves the source requests."})


class PreviewBody(Schema):
    """A link that is wanted."""

    entries = fields.List(fields.Nested(DraftAsked), required=True, validate=validate.Length(min=1, max=MOST_ENTRIES))
    slots = fields.List(
        fields.Nested(SlotAsked),
        validate=validate.Length(max=MOST_SLOTS),
        metadata={"description": "What is shown where the request with the link names no slots."},
    )
    attributes = Object(
        metadata={
            "description": "Facts of the visitor, flat, by name; they win over what the request tells.",
            "example": {"geo.country": "FR", "device.type": "mobile"},
        }
    )
    segments = fields.List(fields.String(), validate=validate.Length(max=MOST_SEGMENTS))
    arms = TextMap(metadata={"description": "Experiment to arm, instead of what the buckets give."})
    visitor_id = Name(allow_none=True)
    at = Instant(
        allow_none=True,
        metadata={
            "description": "The decision's clock. The dates of the drafts hold then; without it, drafts are live."
        },
    )
    page = fields.URL(
        allow_none=True,
        require_tld=False,
        schemes={"http", "https"},
        validate=validate.Length(max=2_000),
        metadata={"description": "A page of the site; the link then leads there, with `preview=TOKEN` in its query."},
    )
    expires_in_s = Whole(SHORTEST_S, LONGEST_S, load_default=USUAL_S, metadata={"description": "In seconds; a day."})


class PreviewLink(Schema):
    """A link; whoever has it sees the drafts until it expires."""

    token = fields.String(required=True)
    url = fields.String(required=True)
    expires_at = fields.AwareDateTime(required=True, format="iso")
    errors = fields.List(
        fields.Nested(FieldProblem),
        required=True,
        metadata={"description": "Entries of which it is not known whether they are there: the CMS cannot be read."},
    )


class PreviewToken(Schema):
    """The link's token."""

    token = fields.String(required=True, metadata=_TOKEN)


class PreviewQuery(PersonalizeQuery):
    """As for `GET /v1/personalize`, with the link's token."""

    token = fields.String(required=True, metadata=_TOKEN)
    slots = fields.String(metadata={"description": "Instead of those of the link.", "example": "home.hero"})


class PreviewRequestBody(PersonalizeRequest):
    """As for `POST /v1/personalize`; without `slots`, those of the link."""

    slots = fields.List(fields.Nested(SlotAsked), validate=validate.Length(max=MOST_SLOTS), load_default=())


class PreviewedEntry(Schema):
    """What became of one draft."""

    source = fields.String(required=True)
    id = fields.String(required=True)
    locale = fields.String(required=True, allow_none=True)
    shown = fields.String(required=True, validate=validate.OneOf(["draft", "published"]))
    detail = fields.String(
        required=True, allow_none=True, metadata={"description": "Why what is published stands in its place."}
    )


class Previewed(Schema):
    """The link, and what became of its drafts."""

    expires_at = fields.String(required=True)
    entries = fields.List(fields.Nested(PreviewedEntry), required=True)


class PreviewAnswer(PersonalizeAnswer):
    """As of `/v1/personalize`, with nothing in it that could be counted."""

    preview = fields.Nested(Previewed, required=True)
