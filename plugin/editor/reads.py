"""What the rules of a slot ask about a visitor: attributes, with the values that rules mention, and segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from plugin.editor.order import acting_in
from plugin.editor.phrases import many
from plugin.service.rulesets.items import Document, items, members

_NOT_OF_VISITORS = ("content.", "event.", "presentation.")
_TESTS_OF_VALUES = ("eq", "ne", "in", "not_in", "contains", "contains_any", "contains_all", "starts_with")


@dataclass(slots=True)
class Reads:
    """What was found, each in the order in which it was met.

    Attributes:
        attributes: name to the values that rules compare with.
        segments: those that a condition names, directly or through another segment.
    """

    attributes: dict[str, dict[str, None]] = field(default_factory=dict)
    segments: dict[str, None] = field(default_factory=dict)


def reads_of(document: Document, slot: str) -> Reads:
    """Everything that can bear on what a visitor gets in a slot; of slots that are not there, nothing."""
    found = Reads()
    held = items(document, "slots").get(slot)
    if held is None:
        return found
    segments = items(document, "segments")
    acting = acting_in(document, slot)
    for section, item in acting:
        if item.get("enabled") is not False:
            _gather(item, found, segments)
            if section == "experiments":
                _note(found, "visitor.id")
    _gather(held, found, segments)
    if document.get("holdout"):
        _note(found, "visitor.id")
    return found


def _gather(item: Mapping[str, Any], found: Reads, segments: Mapping[str, Document]) -> None:
    for _path, key, part in members(item):
        if key == "segment":
            for name in map(str, many(part)):
                if name not in found.segments:
                    found.segments[name] = None
                    _gather_segment(segments.get(name, {}), found, segments)
        elif key == "ref" and isinstance(part, str):
            if not part.startswith(_NOT_OF_VISITORS):
                _note(found, part)
        elif "." in key and not key.startswith(_NOT_OF_VISITORS):
            _note(found, key, *_values(part))


def _gather_segment(segment: Mapping[str, Any], found: Reads, segments: Mapping[str, Document]) -> None:
    if "members" in segment:
        _note(found, "visitor.id", *(str(one) for one in many(segment["members"])[:20] if isinstance(one, str)))
    elif "when" in segment:
        _gather({"when": segment["when"]}, found, segments)


def _note(found: Reads, name: str, *values: str) -> None:
    found.attributes.setdefault(name, {}).update(dict.fromkeys(values))


def _values(held: object) -> Iterator[str]:
    """The texts and numbers that a test mentions, as suggestions."""
    if isinstance(held, Mapping):
        for test in _TESTS_OF_VALUES:
            if test in held:
                yield from _values(held[test])
        return
    for one in many(held):
        if isinstance(one, str) or (isinstance(one, int | float) and not isinstance(one, bool)):
            yield str(one)
