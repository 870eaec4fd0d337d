"""The JSON Schema of compiled rule sets (`rules.export`), for those who write evaluators."""

from __future__ import annotations

from rules.attributes import TYPES
from rules.buckets import ALGORITHM
from rules.export import FORMAT, VERSION
from rules.keys import FORMAT as KEYS
from rules.operators import FOR_TYPES
from rules.portable import LONGEST_LIST
from rules.schema import DIALECT
from rules.schema_conditions import Schema
from rules.schema_sections import list_of, mapping

_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_NUMBER: Schema = {"type": "number"}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 100}
_RANK: Schema = {"type": "integer", "minimum": 0}
_TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}"
_TESTS = sorted({*FOR_TYPES, "is"} - {"matches", "percent"})
_SHARINGS = ["everyone", "inputs", "class", "private"]
_ACTS: Schema = {
    "digest": {"anyOf": [{"type": "string", "pattern": "^[0-9a-f]{24}$"}, {"type": "null"}]},
    "stop": {"const": True},
    "refs": _TEXTS,
    "hints": {"type": "object", "description": "Presentation hints by name."},
}
_APPLIES: Schema = {"when": {"$ref": "#/$defs/condition"}, "schedule": {"$ref": "#/$defs/schedule"}}


def compiled_schema() -> Schema:
    """The schema (draft 2020-12). Keys that a later edition of version 1 adds are let through."""
    return {
        "$schema": DIALECT,
        "title": "Tessera compiled rules",
        "description": "A rule set for edges that evaluate by themselves; its meaning is on the page `compiled.md`.",
        **_open(
            {
                "format": {"const": FORMAT},
                "version": {"const": VERSION},
                "ruleset": _open({"number": {"type": ["integer", "null"], "minimum": 1}, "digest": _TEXT}),
                "buckets": {"const": ALGORITHM},
                "keys": {"const": KEYS},
                "timezone": {"type": "string", "description": "An IANA name."},
                "locales": _TEXTS,
                "holdout": {"anyOf": [{"type": "null"}, _open({"percent": _SHARE, "salt": _TEXT})]},
                "groups": {"type": "object", "additionalProperties": _TEXTS},
                "attributes": {"type": "object", "additionalProperties": {"$ref": "#/$defs/attribute"}},
                "segments": list_of("segment"),
                "slots": list_of("slot"),
            }
        ),
        "$defs": {
            "attribute": _open({"type": {"enum": list(TYPES)}}, {"purpose": _TEXT}),
            "segment": {
                "oneOf": [
                    _open({"id": _TEXT, "given": {"const": True}}),
                    _open({"id": _TEXT, "when": {"$ref": "#/$defs/condition"}}),
                ]
            },
            "slot": {"oneOf": [_at_origin(), _at_edge()]},
            "rule": _open(
                {"id": _TEXT, "rank": _RANK, "priority": _NUMBER, "when": _APPLIES["when"], "digest": _ACTS["digest"]},
                {**_APPLIES, **_ACTS, "strict": {"const": True}, "only_hints": {"const": True}},
            ),
            "experiment": _open(
                {
                    "id": _TEXT,
                    "rank": _RANK,
                    "priority": _NUMBER,
                    "when": _APPLIES["when"],
                    "unit": {"enum": ["device", "person"]},
                    "salt": _TEXT,
                    "traffic": _SHARE,
                    "arms": {**list_of("arm"), "minItems": 1},
                },
                {**_APPLIES, "group": _TEXT},
            ),
            "arm": _open({"id": _TEXT, "weight": _RANK, "digest": _ACTS["digest"]}, _ACTS),
            "schedule": _schedule(),
            "condition": {
                "oneOf": [
                    mapping({"all": list_of("condition")}, "all"),
                    mapping({"any": list_of("condition")}, "any"),
                    mapping({"not": {"$ref": "#/$defs/condition"}}, "not"),
                    mapping({"segment": _TEXTS}, "segment"),
                    {"$ref": "#/$defs/test"},
                    {"$ref": "#/$defs/share"},
                ]
            },
            "test": _test(),
            "share": mapping(
                {
                    "attribute": {"const": "visitor.id"},
                    "test": {"const": "percent"},
                    "salt": _TEXT,
                    "gte": _SHARE,
                    "lt": _SHARE,
                },
                "attribute",
                "test",
                "salt",
                "gte",
                "lt",
            ),
        },
    }


def _open(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these keys; others are ignored."""
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _at_origin() -> Schema:
    return _open({"id": _TEXT, "sharing": {"enum": _SHARINGS}, "decided": {"const": "origin"}, "reasons": _TEXTS})


def _at_edge() -> Schema:
    names: Schema = {"anyOf": [{"type": "null"}, _TEXTS]}
    needs: Schema = {"type": "string", "pattern": r"^(device|person|visitor_known|segment:[\s\S]+)$"}
    return _open(
        {
            "id": _TEXT,
            "sharing": {"enum": _SHARINGS},
            "decided": {"const": "edge"},
            "needs": {"type": "array", "items": needs},
            "refs": _TEXTS,
            "audiences": names,
            "languages": names,
            "rules": list_of("rule"),
            "experiments": list_of("experiment"),
        }
    )


def _schedule() -> Schema:
    return {
        "minProperties": 1,
        **mapping(
            {
                "from": {"type": "string", "pattern": f"{_TIME}Z?$"},
                "until": {"type": "string", "pattern": f"{_TIME}Z?$"},
                "weekdays": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 6}},
                "hours": {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0, "maximum": 23},
                    "minItems": 2,
                    "maxItems": 2,
                },
                "visitor": {"const": True},
            }
        ),
    }


def _test() -> Schema:
    fields: Schema = {
        "attribute": _TEXT,
        "test": {"enum": _TESTS},
        "value": {
            "anyOf": [
                {"type": ["string", "number", "boolean", "null"]},
                {
                    "type": "array",
                    "items": {"type": ["string", "number", "boolean", "null"]},
                    "maxItems": LONGEST_LIST,
                },
                mapping({"lat": _NUMBER, "lon": _NUMBER, "km": _NUMBER}, "lat", "lon", "km"),
            ]
        },
        "ref": _TEXT,
        "ago_s": {"type": "integer", "minimum": 1},
        "any_case": {"const": True},
        "order": {"enum": ["clock", "weekday", "hour"]},
    }
    one_operand = [{"required": [name]} for name in ("value", "ref", "ago_s")]
    return {**mapping(fields, "attribute", "test"), "oneOf": one_operand}
