"""A part of the form of choices: how it is read from an item, and written into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from plugin.editor.phrases import mapping
from plugin.service.rulesets.items import Section

Item = Mapping[str, Any]
Values = Mapping[str, str]

MADE: tuple[Section, ...] = ("rules", "experiments", "segments")
"""The kinds of items that have a form."""
ACTING: tuple[Section, ...] = ("rules", "experiments")
KINDS = ("pattern", "members", "computed")
"""What says instead of a condition who is in a segment."""


@dataclass(frozen=True, slots=True)
class Options:
    """What there is to choose from, by ids; slots in the order of their boxes."""

    slots: tuple[str, ...]
    segments: frozenset[str]
    devices: frozenset[str]


def no_problems(_values: Values) -> dict[str, str]:
    """Whatever the fields hold can be taken."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that is asked, in one field or a few.

    Attributes:
        fields: their names; the first is the name of the part.
        read: what the fields hold for an item; None where they cannot say what the item says.
        write: the item with what the fields hold, which has no problems.
        problems: what cannot be taken of the fields, each at its field.
        paths: where in an item it is, as tuples of keys.
    """

    fields: tuple[str, ...]
    read: Callable[[Item, Options], Values | None]
    write: Callable[[Item, Values], Item]
    paths: tuple[tuple[str, ...], ...]
    problems: Callable[[Values], dict[str, str]] = field(default=no_problems)
    sections: tuple[Section, ...] = MADE

    @property
    def name(self) -> str:
        """The name of the part."""
        return self.fields[0]


def put(item: Item, key: str, held: object) -> dict[str, Any]:
    """The item with a key; None takes it out. Numbers that are equal stay as they are written."""
    if held is None:
        return {name: part for name, part in item.items() if name != key}
    return {**item, key: as_held(item.get(key), held)}


def as_held(held: object, new: object) -> object:
    """The new value, as it is written already where it is the same number."""
    numbers = (int, float)
    alike = isinstance(held, numbers) and isinstance(new, numbers) and not isinstance(held, bool)
    return held if alike and held == new else new


def conditions_of(item: Item) -> Mapping[str, Any] | None:
    """The conditions of an item that may have some; None where it is told otherwise whom it is for."""
    held = item.get("when", {})
    return held if isinstance(held, Mapping) and not any(kind in item for kind in KINDS) else None


def put_condition(item: Item, key: str, held: object) -> Item:
    """The item with one condition; None takes it out, and all of `when` with the last."""
    when = mapping(item.get("when"))
    if held is None and key not in when:
        return item
    return put(item, "when", put(when, key, held) or None)
