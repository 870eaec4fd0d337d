"""Which rules a key is of: those of its slot, so that a publication that changes others leaves all that is stored."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from rules.effects import canonical
from rules.ruleset import Ruleset

_BYTES = 6
_NOT_OF_ALL = frozenset({"rules", "slots", "tests", "name", "description"})
"""The parts of a document of which a slot asks what names it, or nothing."""


class KeyVersions:
    """Numbers of the rules of slots, the same in every process. Safe to share between threads."""

    def __init__(self) -> None:
        self._of: tuple[Ruleset | None, Mapping[str, int]] = (None, {})

    def of(self, ruleset: Ruleset) -> Mapping[str, int]:
        """By slot, a number that another document has only where all is the same that can bear on the slot."""
        of_ruleset, found = self._of
        if of_ruleset is not ruleset:
            found = key_versions(ruleset)
            self._of = (ruleset, found)
        return found


def key_versions(ruleset: Ruleset) -> Mapping[str, int]:
    """Work them out: from the slot and its rules as they are written, in their order, and all that is not a slot's."""
    document = ruleset.document
    written: dict[str, Any] = dict(document.data)
    everyones = canonical({name: part for name, part in written.items() if name not in _NOT_OF_ALL})
    parts = {slot.id: [everyones] for slot in document.slots}
    for slot in written.get("slots") or []:
        parts[slot["id"]].append(canonical(slot))
    texts = {rule["id"]: canonical(rule) for rule in written.get("rules") or []}
    for rule in document.rules:
        for name in parts if rule.slots is None else rule.slots:
            if name in parts:
                parts[name].append(texts[rule.id])
    return {slot: _number([slot, *texts_]) for slot, texts_ in parts.items()}


def _number(parts: list[str]) -> int:
    return int.from_bytes(blake2b(canonical(parts).encode(), digest_size=_BYTES).digest())
