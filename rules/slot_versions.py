"""Which rules a slot has, as a number: a publication that changes other slots leaves it, and what caches keep by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from rules.effects import canonical

if TYPE_CHECKING:
    from rules.ruleset import Ruleset

_BYTES = 6
_NOT_OF_ALL = frozenset({"rules", "slots", "tests", "name", "description"})
"""The parts of a document of which a slot asks what names it, or nothing."""


def slot_versions(ruleset: Ruleset) -> Mapping[str, int]:
    """By slot, a number that another document has only where all is the same that can bear on the slot.

    Made from the slot and its rules as they are written, in their order, and from all that is not a slot's; the same in
    every process. Ten thousand rules take a quarter of a second.
    """
    return versions_of(ruleset.document.data)


def versions_of(data: Mapping[str, Any]) -> Mapping[str, int]:
    """The same of what a document was read from, as `Ruleset.canonical` has it; nothing needs to be compiled."""
    everyones = canonical({name: part for name, part in data.items() if name not in _NOT_OF_ALL})
    parts = {slot["id"]: [everyones, canonical(slot)] for slot in data.get("slots") or []}
    for rule in data.get("rules") or []:
        text = canonical(rule)
        for name in _slots_of(rule["slot"], parts):
            parts[name].append(text)
    return {slot: _number([slot, *texts]) for slot, texts in parts.items()}


def _slots_of(said: str | Sequence[str], every: Iterable[str]) -> Iterable[str]:
    """The slots that a rule is for, each once: one, a list, or "*"."""
    names = [said] if isinstance(said, str) else said
    return every if "*" in names else dict.fromkeys(names)


def _number(parts: list[str]) -> int:
    return int.from_bytes(blake2b(canonical(parts).encode(), digest_size=_BYTES).digest())
