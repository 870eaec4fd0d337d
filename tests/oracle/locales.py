"""Which locale variant of an entry a visitor gets."""

from __future__ import annotations

from typing import Any

from .values import MISSING
from .visitor import Visitor


def lookup(tag: str) -> list[str]:
    """The tag and its RFC 4647 truncations, in lower case: `zh-Hant-x-ab` gives itself, `zh-hant`, `zh`."""
    found = []
    parts = tag.lower().split("-")
    while parts:
        found.append("-".join(parts))
        parts.pop()
        while parts and len(parts[-1]) == 1:
            parts.pop()
    return found


def preferred(visitor: Visitor) -> list[str]:
    """Locales in the order in which the visitor gets them: their own lookup, then the document's chain."""
    wanted = visitor.value("request.locale")
    order = [] if wanted is MISSING else lookup(wanted)
    for locale in visitor.document.get("locales", []):
        if locale.lower() not in order:
            order.append(locale.lower())
    return order


def canonical_locale(visitor: Visitor) -> tuple[str, ...]:
    """What of `preferred` counts over content in the document's locales (all of it, where it names none)."""
    known = [locale.lower() for locale in visitor.document.get("locales", [])]
    return tuple(one for one in preferred(visitor) if not known or one in known)


def variant(entries: list[dict[str, Any]], visitor: Visitor) -> dict[str, Any] | None:
    """Of the variants of one id the one to show, if any; the one without a locale comes last."""
    for locale in preferred(visitor):
        for entry in entries:
            if isinstance(entry.get("locale"), str) and entry["locale"].lower() == locale:
                return entry
    for entry in entries:
        if entry.get("locale") is None:
            return entry
    return None
