"""The rules and experiments of one slot or of several, in the order in which they apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from plugin.editor.phrases import many
from plugin.service.rulesets.items import Document, items

ACTING: tuple[Literal["rules"], Literal["experiments"]] = ("rules", "experiments")


def acting_in(document: Document, *slots: str) -> list[tuple[Literal["rules", "experiments"], Mapping[str, Any]]]:
    """Higher priority first, rules before experiments, then by id; what is switched off stands in its place too."""
    found = [
        (section, item)
        for section in ACTING
        for item in items(document, section).values()
        if item.get("slot") == "*" or not set(slots).isdisjoint(map(str, many(item.get("slot"))))
    ]
    return sorted(found, key=lambda one: (-_priority(one[1]), ACTING.index(one[0]), str(one[1]["id"])))


def _priority(item: Mapping[str, Any]) -> float:
    held = item.get("priority", 0)
    return float(held) if isinstance(held, int | float) else 0.0
