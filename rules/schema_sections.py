"""The JSON Schema of the sections of a document, one function a definition."""

from __future__ import annotations

from rules.attributes import TYPES
from rules.clock import WEEKDAYS
from rules.effects import LAST_POSITION
from rules.experiments import LARGEST_WEIGHT
from rules.fields import LONGEST_ID, LONGEST_TEXT
from rules.patterns.pattern import LARGEST_COUNT, LONGEST_SEQUENCE
from rules.schema_conditions import Schema
from rules.slots import LONGEST_DEADLINE_MS, MOST_BLOCKS

TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
ID: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_ID, "description": "Unique in its kind."}
WEIGHT: Schema = {"type": "number", "minimum": -1e9, "maximum": 1e9}
LABELS: Schema = {
    "name": {**TEXT, "description": "For people."},
    "description": {**TEXT, "description": "For people."},
}
ENABLED: Schema = {
    "enabled": {"type": "boolean", "default": True, "description": "false: as if it were not there."},
}


def mapping(properties: Schema, *required: str) -> Schema:
    """A mapping with these fields and no others."""
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": list(required)} if required else found


def list_of(name: str) -> Schema:
    """A list of what a definition says."""
    return {"type": "array", "items": {"$ref": f"#/$defs/{name}"}}


def reference(name: str, description: str | None = None) -> Schema:
    """What a definition says, with a description of its own."""
    found: Schema = {"$ref": f"#/$defs/{name}"}
    return {**found, "description": description} if description else found


def attribute() -> Schema:
    """What the site declares."""
    fields: Schema = {
        "type": {"enum": list(TYPES)},
        "unit": {**TEXT, "description": "Of a number, for people."},
        "values": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": "All there are."},
        "purpose": {**TEXT, "description": "Without the visitor's consent to it the attribute is missing."},
        "client_writable": {"type": "boolean", "description": "Whether a browser may set it on its own."},
        **LABELS,
    }
    return {"title": "An attribute", **mapping(fields, "type")}


def segment() -> Schema:
    """A segment."""
    fields: Schema = {
        "id": ID,
        **LABELS,
        **ENABLED,
        "public": {"type": "boolean", "description": "Whether a browser may learn that its visitor is in it."},
        "when": reference("condition"),
        "pattern": reference("pattern"),
        "members": {
            "description": "Visitor ids, or a CSV file beside the document.",
            "anyOf": [
                {"type": "array", "items": {"type": "string", "minLength": 1}},
                mapping({"file": TEXT}, "file"),
            ],
        },
        "computed": {"const": True, "description": "Membership comes from elsewhere, such as a model."},
        "lasts": reference("duration", "How long a pattern keeps a visitor in after its latest match."),
    }
    kinds = ("when", "pattern", "members", "computed")
    return {
        "title": "A segment",
        "description": f"A named group of visitors, by exactly one of {', '.join(kinds)}.",
        **mapping(fields, "id"),
        "oneOf": [{"required": [kind]} for kind in kinds],
        "dependentRequired": {"lasts": ["pattern"]},
    }


def pattern() -> Schema:
    """An event pattern."""
    where = reference("event_condition")
    count = mapping(
        {
            "event": TEXT,
            "where": where,
            "count": mapping({"gte": {"type": "integer", "minimum": 1, "maximum": LARGEST_COUNT}}, "gte"),
            "within": reference("duration"),
        },
        "event",
        "within",
    )
    step = mapping({"event": TEXT, "where": where, "within": reference("duration")}, "event")
    absent = mapping({"absent": TEXT, "where": where, "for": reference("duration")}, "absent", "for")
    steps: Schema = {
        "type": "array",
        "items": {"anyOf": [step, absent]},
        "minItems": 1,
        "maxItems": LONGEST_SEQUENCE,
    }
    sequence = mapping({"sequence": steps, "within": reference("duration")}, "sequence")
    either = mapping({"any": {**list_of("pattern"), "minItems": 1}}, "any")
    return {
        "title": "An event pattern",
        "anyOf": [
            {"title": "So many events in a window", **count},
            {"title": "Events in order, and perhaps one that stays away", **sequence},
            {"title": "Any of several patterns", **either},
        ],
    }


def slot() -> Schema:
    """A slot."""
    blend: Schema = {"rules": {**WEIGHT, "default": 1}, "model": {"allOf": [reference("model")], "required": ["name"]}}
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
        "id": ID,
        **LABELS,
        **ENABLED,
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_BLOCKS, "default": 1, "description": "Most blocks."},
        "select": reference("selector", "Which entries are candidates."),
        "default": reference("selector", "What is shown where nothing is left."),
        "blend": {"description": "The shares of rules and of a model in the score.", **mapping(blend)},
        "deadline_ms": {
            "type": "integer",
            "minimum": 1,
            "maximum": LONGEST_DEADLINE_MS,
            "description": "How long its model may take, in milliseconds; then last scores or the rules decide.",
        },
        "diversify": {"description": "Keeps alike entries apart.", **mapping(diversify, "by")},
        "cap": reference("cap"),
    }
    return {"title": "A slot", "description": "A place on a page that is filled.", **mapping(fields, "id")}


def slots() -> Schema:
    """The slots an item is for."""
    return {
        "title": "Slots",
        "description": 'The id of a slot, a list of them, or "*" for every one.',
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    }


def cap() -> Schema:
    """A cap."""
    fields: Schema = {
        "per_visitor": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "within": reference("duration"),
    }
    return {
        "title": "A cap",
        "description": "An entry is not shown to one visitor more often than this.",
        **mapping(fields, "per_visitor", "within"),
    }


def model() -> Schema:
    """A model, of a blend or of an effect."""
    fields: Schema = {
        "name": {**TEXT, "description": "Of the model."},
        "weight": {**WEIGHT, "default": 1},
        "per": {"enum": ["audience", "visitor"], "default": "audience"},
    }
    return {"title": "A model", "minProperties": 1, **mapping(fields)}


def effect() -> Schema:
    """One effect."""
    position: Schema = {"type": "integer", "minimum": 1, "maximum": LAST_POSITION}
    hints: Schema = {
        "type": "object",
        "patternProperties": {r"^presentation\.[\s\S]": {"not": {"type": "null"}}},
        "additionalProperties": False,
        "minProperties": 1,
    }
    boost = {**WEIGHT, "description": "Added to the score; may be negative."}
    pin: Schema = {
        "pin": reference("selector"),
        "position": {**position, "description": "From 1; the next free one if it is taken."},
        "max": {**position, "default": 1, "description": "How many entries."},
        "uncapped": {"type": "boolean", "description": "Whether a capped entry can be taken."},
    }
    return {
        "title": "An effect",
        "anyOf": [
            {"title": "Keep these entries only", **mapping({"only": reference("selector")}, "only")},
            {"title": "Hide entries", **mapping({"hide": reference("selector")}, "hide")},
            {"title": "Pin entries to a position", **mapping(pin, "pin")},
            {"title": "Lift or lower entries", **mapping({"boost": reference("selector"), "by": boost}, "boost", "by")},
            {"title": "Give presentation hints", **mapping({"set": hints}, "set")},
            {"title": "Use another model or weight", **mapping({"model": reference("model")}, "model")},
            {"title": "Stop all rules of lower priority", **mapping({"stop": {"const": True}}, "stop")},
        ],
    }


def recurrence() -> Schema:
    """What stands under `on`."""
    hour: Schema = {"type": "integer", "minimum": 0, "maximum": 23}
    fields: Schema = {
        "weekdays": {"type": "array", "items": {"enum": list(WEEKDAYS)}, "minItems": 1},
        "hours": {"type": "array", "items": hour, "minItems": 2, "maxItems": 2},
    }
    return {
        "title": "Recurring hours",
        "description": "Both hours included; a night belongs to the weekday on which it began.",
        "minProperties": 1,
        **mapping(fields),
    }


def _acting() -> Schema:
    """What rules and experiments share."""
    instant: Schema = {"type": "string", "examples": ["2026-11-20", "2026-11-20T18:00", "2026-11-20T18:00:00+01:00"]}
    return {
        "id": ID,
        **LABELS,
        **ENABLED,
        "slot": reference("slots"),
        "priority": {"type": "number", "default": 0, "description": "The higher one comes first."},
        "when": reference("condition"),
        "from": {**instant, "description": "On from this instant; a bare date is its midnight."},
        "until": {**instant, "description": "On until just before this instant."},
        "on": reference("recurrence"),
        "timezone": {"const": "visitor", "description": "The visitor's zone is meant, not the document's."},
    }


def rule() -> Schema:
    """A rule."""
    fields: Schema = {
        **_acting(),
        "then": reference("effects", "What the rule does."),
        "cap": reference("cap"),
        "strict": {"type": "boolean", "description": "Never served stale: prices, legal texts."},
    }
    return {"title": "A rule", **mapping(fields, "id", "slot", "then")}


def experiment() -> Schema:
    """An experiment."""
    arm: Schema = {
        "id": ID,
        **LABELS,
        "weight": {"type": "integer", "minimum": 0, "maximum": LARGEST_WEIGHT, "default": 1},
        "then": reference("effects", "Without any, the arm is the control."),
    }
    goal: Schema = {"event": TEXT, "where": reference("event_condition"), "within": reference("duration")}
    fields: Schema = {
        **_acting(),
        "traffic": {"type": "number", "minimum": 0, "maximum": 100, "description": "Percent of the audience."},
        "arms": {"type": "array", "items": {"title": "An arm", **mapping(arm, "id")}, "minItems": 1},
        "goal": {"title": "A goal", **mapping(goal, "event")},
        "salt": {**TEXT, "description": "Of its buckets; its id unless given."},
        "group": {**TEXT, "description": "Experiments of one group share the visitors."},
        "unit": {"enum": ["device", "person"], "default": "device"},
        "shared": {"type": "boolean", "description": "Whether everyone may see the entries that an arm pins by id."},
        "first_view": {"type": "boolean"},
    }
    return {"title": "An experiment", **mapping(fields, "id", "slot", "arms")}
