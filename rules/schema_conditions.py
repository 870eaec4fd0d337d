"""The JSON Schema of conditions: for each attribute the tests there are, by its type."""

from __future__ import annotations

from collections.abc import Iterable

from rules.attributes import CONTENT, DECLARABLE, EVENT, TYPES, Attribute, Catalogue, Type
from rules.clock import WEEKDAYS
from rules.operators import FOR_TYPES, applies

Schema = dict[str, object]

DURATION: Schema = {
    "type": "string",
    "pattern": "^[1-9][0-9]{0,8}[smhdw]$",
    "title": "A duration",
    "description": "A whole number and a unit: s, m, h, d or w.",
    "examples": ["30s", "15m", "2h", "7d", "4w"],
}

_TESTS: dict[str, str] = {
    "eq": "Equal. Texts compare exactly, 1 equals 1.0, true is no number.",
    "ne": "Not equal; true where the attribute is missing.",
    "in": "One of the list.",
    "not_in": "None of the list; true where the attribute is missing.",
    "gt": "Above, or later.",
    "gte": "Equal or above.",
    "lt": "Below, or earlier.",
    "lte": "Equal or below.",
    "between": "From the first to the second, both included; [22, 4] are the hours of a night.",
    "contains": "A list has it; a text has it somewhere.",
    "contains_any": "The list has one of these.",
    "contains_all": "The list has all of these.",
    "starts_with": "The text begins so.",
    "ends_with": "The text ends so.",
    "matches": "An expression in RE2 syntax, found anywhere; (?i) in front for any case.",
    "exists": "true: known; false: missing, which null does not ask for.",
    "version_eq": "The same version; 1.2 is 1.2.0, a leading v counts nothing.",
    "version_gt": "A later version.",
    "version_gte": "This version or a later one.",
    "version_lt": "An earlier version.",
    "version_lte": "This version or an earlier one.",
    "in_network": "The IP address is in one of the CIDR ranges.",
    "within_km": "At most so many kilometres away, as the crow flies.",
    "before": "Earlier than an instant, or than so long ago.",
    "after": "Later than an instant, or than so long ago.",
    "percent": "A share of the visitors: always the same ones for the same salt.",
}
_NO_REF = frozenset({"exists", "matches", "within_km", "percent"})
_LISTED = frozenset({"in", "not_in", "contains_any", "contains_all"})
_TEXTUAL = frozenset({"starts_with", "ends_with", "matches", *(test for test in FOR_TYPES if "version" in test)})
_REF: Schema = {"$ref": "#/$defs/reference"}


def definitions(catalogue: Catalogue) -> Schema:
    """What `$defs` holds of conditions: `condition`, `selector`, `event_condition` and their parts."""
    found: Schema = {
        "reference": {
            "title": "Another attribute",
            "description": "Compares with the value of another attribute of the same visitor and moment.",
            "type": "object",
            "properties": {"ref": {"type": "string", "description": "The name of the other attribute."}},
            "required": ["ref"],
            "additionalProperties": False,
        },
        "value": {"title": "A value", "type": ["string", "number", "boolean"]},
    }
    for type_ in TYPES:
        found[f"tests_{type_}"] = _leaf(Attribute(name="", type=type_))
    found["tests_any"] = _leaf(None)
    found["condition"] = _condition(
        "condition",
        "A condition about the visitor",
        "Attributes with their tests, 'all', 'any', 'not' and 'segment'; several in one mapping mean all of them.",
        visitor_names(catalogue),
    )
    found["selector"] = _condition(
        "selector",
        "A selection of content",
        "Fields of content entries with their tests, 'all', 'any' and 'not'; {id: X} is short for {content.id: X}.",
        (
            {"id": _named(CONTENT["content.id"]), **_properties(CONTENT.all())},
            {r"^content\.[\s\S]": {"$ref": "#/$defs/tests_any"}},
        ),
    )
    found["event_condition"] = _condition(
        "event_condition",
        "A condition about an event",
        "Reads event.* and the content.* of the entry that the event names.",
        (
            _properties([*EVENT.all(), *CONTENT.all()]),
            {r"^(event|content)\.[\s\S]": {"$ref": "#/$defs/tests_any"}},
        ),
    )
    return found


def visitor_names(catalogue: Catalogue) -> tuple[Schema, Schema]:
    """The attributes of visitors: schemas by name, and by a pattern of names for the families."""
    patterns: Schema = {
        f"^{prefix.replace('.', chr(92) + '.')}[\\s\\S]": {
            "anyOf": [{"$ref": "#/$defs/tests_any"}, {"$ref": "#/$defs/tests_location"}]
        }
        for prefix in DECLARABLE
    }
    exact = []
    for attribute in catalogue.all():
        if attribute.name.endswith(".*"):
            prefix = attribute.name[:-1].replace(".", "\\.")
            patterns[f"^{prefix}[\\s\\S]"] = _named(attribute)
        else:
            exact.append(attribute)
    return _properties(exact), patterns


def _properties(attributes: Iterable[Attribute]) -> Schema:
    return {attribute.name: _named(attribute) for attribute in attributes}


def _named(attribute: Attribute) -> Schema:
    """The schema of what stands under the name of an attribute."""
    plain = attribute.values is None and attribute.order is None and attribute.name != "visitor.id"
    schema = {"$ref": f"#/$defs/tests_{attribute.type}"} if plain else _leaf(attribute)
    return {**schema, "title": attribute.name, "description": _described(attribute)}


def _described(attribute: Attribute) -> str:
    parts = [f"A {attribute.type.replace('_', ' ')}"]
    if attribute.unit:
        parts.append(f" in {attribute.unit}")
    if attribute.values:
        parts.append(f": {', '.join(attribute.values)}")
    parts.append(".")
    if attribute.description:
        parts.append(f" {attribute.description[:1].upper()}{attribute.description[1:]}.")
    return "".join(parts)


def _condition(own: str, title: str, description: str, names: tuple[Schema, Schema]) -> Schema:
    properties, patterns = names
    here = {"$ref": f"#/$defs/{own}"}
    combining: Schema = {
        "all": {"type": "array", "items": here, "description": "Every one holds; an empty list holds always."},
        "any": {"type": "array", "items": here, "description": "At least one holds; an empty list never does."},
        "not": {**here, "description": "Does not hold; true also where what it asks for is missing."},
    }
    if own == "condition":
        combining["segment"] = {
            "description": "Membership in a segment, or in any of a list.",
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        }
    return {
        "title": title,
        "description": description,
        "type": "object",
        "properties": {**combining, **properties},
        "patternProperties": patterns,
        "additionalProperties": False,
    }


def _leaf(attribute: Attribute | None) -> Schema:
    """A bare value, a bare list, another attribute, or tests; `None` where the type is only known when read."""
    tests: Schema = {}
    for test, description in _TESTS.items():
        if test == "percent":
            fits = attribute is not None and attribute.name == "visitor.id"
        else:
            fits = attribute is None or applies(test, attribute.type, attribute.order)
        if fits:
            tests[test] = {**_operand(test, attribute), "description": description}
    tests["any_case"] = {
        "type": "boolean",
        "description": "Whatever the case; beside a test of texts or lists, not beside 'matches'.",
    }
    forms: list[Schema] = []
    if attribute is None or attribute.type != "location":
        bare = _scalar(attribute, enumerated=True)
        least: Schema = {"minItems": 1} if attribute is not None and attribute.is_list else {}
        forms = [bare, {"type": "array", "items": bare, **least}]
    forms.append(_REF)
    forms.append({"type": "object", "properties": tests, "minProperties": 1, "additionalProperties": False})
    return {"title": "Tests" if attribute is None else f"Tests of a {attribute.type}", "anyOf": forms}


def _type_of(attribute: Attribute) -> Type:
    """The type of a value, or of each of a list."""
    if attribute.is_list:
        return "string" if attribute.type == "string_list" else "number"
    return "string" if attribute.type in ("version", "ip", "date", "datetime") else attribute.type


def _scalar(attribute: Attribute | None, *, enumerated: bool = False) -> Schema:
    if attribute is None:
        return {"$ref": "#/$defs/value"}
    if attribute.values is not None:
        if enumerated:
            return {"enum": list(attribute.values)}
        return {"type": "string", "examples": list(attribute.values)}
    if attribute.order == "hour":
        return {"type": "number", "minimum": 0, "maximum": 23}
    if attribute.order == "clock":
        return {"type": "string", "examples": ["18:30"]}
    return {"type": _type_of(attribute)}


def _operand(test: str, attribute: Attribute | None) -> Schema:
    """What stands under a test."""
    if test == "exists":
        return {"type": "boolean"}
    if test == "within_km":
        return _CIRCLE
    if test == "percent":
        return _PERCENT
    item: Schema = {"type": "string"} if test in _TEXTUAL else _scalar(attribute)
    if attribute is not None and attribute.order == "weekday" and test == "between":
        item = {"enum": list(WEEKDAYS)}
    if test == "between":
        literal: Schema = {"type": "array", "items": item, "minItems": 2, "maxItems": 2}
    elif test in _LISTED:
        literal = {"type": "array", "items": item, **({"minItems": 1} if test.startswith("contains") else {})}
    elif test == "in_network":
        ranges: Schema = {"type": "string", "examples": ["192.0.2.0/24", "2001:db8::/32"]}
        return {"anyOf": [ranges, {"type": "array", "items": ranges, "minItems": 1}, _REF]}
    elif test in ("before", "after"):
        return {"anyOf": [{"type": "string", "examples": ["2026-11-20", "2026-11-20T18:00"]}, _AGO, _REF]}
    else:
        literal = item
    return literal if test in _NO_REF else {"anyOf": [literal, _REF]}


_AGO: Schema = {
    "type": "object",
    "properties": {"ago": DURATION},
    "required": ["ago"],
    "additionalProperties": False,
}
_CIRCLE: Schema = {
    "type": "object",
    "properties": {
        "lat": {"type": "number", "minimum": -90, "maximum": 90, "description": "Degrees north."},
        "lon": {"type": "number", "minimum": -180, "maximum": 180, "description": "Degrees east."},
        "km": {"type": "number", "minimum": 0},
    },
    "required": ["lat", "lon", "km"],
    "additionalProperties": False,
}
_PERCENT: Schema = {
    "type": "object",
    "properties": {
        "gte": {"type": "number", "minimum": 0, "maximum": 100, "description": "From here on, in percent."},
        "lt": {"type": "number", "minimum": 0, "maximum": 100, "description": "Up to here, in percent, not included."},
        "salt": {"type": "string", "minLength": 1, "description": "A word that shuffles the visitors its own way."},
    },
    "required": ["salt"],
    "additionalProperties": False,
}
