"""What uses a segment: rules, experiments, other segments and tests, of the draft or published, and content by its
audience tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from plugin.ports import ContentStore, RulesetStore
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.uses import Use, audience_uses, uses_of
from plugin.service.segments.kinds import Segments


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """A place that names a segment, and in which documents. Content is always served, so it counts for both."""

    section: str
    id: str
    pointer: str
    draft: bool
    published: bool


class SegmentUses:
    """Finds them."""

    def __init__(self, segments: Segments, drafting: Drafting, rulesets: RulesetStore, content: ContentStore) -> None:
        self._segments = segments
        self._drafting = drafting
        self._rulesets = rulesets
        self._content = content

    def of(self, id_: str) -> tuple[SegmentUse, ...]:
        """Those of the draft first, in the order of its sections; then what only the published document has.

        Raises:
            NotFound: no document has the segment, and nothing names it; with the nearest name.
        """
        tags = tuple(audience_uses(self._content, id_))
        draft = (*uses_of(self._drafting.document().document, "segments", id_), *tags)
        published = (*self._published(id_), *tags)
        every = dict.fromkeys((*draft, *published))
        if not every:
            self._segments.get(id_)
        return tuple(SegmentUse(one.section, one.id, one.pointer, one in draft, one in published) for one in every)

    def _published(self, id_: str) -> Iterator[Use]:
        published = self._rulesets.published()
        if published is not None:
            yield from uses_of(json.loads(published.version.document), "segments", id_)
