"""Compiled rule sets."""

from __future__ import annotations

from marshmallow import fields, validate

from plugin.web.schemas.common import Object, Verbatim


class CompiledRules(Verbatim):
    """A rule set for edges that evaluate by themselves; `tessera rules schema --compiled` prints all of its form."""

    format = fields.String(required=True, validate=validate.Equal("tessera-compiled"))
    version = fields.Integer(required=True, validate=validate.Equal(1))
    ruleset = Object(required=True)
    buckets = fields.String(required=True)
    keys = fields.String(required=True)
    timezone = fields.String(required=True)
    locales = fields.List(fields.String(), required=True)
    holdout = Object(required=True, allow_none=True)
    groups = Object(required=True)
    attributes = Object(required=True)
    segments = fields.List(Object(), required=True)
    slots = fields.List(Object(), required=True)
