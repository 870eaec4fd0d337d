"""Which parts of the form can say what an item says.

A part is asked only where writing back what was read gives the very same item. So whatever the form cannot say exactly
stays as it is, and nothing of an item is lost by opening it in the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from plugin.editor.parts import Item, Options, Part, Values, conditions_of
from plugin.editor.parts_what import WHAT, wrong_days
from plugin.editor.parts_whom import WHOM
from plugin.service.rulesets.items import Section

PARTS = (*WHOM, *WHAT)
_OF_LINES = frozenset({"description", "days", "slots"})
_UNTYPED = re.compile("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")


def parts_of(section: Section) -> tuple[Part, ...]:
    """All parts of the form for a kind of item."""
    return tuple(part for part in PARTS if section in part.sections)


def readable(section: Section, item: Item, options: Options) -> dict[str, Values]:
    """The parts that can say what the item says, by name, with what their fields hold."""
    found: dict[str, Values] = {}
    for part in parts_of(section):
        values = part.read(item, options)
        if values is None or any(not _typeable(name, text) for name, text in values.items()):
            continue
        if not part.problems(values) and same(part.write(item, values), item):
            found[part.name] = values
    if {"first", "last"} <= set(found) and wrong_days(found["first"]["first"], found["last"]["last"]):
        del found["last"]
    return found


def same(one: Item, other: Item) -> bool:
    """Whether two items are the same, the order of their keys and the kinds of their numbers included."""
    return json.dumps(one, default=dict) == json.dumps(other, default=dict)


def _typeable(name: str, text: str) -> bool:
    """Whether a field of a browser brings a text back as it is."""
    return text == text.strip() and not _UNTYPED.search(text) and (name in _OF_LINES or "\n" not in text)


def unread(section: Section, item: Item, asked: Mapping[str, object]) -> Iterator[tuple[str, ...]]:
    """Where in an item something stands that the form does not show: keys, and those of its conditions."""
    shown = {path for part in parts_of(section) if part.name in asked for path in part.paths}
    for key, held in item.items():
        if key == "when" and conditions_of(item) is not None:
            continue
        if key == "when" and isinstance(held, Mapping):
            yield from (("when", name) for name in held if ("when", name) not in shown)
        elif (key,) not in shown:
            yield (key,)
