"""The condition tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .predicates import leaf_holds
from .visitor import Visitor


def holds(condition: Any, visitor: Visitor, held: set[str]) -> bool:
    """Whether every entry of the mapping is true; an empty mapping is."""
    return all(part_holds(word, inner, visitor, held) for word, inner in condition.items())


def part_holds(word: str, inner: Any, visitor: Visitor, held: set[str]) -> bool:
    if word == "all":
        return all(holds(one, visitor, held) for one in inner)
    if word == "any":
        return any(holds(one, visitor, held) for one in inner)
    if word == "not":
        return not holds(inner, visitor, held)
    if word == "segment":
        return any(name in held for name in ([inner] if isinstance(inner, str) else inner))
    return leaf_holds(word, inner, visitor)


def selects(selector: Any, visitor: Visitor, entry: Mapping[str, Any]) -> bool:
    """A selector over one entry; `{id: X}` is short for `{content.id: X}`."""
    return holds(with_long_ids(selector), visitor.looking_at(entry), set())


def with_long_ids(selector: Any) -> Any:
    """The selector as a list of its parts, for it may hold both `id` and `content.id`."""
    return {"all": [long_part(word, inner) for word, inner in selector.items()]}


def long_part(word: str, inner: Any) -> Any:
    if word in ("all", "any"):
        return {word: [with_long_ids(one) for one in inner]}
    if word == "not":
        return {word: with_long_ids(inner)}
    return {"content.id" if word == "id" else word: inner}
