"""The entries that a decision may show at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from .conditions import selects
from .locales import variant
from .values import MISSING
from .visitor import Visitor

AUDIENCE = "audience:"


def published(entry: dict[str, Any], visitor: Visitor) -> bool:
    """An entry whose `published_at` is still to come is not, and one whose `expires_at` has come no longer."""
    assert visitor.now is not None
    since = visitor.looking_at(entry).value("content.published_at")
    until = visitor.looking_at(entry).value("content.expires_at")
    return (since is MISSING or since <= visitor.now) and (until is MISSING or visitor.now < until)


def audiences(entry: dict[str, Any]) -> set[str]:
    """The segments that the entry's audience tags name."""
    tags = entry.get("tags") or []
    return {tag.removeprefix(AUDIENCE) for tag in tags if tag.startswith(AUDIENCE)}


def localized(content: Iterable[dict[str, Any]], visitor: Visitor) -> dict[str, dict[str, Any]]:
    """Of each id the variant for the visitor, by id."""
    by_id: dict[str, list[dict[str, Any]]] = {}
    for entry in content:
        by_id.setdefault(entry["id"], []).append(entry)
    chosen = {name: variant(entries, visitor) for name, entries in by_id.items()}
    return {name: entry for name, entry in chosen.items() if entry is not None}


def candidates(
    slot: dict[str, Any],
    content: Iterable[dict[str, Any]],
    visitor: Visitor,
    held: set[str],
    left_out: Collection[str],
) -> list[dict[str, Any]]:
    """Selected, published, in the visitor's locale, meant for the visitor, neither reserved nor excluded."""
    selected = [
        entry for entry in content if published(entry, visitor) and selects(slot.get("select", {}), visitor, entry)
    ]
    return [
        entry
        for name, entry in localized(selected, visitor).items()
        if name not in left_out and (not audiences(entry) or audiences(entry) & held)
    ]


def defaults(
    slot: dict[str, Any], content: Iterable[dict[str, Any]], visitor: Visitor, excluded: Collection[str]
) -> list[dict[str, Any]]:
    """The slot's default entries that exist, are published, have a variant, and are not excluded."""
    named = slot.get("default", {}).get("id", [])
    entries = localized([entry for entry in content if published(entry, visitor)], visitor)
    listed = [named] if isinstance(named, str) else named
    return [entries[name] for name in listed if name in entries and name not in excluded]
