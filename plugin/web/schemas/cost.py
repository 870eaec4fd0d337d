"""What caching each slot costs."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from plugin.web.schemas.common import LONGEST_NAME


class CostQuery(Schema):
    """Which part of it."""

    only_ = fields.String(
        data_key="only",
        attribute="only",
        validate=validate.Length(min=1, max=LONGEST_NAME),
        metadata={"description": "The id of a rule or an experiment: its slots, and what it adds to them, alone."},
    )


class CostCause(Schema):
    """Why a slot cannot be shared by more visitors."""

    makes = fields.String(required=True, validate=validate.OneOf(["inputs", "class", "private"]))
    what = fields.String(required=True)
    rules = fields.List(fields.String(), required=True)
    attribute = fields.String(required=True, allow_none=True)
    input = fields.String(required=True, allow_none=True, metadata={"description": "The edge's input that carries it."})
    sentence = fields.String(required=True)
    remedy = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What to do where it makes the slot private to each visitor; null where it does not."},
    )


class CostDistinction(Schema):
    """Something of a visitor or a moment by which versions differ."""

    of = fields.List(fields.String(), required=True)
    classes = fields.Integer(required=True)
    asked = fields.List(fields.String(), required=True)


class CostAddition(Schema):
    """What a rule or an experiment adds."""

    kind = fields.String(required=True, validate=validate.OneOf(["rule", "experiment"]))
    id = fields.String(required=True)
    without = fields.Integer(required=True, metadata={"description": "Versions where it is left out."})
    without_how = fields.String(
        required=True,
        validate=validate.OneOf(["exact", "at_most"]),
        metadata={"description": "`at_most`: `without` is a bound."},
    )
    versions = fields.Integer(required=True)
    met = fields.Boolean(required=True, metadata={"description": "Whether it may hold for anybody from now on."})
    none = fields.Boolean(
        required=True,
        metadata={"description": "Whether it is certain that it adds none; two equal bounds do not say so."},
    )
    sentence = fields.String(required=True)


class CostOfSlot(Schema):
    """What caching one slot costs."""

    slot = fields.String(required=True)
    versions = fields.Integer(required=True, metadata={"description": "Different answers that caches may hold."})
    how = fields.String(
        required=True,
        validate=validate.OneOf(["exact", "at_most", "open"]),
        metadata={"description": "`open`: and more with each value of the attributes in `grows_with`."},
    )
    exact = fields.Boolean(
        required=True,
        metadata={"description": "Whether a visitor was found for each of `versions`, where `how` is `open` too."},
    )
    grows_with = fields.List(fields.String(), required=True)
    sharing = fields.String(required=True, validate=validate.OneOf(["everyone", "inputs", "class", "private"]))
    causes = fields.List(fields.Nested(CostCause), required=True)
    origin = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Why only the origin can decide it; empty: an edge can."},
    )
    distinctions = fields.List(fields.Nested(CostDistinction), required=True)
    additions = fields.List(fields.Nested(CostAddition), required=True)
    ttl_s = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Seconds from now in which nothing flips by the clock; 0: anything may; null: never."},
    )
    flips_a_day = fields.Float(required=True, allow_none=True, metadata={"description": "null: at any moment."})
    summary = fields.String(required=True)


class CostAnswer(Schema):
    """What caching costs, slot by slot."""

    slots = fields.List(fields.Nested(CostOfSlot), required=True)
