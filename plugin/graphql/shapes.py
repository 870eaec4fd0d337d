"""What the published content holds: for each type of entry its fields, and what GraphQL calls their types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from plugin.graphql.names import field_names, type_names
from rules.decision import RESERVED_FIELDS

BLOCK_FIELDS = ("id", "type", "position", "score", "fields", "tags", "html", "reason")
TEXTS = ("href", "image_alt", "kicker", "teaser", "title")
"""Fields that block templates print: a `String` of every type, whatever entries hold."""
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


def own_shape(name: str, fields: Iterable[str]) -> Shape:
    """A type of which fields are known by name alone, as documents know them."""
    return Shape(name, _fields(dict.fromkeys(fields, "") | dict.fromkeys(TEXTS, "String")))


def key_of_none(name: str) -> str:
    """What stands for the type of content where none has this name in GraphQL.

    None is called so: half a surrogate pair is refused in all that is read, and no store takes it.
    """
    return f"\ud800{name}"


def with_seen(shapes: Shapes, seen: Shapes) -> Shapes:
    """These, and what was seen before and is no more: documents name it, and are answered null.

    What there is now goes before, for names and within the limits.
    """
    found = dict(shapes)
    holders = {shape.name: type_ for type_, shape in shapes}
    for type_, before in seen:
        holder = holders.get(before.name)
        if holder is None:
            # The type of content may have another name since: what had this one is none's.
            key = key_of_none(before.name) if type_ in found else type_
            if key not in found and len(found) < MOST_TYPES:
                found[key] = before
            continue
        now = found[holder]
        names = {name for name, _raw, _kind in now.fields}
        # A name that a field has no more tells what entries hold there now, and so is of the type of that.
        kinds = {raw: kind for _name, raw, kind in now.fields}
        gone = [(name, raw, kinds.get(raw, kind)) for name, raw, kind in before.fields if name not in names]
        gone = gone[: max(0, MOST_FIELDS - len(names))]
        if gone:
            found[holder] = Shape(now.name, tuple(sorted((*now.fields, *gone))))
    return tuple(sorted(found.items()))


def of_one_kind(shapes: Shapes) -> Shapes:
    """These, with all fields of one type. A document that holds among them holds whatever values entries have."""
    return tuple(
        (type_, Shape(shape.name, tuple((name, raw, "String") for name, raw, _kind in shape.fields)))
        for type_, shape in shapes
    )


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
            fields = kinds[type_] = dict.fromkeys(TEXTS, "String")
        for name, value in entry.items():
            if name in RESERVED_FIELDS or name in TEXTS:
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


def text_of(value: object) -> str | None:
    """What one of `TEXTS` is told as: a number or a truth is its text, and what has parts is null."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value) if kind_of(value) in {"Int", "Float", "Boolean"} else None


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
