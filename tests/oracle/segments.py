"""Which segments a visitor is in."""

from __future__ import annotations

from typing import Any

from .conditions import holds
from .values import MISSING
from .visitor import Visitor


def held_segments(visitor: Visitor) -> set[str]:
    """Every segment held; names given by the caller that the document does not know are ignored."""
    return {item["id"] for item in visitor.document.get("segments", []) if is_member(item, visitor)}


def is_member(item: dict[str, Any], visitor: Visitor) -> bool:
    """What the caller gives adds to what the segment itself says; a disabled one has no members."""
    if item.get("enabled") is False:
        return False
    if item["id"] in visitor.given:
        return True
    if "members" in item:
        who = visitor.value("visitor.id")
        return who is not MISSING and who in item["members"]
    if "when" not in item:
        return False
    named = [other for other in visitor.document["segments"] if other["id"] in names_in(item["when"])]
    return holds(item["when"], visitor, {other["id"] for other in named if is_member(other, visitor)})


def names_in(condition: Any) -> set[str]:
    """The segments that a condition names."""
    names: set[str] = set()
    for word, inner in condition.items():
        if word in ("all", "any"):
            names.update(*map(names_in, inner))
        elif word == "not":
            names |= names_in(inner)
        elif word == "segment":
            names |= {inner} if isinstance(inner, str) else set(inner)
    return names
