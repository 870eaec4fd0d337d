"""Tags and concepts of Contentful to tags of Tessera.

A tag's id takes letters, digits, `-`, `_` and `.` only and never changes; its name is free, and may hold the colon of
`audience:vip`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from adapters.cms.contentful.model import Item, Model, linked

PREFIXES = ("slot", "audience", "topic")


@dataclass(frozen=True, slots=True)
class TagRules:
    """See the options in the package."""

    by: str = "name"
    prefixes: tuple[str, ...] = PREFIXES
    concepts: str = "label"
    concept_prefix: str = "topic"

    def of(self, item: Item, model: Model) -> tuple[str, ...]:
        """The tags of an entry in the editor's order, those of its concepts behind, without repeats."""
        return tuple(dict.fromkeys(self._of(item, model)))

    def _of(self, item: Item, model: Model) -> Iterator[str]:
        for one in linked(item, "tags"):
            name = model.tags.get(one, "").strip() if self.by == "name" else ""
            yield name or self._spelled(one) or one
        for one in linked(item, "concepts") if self.concepts != "none" else ():
            label = model.concepts.get(one, "").strip() if self.concepts == "label" else ""
            head, colon, _ = label.partition(":")
            if colon and head.strip().casefold() in self.prefixes:
                yield label
            elif not label and (tag := self._spelled(one)):
                yield tag
            else:
                yield f"{self.concept_prefix}:{label or one}" if self.concept_prefix else label or one

    def _spelled(self, one: str) -> str | None:
        """An id such as `audience-vip`, `audience_vip`, `audience.vip` or `audienceVip`, as a tag."""
        for prefix in self.prefixes:
            if found := re.fullmatch(rf"{re.escape(prefix)}(?:[-_.]+(.+)|([A-Z0-9].*))", one):
                rest = found[1] or found[2]
                return f"{prefix}:{rest if found[1] else rest[0].lower() + rest[1:]}"
        return None
