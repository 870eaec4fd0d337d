"""Fields that are strict where marshmallow is kind, and what all lists and failures have in common."""

# ruff: noqa: ANN401, ARG002  # the signatures are marshmallow's

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate

LONGEST_NAME = 255
LARGEST_PAGE = 1_000


class Flag(fields.Boolean):
    """True or false, and none of the other ways to say so."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("true or false")
        return value


class Name(fields.String):
    """A text of 1 to 255 printable characters, without spaces at its ends."""

    def __init__(self, **kwargs: Any) -> None:
        length = validate.Length(min=1, max=LONGEST_NAME)
        super().__init__(validate=[length, _printable], **kwargs)


class Instant(fields.AwareDateTime):
    """An ISO 8601 date-time; without an offset it is UTC. Loaded as UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", default_timezone=UTC, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if not isinstance(value, str):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        try:
            return super()._deserialize(value, attr, data, **kwargs).astimezone(UTC)
        except OverflowError as error:
            raise ValidationError("beyond the calendar") from error


class Whole(fields.Integer):
    """A whole number of JSON: no text, no fraction, no boolean."""

    def __init__(self, low: int, high: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(low, high), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int:
            raise self.make_error("invalid", input=value)
        return value


class Object(fields.Dict):
    """A JSON object of any content."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        return value


class TextMap(Object):
    """A JSON object whose values are texts."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        wrong = {key: ["a text"] for key, part in found.items() if not isinstance(part, str)}
        if wrong:
            raise ValidationError(wrong)
        return found


class Verbatim(Schema):
    """An answer that is written as the service gave it; the schema describes it."""

    class Meta:
        unknown = INCLUDE


class PageQuery(Schema):
    """Which page of a list."""

    cursor = fields.String(
        validate=[validate.Length(min=1, max=2_000)],
        metadata={"description": "What the page before gave as `next`."},
    )
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, LARGEST_PAGE),
        metadata={"description": "Most items of the page."},
    )


class FieldProblem(Schema):
    """One thing that is wrong."""

    pointer = fields.String(
        required=True, metadata={"description": "JSON pointer (RFC 6901) into what was sent; empty: all of it."}
    )
    detail = fields.String(required=True)
    severity = fields.String(validate=validate.OneOf(["error", "warning"]))
    file = fields.String()
    line = fields.Integer()
    column = fields.Integer()
    word = fields.String(metadata={"description": "The offending word."})
    suggestion = fields.String(metadata={"description": "The nearest right word."})


class Problem(Schema):
    """RFC 9457 problem details."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(required=True, metadata={"description": "Stable; compare it as it stands."})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String()
    errors = fields.List(fields.Nested(FieldProblem))


def _printable(value: str) -> None:
    if not value.isprintable() or value != value.strip():
        raise ValidationError("printable characters, without spaces at the ends")
