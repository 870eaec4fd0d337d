"""The JSON Schema of a document, for the editors' tools: completion, hints, and a first check while one types.

It accepts all that the checker accepts. The checker knows more (names, dates, expressions): it has the last word.
"""

from __future__ import annotations

from rules.attributes import BUILT_IN, DECLARABLE, TYPES, Catalogue
from rules.clock import WEEKDAYS
from rules.doctests import EXPECTATIONS
from rules.effects import LAST_POSITION
from rules.experiments import LARGEST_WEIGHT
from rules.fields import LONGEST_ID, LONGEST_TEXT
from rules.patterns import LARGEST_COUNT, LONGEST_SEQUENCE
from rules.schema_conditions import DURATION, Schema, definitions, visitor_names
from rules.slots import MOST_BLOCKS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
_ID: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "description": "Unique in its kind."}
_WEIGHT: Schema = {"type": "number", "minimum": -1e9, "maximum": 1e9}
_LABELS: Schema = {
    "name": {**_TEXT, "description": "For people."},
    "description": {**_TEXT, "description": "For people."},
}
_ENABLED: Schema = {
    "enabled": {"type": "boolean", "default": True, "description": "false: as if it were not there."},
}


def json_schema(catalogue: Catalogue = BUILT_IN) -> Schema:
    """The schema (draft 2020-12) of a document.

    Args:
        catalogue: the site's attributes; what the document declares of its own is left open.
    """
    return {
        "$schema": DIALECT,
        "title": "Tessera rules",
        "description": "Segments, slots, rules, experiments and their tests. Several files make one document.",
        **_object(
            {
                "version": {"const": 1, "description": "Of the language."},
                "timezone": {**_TEXT, "description": "Of the site, an IANA name.", "examples": ["Europe/Paris"]},
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
                **{f"{one}s": _list_of(one) for one in ("segment", "slot", "rule", "experiment")},
                "holdout": {
                    "description": "A share of the visitors that no rule and no experiment reaches.",
                    **_object(
                        {
                            "percent": {"type": "number", "minimum": 0, "maximum": 100},
                            "salt": {**_TEXT, "default": "holdout"},
                        },
                        "percent",
                    ),
                },
                "tests": {**_list_of("test"), "description": "Run by every check; a failing one blocks publishing."},
                **_LABELS,
            }
        ),
        "$defs": {
            **definitions(catalogue),
            "duration": DURATION,
            "attribute": _attribute(),
            "segment": _segment(),
            "pattern": _pattern(),
            "slot": _slot(),
            "slots": _slots(),
            "cap": _cap(),
            "model": _model(),
            "effect": _effect(),
            "effects": {"type": "array", "items": {"$ref": "#/$defs/effect"}},
            "recurrence": _recurrence(),
            "rule": _rule(),
            "experiment": _experiment(),
            "test": _test(catalogue),
        },
    }


def _object(properties: Schema, *required: str) -> Schema:
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def _list_of(name: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def _ref(name: str, description: str | None = None) -> Schema:
    found: Schema = {"$ref": f"#/$defs/{name}"}
    return {**found, "description": description} if description else found


def _attribute() -> Schema:
    fields: Schema = {
        "type": {"enum": list(TYPES)},
        "unit": {**_TEXT, "description": "Of a number, for people."},
        "values": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "All there are."},
        "purpose": {**_TEXT, "description": "Without the visitor's consent to it the attribute is missing."},
        "client_writable": {"type": "boolean", "description": "Whether a browser may set it on its own."},
        **_LABELS,
    }
    return {"title": "An attribute", **_object(fields, "type")}


def _segment() -> Schema:
    fields: Schema = {
        "id": _ID,
        **_LABELS,
        **_ENABLED,
        "public": {"type": "boolean", "description": "Whether a browser may learn that its visitor is in it."},
        "when": _ref("condition"),
        "pattern": _ref("pattern"),
        "members": {
            "description": "Visitor ids, or a CSV file beside the document.",
            "anyOf": [
                {"type": "array", "items": {"type": "string", "minLength": 1}},
                _object({"file": _TEXT}, "file"),
            ],
        },
        "computed": {"const": True, "description": "Membership comes from elsewhere, such as a model."},
        "lasts": _ref("duration", "How long a pattern keeps a visitor in after its latest match."),
    }
    kinds = ("when", "pattern", "members", "computed")
    return {
        "title": "A segment",
        "description": f"A named group of visitors, by exactly one of {', '.join(kinds)}.",
        **_object(fields, "id"),
        "oneOf": [{"required": [kind]} for kind in kinds],
        "dependentRequired": {"lasts": ["pattern"]},
    }


def _pattern() -> Schema:
    where = _ref("event_condition")
    count = _object(
        {
            "event": _TEXT,
            "where": where,
            "count": _object({"gte": {"type": "integer", "minimum": 1, "maximum": LARGEST_COUNT}}, "gte"),
            "within": _ref("duration"),
        },
        "event",
        "within",
    )
    step = _object({"event": _TEXT, "where": where, "within": _ref("duration")}, "event")
    absent = _object({"absent": _TEXT, "where": where, "for": _ref("duration")}, "absent", "for")
    steps: Schema = {
        "type": "array",
        "items": {"anyOf": [step, absent]},
        "minItems": 1,
        "maxItems": LONGEST_SEQUENCE,
    }
    sequence = _object({"sequence": steps, "within": _ref("duration")}, "sequence")
    either = _object({"any": {**_list_of("pattern"), "minItems": 1}}, "any")
    return {
        "title": "An event pattern",
        "anyOf": [
            {"title": "So many events in a window", **count},
            {"title": "Events in order, and perhaps one that stays away", **sequence},
            {"title": "Any of several patterns", **either},
        ],
    }


def _slot() -> Schema:
    blend: Schema = {"rules": {**_WEIGHT, "default": 1}, "model": {"allOf": [_ref("model")], "required": ["name"]}}
    diversify: Schema = {
        "by": {"type": "string", "pattern": r"^content\.", "examples": ["content.topics"]},
        "trade_off": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "default": 0.7,
            "description": "1 keeps the order of scores.",
        },
    }
    fields: Schema = {
        "id": _ID,
        **_LABELS,
        **_ENABLED,
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_BLOCKS, "default": 1, "description": "Most blocks."},
        "select": _ref("selector", "Which entries are candidates."),
        "default": _ref("selector", "What is shown where nothing is left."),
        "blend": {"description": "The shares of rules and of a model in the score.", **_object(blend)},
        "diversify": {"description": "Keeps alike entries apart.", **_object(diversify, "by")},
        "cap": _ref("cap"),
    }
    return {"title": "A slot", "description": "A place on a page that is filled.", **_object(fields, "id")}


def _slots() -> Schema:
    return {
        "title": "Slots",
        "description": 'The id of a slot, a list of them, or "*" for every one.',
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    }


def _cap() -> Schema:
    fields: Schema = {
        "per_visitor": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "within": _ref("duration"),
    }
    return {
        "title": "A cap",
        "description": "An entry is not shown to one visitor more often than this.",
        **_object(fields, "per_visitor", "within"),
    }


def _model() -> Schema:
    fields: Schema = {
        "name": {**_TEXT, "description": "Of the model."},
        "weight": {**_WEIGHT, "default": 1},
        "per": {"enum": ["audience", "visitor"], "default": "audience"},
    }
    return {"title": "A model", "minProperties": 1, **_object(fields)}


def _effect() -> Schema:
    position: Schema = {"type": "integer", "minimum": 1, "maximum": LAST_POSITION}
    hints: Schema = {
        "type": "object",
        "patternProperties": {r"^presentation\.[\s\S]": {"not": {"type": "null"}}},
        "additionalProperties": False,
        "minProperties": 1,
    }
    boost = {**_WEIGHT, "description": "Added to the score; may be negative."}
    pin: Schema = {
        "pin": _ref("selector"),
        "position": {**position, "description": "From 1; the next free one if it is taken."},
        "max": {**position, "default": 1, "description": "How many entries."},
        "uncapped": {"type": "boolean", "description": "Whether a capped entry can be taken."},
    }
    return {
        "title": "An effect",
        "anyOf": [
            {"title": "Keep these entries only", **_object({"only": _ref("selector")}, "only")},
            {"title": "Hide entries", **_object({"hide": _ref("selector")}, "hide")},
            {"title": "Pin entries to a position", **_object(pin, "pin")},
            {"title": "Lift or lower entries", **_object({"boost": _ref("selector"), "by": boost}, "boost", "by")},
            {"title": "Give presentation hints", **_object({"set": hints}, "set")},
            {"title": "Use another model or weight", **_object({"model": _ref("model")}, "model")},
            {"title": "Stop all rules of lower priority", **_object({"stop": {"const": True}}, "stop")},
        ],
    }


def _recurrence() -> Schema:
    hour: Schema = {"type": "integer", "minimum": 0, "maximum": 23}
    fields: Schema = {
        "weekdays": {"type": "array", "items": {"enum": list(WEEKDAYS)}, "minItems": 1},
        "hours": {"type": "array", "items": hour, "minItems": 2, "maxItems": 2},
    }
    return {
        "title": "Recurring hours",
        "description": "Both hours included; a night belongs to the weekday on which it began.",
        "minProperties": 1,
        **_object(fields),
    }


def _acting() -> Schema:
    """What rules and experiments share."""
    instant: Schema = {"type": "string", "examples": ["2026-11-20", "2026-11-20T18:00", "2026-11-20T18:00:00+01:00"]}
    return {
        "id": _ID,
        **_LABELS,
        **_ENABLED,
        "slot": _ref("slots"),
        "priority": {"type": "number", "default": 0, "description": "The higher one comes first."},
        "when": _ref("condition"),
        "from": {**instant, "description": "On from this instant; a bare date is its midnight."},
        "until": {**instant, "description": "On until just before this instant."},
        "on": _ref("recurrence"),
        "timezone": {"const": "visitor", "description": "The visitor's zone is meant, not the document's."},
    }


def _rule() -> Schema:
    fields: Schema = {
        **_acting(),
        "then": _ref("effects", "What the rule does."),
        "cap": _ref("cap"),
        "strict": {"type": "boolean", "description": "Never served stale: prices, legal texts."},
    }
    return {"title": "A rule", **_object(fields, "id", "slot", "then")}


def _experiment() -> Schema:
    arm: Schema = {
        "id": _ID,
        **_LABELS,
        "weight": {"type": "integer", "minimum": 0, "maximum": LARGEST_WEIGHT, "default": 1},
        "then": _ref("effects", "Without any, the arm is the control."),
    }
    goal: Schema = {"event": _TEXT, "where": _ref("event_condition"), "within": _ref("duration")}
    fields: Schema = {
        **_acting(),
        "traffic": {"type": "number", "minimum": 0, "maximum": 100, "description": "Percent of the audience."},
        "arms": {"type": "array", "items": {"title": "An arm", **_object(arm, "id")}, "minItems": 1},
        "goal": {"title": "A goal", **_object(goal, "event")},
        "salt": {**_TEXT, "description": "Of its buckets; its id unless given."},
        "group": {**_TEXT, "description": "Experiments of one group share the visitors."},
        "unit": {"enum": ["device", "person"], "default": "device"},
        "shared": {"type": "boolean", "description": "Whether everyone may see the entries that an arm pins by id."},
        "first_view": {"type": "boolean"},
    }
    return {"title": "An experiment", **_object(fields, "id", "slot", "arms")}


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
        **_LABELS,
        **_ENABLED,
        "given": given,
        "at": {"type": "string", "minLength": 1, "description": "The clock."},
        "segments": {"type": "array", "items": {"type": "string"}},
        "arms": {"type": "object", "description": "Arms by experiment, instead of what the buckets give."},
        "slot": _TEXT,
        "content": {
            "description": "Entries, or a file with them; else the content that the check is given.",
            "anyOf": [{"type": "array", "items": entry}, _object({"file": _TEXT}, "file")],
        },
        "expect": {
            "minProperties": 1,
            **_object({name: expect[name] for name in EXPECTATIONS}),
        },
        "seed": {"type": "integer"},
    }
    return {"title": "A test of the document", **_object(fields, "slot", "expect")}
