"""Versions of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from plugin.web.schemas.common import FieldProblem, Flag, Instant, Object, Whole

_DOCUMENT = {
    "description": "A rule document: an object, or its YAML or JSON text.",
    "oneOf": [{"type": "object", "additionalProperties": True}, {"type": "string"}],
}
_NOTE = {"description": "For the history."}
_EPOCH = {"description": "Refuse where something else was published since: the `epoch` that you read."}


class _Documented(Schema):
    document = fields.Raw(metadata=_DOCUMENT)
    from_ = fields.String(
        data_key="from",
        validate=validate.OneOf(["draft"]),
        metadata={"description": "Instead of a document: the working draft. So is no body at all."},
    )

    @validates_schema
    def _refuse_both(self, data: Mapping[str, Any], **_: Any) -> None:  # noqa: ANN401  # marshmallow's call
        if ("document" in data) == ("from_" in data):
            raise ValidationError({"document": ["either this, or 'from'"]})
        if not isinstance(data.get("document", ""), dict | str):
            raise ValidationError({"document": ["an object, or a text"]})


class CheckBody(_Documented):
    """A document to check."""

    content = fields.List(
        Object(),
        validate=validate.Length(max=100_000),
        metadata={"description": "Entries for tests that bring none; else the published content."},
    )


class SaveBody(_Documented):
    """A document to keep as the next version."""

    note = fields.String(load_default="", validate=validate.Length(max=2_000), metadata=_NOTE)
    publish = Flag(load_default=False, metadata={"description": "Publish it at once; needs that scope, too."})
    expected_epoch = Whole(0, 2**31, allow_none=True, load_default=None, metadata=_EPOCH)


class MoveBody(Schema):
    """What goes into the history."""

    note = fields.String(load_default="", validate=validate.Length(max=2_000), metadata=_NOTE)
    expected_epoch = Whole(0, 2**31, allow_none=True, load_default=None, metadata=_EPOCH)


class TestOutcome(Schema):
    """How one test of the document went."""

    __test__ = False

    name = fields.String(required=True)
    passed = fields.Boolean(required=True)
    messages = fields.List(fields.String(), required=True)
    pointer = fields.String(required=True)


class CheckAnswer(Schema):
    """Whether the document may be published; warnings never stop that."""

    ok = fields.Boolean(required=True)
    digest = fields.String(required=True, allow_none=True)
    problems = fields.List(fields.Nested(FieldProblem), required=True)
    tests = fields.List(fields.Nested(TestOutcome), required=True)


class VersionSummary(Schema):
    """A version, without its document."""

    number = fields.Integer(required=True)
    digest = fields.String(required=True, metadata={"description": "SHA-256 of the canonical document."})
    created_at = Instant(required=True)
    author = fields.String(required=True)
    note = fields.String(required=True)


class Version(VersionSummary):
    """A version. It never changes."""

    document = Object(required=True)


class SavedVersion(VersionSummary):
    """A version just made; `epoch` where it was published, too."""

    epoch = fields.Integer(required=True, allow_none=True)


class VersionPage(Schema):
    """Newest first."""

    items = fields.List(fields.Nested(VersionSummary), required=True)
    next = fields.String(required=True, allow_none=True)
    published = fields.Integer(required=True, allow_none=True, metadata={"description": "The version served now."})
    epoch = fields.Integer(required=True, metadata={"description": "Counts publications and rollbacks."})


class PublicationAnswer(Schema):
    """From `at` on, `number` was served."""

    epoch = fields.Integer(required=True)
    number = fields.Integer(required=True)
    previous = fields.Integer(required=True, allow_none=True)
    action = fields.String(required=True, validate=validate.OneOf(["publish", "rollback"]))
    at = Instant(required=True)
    author = fields.String(required=True)
    note = fields.String(required=True)


class HistoryPage(Schema):
    """Newest first."""

    items = fields.List(fields.Nested(PublicationAnswer), required=True)
    next = fields.String(required=True, allow_none=True)


class Change(Schema):
    """One field."""

    pointer = fields.String(required=True)
    op = fields.String(required=True, validate=validate.OneOf(["add", "remove", "replace"]))
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)


class ItemChange(Schema):
    """An item that both have, with pointers within the item."""

    id = fields.String(required=True)
    changes = fields.List(fields.Nested(Change), required=True)


class SectionDiff(Schema):
    """One kind of items, by id."""

    added = fields.List(fields.String(), required=True)
    removed = fields.List(fields.String(), required=True)
    changed = fields.List(fields.Nested(ItemChange), required=True)


class DiffAnswer(Schema):
    """What turns the first into the second; `settings` is everything beside the items."""

    same = fields.Boolean(required=True)
    sections = fields.Dict(keys=fields.String(), values=fields.Nested(SectionDiff), required=True)
    settings = fields.List(fields.Nested(Change), required=True)
