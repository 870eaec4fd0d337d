"""The conditions of an item that the form's simple fields do not say: drawn as lines and groups, and put back.

The simple fields and these hold together. What is not changed of them stays as it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from plugin.editor import tree
from plugin.editor.parts import Item, conditions_of, put
from plugin.editor.phrases import mapping
from plugin.editor.readable import parts_of
from plugin.editor.subjects_asked import Subjects
from plugin.editor.tree import Group, Leaf, Path
from plugin.service.rulesets.items import Section

ROOT = "if"
"""The beginning of the names of the fields."""


def rest_of(section: Section, item: Item, asked: Collection[str]) -> Mapping[str, Any] | None:
    """The conditions that no simple field says; None where the item has none that the form could say.

    Args:
        asked: names of the parts with simple fields that the form has for the item.
    """
    when = conditions_of(item)
    if when is None:
        return None
    said = {path[-1] for part in parts_of(section) if part.name in asked for path in part.paths if path[0] == "when"}
    return {key: held for key, held in when.items() if key not in said}


def put_rest(item: Item, rest: Mapping[str, Any], group: Group, subjects: Subjects) -> Item:
    """The item with what is drawn instead of ``rest``; as it is where both say the same."""
    before, spelled = tree.draw(rest, subjects)
    if group == before:
        return item
    when = mapping(item.get("when"))
    others = {key: held for key, held in when.items() if key not in rest}
    made = tree.write(group, subjects, spelled) if group.nodes else {}
    if "all" in rest and group.join == "all" and group.nodes:
        made = {"all": [tree.write(one, subjects, spelled) for one in group.nodes]}
    if set(made) & set(others):
        made = {"all": [made]}
    return put(item, "when", {**others, **made} or None)


def line_of(group: Group, pointer: Sequence[str], when: Any, subjects: Subjects) -> tuple[Path, Leaf] | None:  # noqa: ANN401
    """The line about which a problem of the conditions is.

    Args:
        pointer: the path of the problem within ``when``.
    """
    found = [(path, node) for path, node in tree.lines(group) if isinstance(node, Leaf) and _key(node) in pointer]
    for path, leaf in found:
        if tree.write(leaf, subjects, {}).get(_key(leaf)) == _held(when, pointer, _key(leaf)):
            return path, leaf
    return found[0] if found else None


def _key(leaf: Leaf) -> str:
    return "not" if leaf.test == "out" else leaf.what


def _held(data: Any, pointer: Sequence[str], key: str) -> object:  # noqa: ANN401  # any JSON
    """What stands under a key on the way of a pointer."""
    for part in pointer:
        if isinstance(data, list | tuple) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        elif isinstance(data, Mapping):
            data = data.get(part)
            if part == key:
                return data
    return None
