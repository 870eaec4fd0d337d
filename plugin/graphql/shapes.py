"""What the published content holds: for each type of entry its fields, and what GraphQL calls their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from plugin.graphql.names import field_names, type_names
from rules.decision import RESERVED_FIELDS

BLOCK_FIELDS = ("id", "type", "position", "score", "fields", "tags", "html", "reason")
PLAIN = "PlainBlock"
"""The type of blocks of which nothing more is known."""
MOST_TYPES, MOST_FIELDS = 300, 300
_INT, _SAFE = 2**31, 2**53


class Shape(NamedTuple):
    """One type of content: its name in GraphQL, and for each field's name there the field and its type."""

    name: str
    fields: tuple[tuple[str, str, str], ...]


Shapes = tuple[tuple[str, Shape], ...]
"""By type of content, in order; equal exactly where the schemas are."""


def shapes_of(entries: Iterable[Mapping[str, object]]) -> Shapes:
    """The shapes of all types of content. What is beyond the limits has no type of its own."""
    kinds: dict[str, dict[str, str]] = {}
    for entry in entries:
        type_ = entry.get("type")
        if not isinstance(type_, str) or not type_:
            continue
        fields = kinds.get(type_)
        if fields is None:
            if len(kinds) >= MOST_TYPES:
                continue
            fields = kinds[type_] = {}
        for name, value in entry.items():
            if name in RESERVED_FIELDS:
                continue
            known = fields.get(name)
            if known == "JSON" or (known is None and len(fields) >= MOST_FIELDS):
                continue
            fields[name] = _joined(known, kind_of(value))
    names = type_names(kinds)
    return tuple((type_, Shape(names[type_], _fields(kinds[type_]))) for type_ in sorted(kinds))


def kind_of(value: object) -> str:
    """What GraphQL calls a value's type; "" where it says nothing of it."""
    kind = type(value)
    if value is None:
        return ""
    if kind is str:
        return "String"
    if kind is bool:
        return "Boolean"
    if kind is int:
        return "Int" if -_INT <= value < _INT else "Float" if -_SAFE <= value <= _SAFE else "JSON"  # type: ignore[operator]
    if kind is float:
        return "Float"
    if isinstance(value, list | tuple):
        found = ""
        for one in value:
            found = _joined(found, kind_of(one))
        return f"[{found}]" if found and found[0] != "[" and found != "JSON" else "JSON" if found else "[]"
    return "JSON"


def _fields(kinds: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    names = field_names(kinds, BLOCK_FIELDS)
    return tuple((names[raw], raw, "JSON" if kinds[raw] in {"", "[]"} else kinds[raw]) for raw in sorted(kinds))


def _joined(one: str | None, two: str) -> str:
    """The type that takes both."""
    if not one or one == two:
        return two
    if not two:
        return one
    if {one, two} == {"Int", "Float"}:
        return "Float"
    if one[0] == "[" == two[0]:
        if "[]" in {one, two}:
            return one if two == "[]" else two
        inner = _joined(one[1:-1], two[1:-1])
        return "JSON" if inner == "JSON" else f"[{inner}]"
    return "JSON"
