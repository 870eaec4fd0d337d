"""The working draft: its items, and the whole of it."""

from __future__ import annotations

from marshmallow import INCLUDE, fields

from plugin.web.schemas.common import Object, Verbatim


class Item(Verbatim):
    """A slot, segment, rule, experiment or attribute, in the form that rule documents give it."""

    class Meta:
        unknown = INCLUDE

    id = fields.Raw(metadata={"type": "string", "example": "hero-vip-evening"})


class ItemPage(Verbatim):
    """Items in the order of their ids."""

    items = fields.List(fields.Nested(Item), required=True)
    next = fields.String(required=True, allow_none=True)
    etags = Object(required=True, metadata={"description": "The ETag of each item, by id, for If-Match."})


class DraftDocument(Verbatim):
    """A whole rule document."""

    class Meta:
        unknown = INCLUDE

    version = fields.Raw(metadata={"type": "integer", "enum": [1]})
