"""The JSON Schema of a document, for the editors' tools: completion, hints, and a first check while one types.

It accepts all that the checker accepts. The checker knows more (names, dates, expressions): it has the last word.
"""

from __future__ import annotations

from rules import schema_sections as sections
from rules.attributes import BUILT_IN, DECLARABLE, Catalogue
from rules.doctests import EXPECTATIONS
from rules.schema_conditions import DURATION, Schema, definitions, visitor_names
from rules.schema_sections import ENABLED, LABELS, TEXT, list_of, mapping

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(catalogue: Catalogue = BUILT_IN) -> Schema:
    """The schema (draft 2020-12) of a document.

    Args:
        catalogue: the site's attributes; what the document declares of its own is left open.
    """
    return {
        "$schema": DIALECT,
        "title": "Tessera rules",
        "description": "Segments, slots, rules, experiments and their tests. Several files make one document.",
        **mapping(
            {
                "version": {"const": 1, "description": "Of the language."},
                "timezone": {**TEXT, "description": "Of the site, an IANA name.", "examples": ["Europe/Paris"]},
                "locales": {
                    "type": "array",
                    "items": {"type": "string", "minLength": 1},
                    "uniqueItems": True,
                    "description": "The languages tried in turn; the first is the default.",
                    "examples": [["fr", "en"]],
                },
                "attributes": {
                    "type": "object",
                    "patternProperties": {
                        rf"^{prefix[:-1]}\.[\s\S]": {"$ref": "#/$defs/attribute"} for prefix in DECLARABLE
                    },
                    "additionalProperties": False,
                    "description": "What the site knows of its visitors beside the built-in attributes.",
                },
                **{f"{one}s": list_of(one) for one in ("segment", "slot", "rule", "experiment")},
                "holdout": {
                    "description": "A share of the visitors that no rule and no experiment reaches.",
                    **mapping(
                        {
                            "percent": {"type": "number", "minimum": 0, "maximum": 100},
                            "salt": {**TEXT, "default": "holdout"},
                        },
                        "percent",
                    ),
                },
                "tests": {**list_of("test"), "description": "Run by every check; a failing one blocks publishing."},
                **LABELS,
            }
        ),
        "$defs": {
            **definitions(catalogue),
            "duration": DURATION,
            "attribute": sections.attribute(),
            "segment": sections.segment(),
            "pattern": sections.pattern(),
            "slot": sections.slot(),
            "slots": sections.slots(),
            "cap": sections.cap(),
            "model": sections.model(),
            "effect": sections.effect(),
            "effects": {"type": "array", "items": {"$ref": "#/$defs/effect"}},
            "recurrence": sections.recurrence(),
            "rule": sections.rule(),
            "experiment": sections.experiment(),
            "test": _test(catalogue),
        },
    }


def _test(catalogue: Catalogue) -> Schema:
    names, families = visitor_names(catalogue)
    ids: Schema = {"anyOf": [{"type": "array"}, {"type": "string"}]}
    expect: Schema = {
        "first": {"type": ["string", "null"], "description": "The id of the first block; null: there is none."},
        "ids": {"type": "array", "description": "The ids of all blocks, in order."},
        "includes": {**ids, "description": "Ids that are among the blocks."},
        "excludes": {**ids, "description": "Ids that are not."},
        "presentation": {"type": "object", "description": "Hints that the answer carries."},
        "fallback": {"type": "boolean", "description": "Whether the slot's default stands in."},
        "rule": {"type": "string", "description": "A rule that had an effect."},
    }
    entry: Schema = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    given: Schema = {
        "type": "object",
        "properties": {name: {} for name in names},
        "patternProperties": {family: {} for family in families},
        "additionalProperties": False,
        "description": "The visitor's attributes; they beat those derived from the clock.",
    }
    fields: Schema = {
        **LABELS,
        **ENABLED,
        "given": given,
        "at": {"type": "string", "minLength": 1, "description": "The clock."},
        "segments": {"type": "array", "items": {"type": "string"}},
        "arms": {"type": "object", "description": "Arms by experiment, instead of what the buckets give."},
        "slot": TEXT,
        "content": {
            "description": "Entries, or a file with them; else the content that the check is given.",
            "anyOf": [{"type": "array", "items": entry}, mapping({"file": TEXT}, "file")],
        },
        "expect": {
            "minProperties": 1,
            **mapping({name: expect[name] for name in EXPECTATIONS}),
        },
        "seed": {"type": "integer"},
    }
    return {"title": "A test of the document", **mapping(fields, "slot", "expect")}
