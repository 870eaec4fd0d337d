"""Content entries."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from plugin.service.content.management import Variant
from plugin.web.schemas.common import Instant, Name, Object, PageQuery


class ContentQuery(PageQuery):
    """Which entries."""

    source = Name()
    type = Name()
    locale = Name()
    tag = Name(metadata={"description": "Pages may then be shorter than `limit`; `next` tells of more."})


class VariantBody(Schema):
    """One language of an entry; without `locale` the entry has none."""

    type = Name(required=True, metadata={"example": "hero"})
    locale = Name(allow_none=True, metadata={"example": "fr"})
    tags = fields.List(Name(), validate=validate.Length(max=200))
    fields_ = Object(data_key="fields", metadata={"example": {"title": "Winter"}})
    published_at = Instant(allow_none=True)

    @post_load
    def _variant(self, data: dict[str, Any], **_: Any) -> Variant:  # noqa: ANN401  # marshmallow's call
        return Variant(
            type=data["type"],
            locale=data.get("locale"),
            tags=tuple(data.get("tags", ())),
            fields=data.get("fields_", {}),
            published_at=data.get("published_at"),
        )


class EntryBody(Schema):
    """An entry with all its languages."""

    variants = fields.List(fields.Nested(VariantBody), required=True, validate=validate.Length(min=1, max=100))


class NewEntryBody(EntryBody):
    """An entry under an id of its own."""

    id = Name(required=True, metadata={"example": "winter-hero"})


class VariantAnswer(Schema):
    """One language of an entry, as a source gave it."""

    id = fields.String(required=True, attribute="entry.id")
    source = fields.String(required=True, attribute="entry.source")
    locale = fields.String(required=True, allow_none=True, attribute="entry.locale")
    type = fields.String(required=True, attribute="entry.type")
    tags = fields.List(fields.String(), required=True, attribute="entry.tags")
    fields_ = fields.Raw(required=True, attribute="entry.fields", data_key="fields", metadata={"type": "object"})
    published_at = Instant(required=True, allow_none=True, attribute="entry.published_at")
    updated_at = Instant(required=True)


class EntryAnswer(Schema):
    """An entry in every language."""

    id = fields.String(required=True)
    variants = fields.List(fields.Nested(VariantAnswer), required=True)


class ContentPage(Schema):
    """Variants in the order of source, id and locale."""

    items = fields.List(fields.Nested(VariantAnswer), required=True)
    next = fields.String(required=True, allow_none=True)
