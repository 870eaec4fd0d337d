"""Which JSON Schemas are taken for events: those of which judging ends soon, whatever a stranger sends.

A part of JSON Schema 2020-12: no references out of the schema or in circles, no expressions but RE2's, no keyword that
is not known, and so few parts that each may be tried on every value of an event.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import msgspec

from plugin.profiles.explaining import suggestion
from rules.regexes import regex

Path: TypeAlias = "tuple[str | int, ...]"
Problem = tuple[Path, str]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LARGEST_BYTES = 16_384
MOST_PARTS = 128
"""Counted with references followed, as often as they are."""
MOST_WORDS = 256
LONGEST_PATTERN = 256
_DEEPEST = 16
_ONE = ("additionalProperties", "propertyNames", "items", "contains", "not", "if", "then", "else")
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "dependentSchemas")
_OUTERMOST = ("$defs", "$schema")
_ASSERTIONS = (
    *("type", "enum", "const", "pattern", "minLength", "maxLength", "required", "dependentRequired", "$ref"),
    *("minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
)
_NOTES = ("title", "description", "$comment", "examples", "default", "deprecated")
KEYWORDS = frozenset((*_ONE, *_SEVERAL, *_NAMED, *_OUTERMOST, *_ASSERTIONS, *_NOTES))
_REFERENCE = re.compile(r"#/\$defs/([A-Za-z0-9_\-]{1,64})")
_json = msgspec.json.Encoder()


def problems_of(schema: object) -> list[Problem]:
    """Everything for which a schema is not taken, each with its path."""
    try:
        size = len(_json.encode(schema))
    except (UnicodeEncodeError, TypeError, RecursionError):
        return [((), "a JSON Schema is JSON")]
    if not isinstance(schema, dict):
        return [((), "a JSON Schema of the properties is an object")]
    if size > LARGEST_BYTES:
        return [((), f"at most {LARGEST_BYTES:,} bytes")]
    found = list(_of_part(schema, (), 0))
    for name, part in _definitions(schema).items():
        found.extend(_of_part(part, ("$defs", name), 1))
    if not found:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - heavy, and most sites register no type

        meaning = Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)
        found = [(tuple(error.absolute_path), error.message[:200]) for error in meaning]
    if not found and _size(schema, schema, ()) > MOST_PARTS:
        found = [((), f"at most {MOST_PARTS} parts, with references followed, and none in a circle")]
    return found


def _of_part(part: object, path: Path, depth: int) -> Iterator[Problem]:
    if isinstance(part, bool):
        return
    if not isinstance(part, dict):
        yield path, "a schema is an object, or true or false"
        return
    if depth > _DEEPEST:
        yield path, f"at most {_DEEPEST} levels deep"
        return
    for key in part:
        if key not in KEYWORDS or (depth and key in _OUTERMOST):
            yield (*path, key), f"this is not taken here{suggestion(key, KEYWORDS - {key})}"
    if part.get("$schema", DIALECT) != DIALECT:
        yield (*path, "$schema"), f"only {DIALECT}"
    if "$ref" in part and not (isinstance(part["$ref"], str) and _REFERENCE.fullmatch(part["$ref"])):
        yield (*path, "$ref"), "only #/$defs/NAME"
    if isinstance(part.get("enum"), list) and len(part["enum"]) > MOST_WORDS:
        yield (*path, "enum"), f"at most {MOST_WORDS} values"
    if "pattern" in part:
        detail = _of_pattern(part["pattern"])
        if detail is not None:
            yield (*path, "pattern"), detail
    for inner, below in _inner(part):
        yield from _of_part(inner, (*path, *below), depth + 1)


def _of_pattern(pattern: object) -> str | None:
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        return f"an expression of at most {LONGEST_PATTERN} characters"
    try:
        regex(pattern)
    except ValueError as error:
        return str(error)
    return None


def _inner(part: Mapping[str, object]) -> Iterator[tuple[object, Path]]:
    """The schemas in a schema, with their paths, definitions aside."""
    for key in _ONE:
        if key in part:
            yield part[key], (key,)
    for key in _SEVERAL:
        several = part.get(key)
        for index, item in enumerate(several if isinstance(several, list) else ()):
            yield item, (key, index)
    for key in _NAMED:
        named = part.get(key)
        for name, item in named.items() if isinstance(named, dict) else ():
            yield item, (key, name)


def _definitions(schema: Mapping[str, object]) -> Mapping[str, object]:
    found = schema.get("$defs", {})
    return found if isinstance(found, dict) else {}


def _size(part: object, schema: Mapping[str, object], within: tuple[str, ...]) -> int:
    """How many parts a schema has; more than are taken where references go in a circle or lead nowhere."""
    if not isinstance(part, dict):
        return 1
    total = 1
    reference = part.get("$ref")
    if reference is not None:
        name = str(reference).rpartition("/")[2]
        if name in within or name not in _definitions(schema):
            return MOST_PARTS + 1
        total += _size(_definitions(schema)[name], schema, (*within, name))
    for inner, _path in _inner(part):
        if total > MOST_PARTS:  # enough is known: definitions that double each other would be counted for ever
            return total
        total += _size(inner, schema, within)
    return total
