"""Tags and concepts of Contentful to tags of Tessera.

A tag's id takes letters, digits, `-`, `_` and `.` only and never changes; its name is free, and may hold the colon of
`audience:vip`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapters.cms.contentful.model import Item, Model, linked

PREFIXES = ("slot", "audience", "topic")


@dataclass(frozen=True, slots=True)
class TagRules:
    """See the options in the package."""

    by: str = "name"
    texts: Mapping[str, str] = field(default_factory=dict)
    prefixes: tuple[str, ...] = PREFIXES
    concepts: str = "label"
    concept_prefix: str = "topic"

    def of(self, item: Item, model: Model) -> tuple[str, ...]:
        """The tags of an entry in the editor's order, those of its concepts behind, without repeats."""
        return tuple(dict.fromkeys(tag for tag in self._of(item, model) if tag))

    def _of(self, item: Item, model: Model) -> Iterator[str]:
        for one in linked(item, "tags"):
            yield self._tag(one, model.tags.get(one))
        for one in linked(item, "concepts") if self.concepts != "none" else ():
            label = model.concepts.get(one) if self.concepts == "label" else None
            yield self._concept(one, label)

    def _tag(self, one: str, name: str | None) -> str:
        for given in (one, name):
            if given is not None and given in self.texts:
                return self.texts[given]
        if self.by == "name" and name is not None:
            return self._named(name) or name.strip()
        return self._spelled(one) or one

    def _concept(self, one: str, label: str | None) -> str:
        for given in (one, label):
            if given is not None and given in self.texts:
                return self.texts[given]
        known = self._named(label) if label is not None else self._spelled(one)
        plain = (label if label is not None else one).strip()
        return known or (f"{self.concept_prefix}:{plain}" if self.concept_prefix else plain)

    def _named(self, name: str) -> str | None:
        """A name such as `Audience: vip` with its prefix as it is written here."""
        prefix, colon, rest = name.partition(":")
        known = {one.lower(): one for one in self.prefixes}.get(prefix.strip().lower())
        return f"{known}:{rest.strip()}" if colon and known and rest.strip() else None

    def _spelled(self, one: str) -> str | None:
        """An id such as `audience-vip`, `audience_vip`, `audience.vip` or `audienceVip`."""
        for prefix in self.prefixes:
            if found := re.fullmatch(rf"{re.escape(prefix)}(?:[-_.]+(.+)|([A-Z0-9].*))", one):
                rest = found[1] or found[2]
                return f"{prefix}:{rest if found[1] else rest[0].lower() + rest[1:]}"
        return None
