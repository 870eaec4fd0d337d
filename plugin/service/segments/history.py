"""The segments of one visitor: those they are in, and when and why they entered and left."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from plugin.errors import NotFound
from plugin.ports import Membership, Page, VisitorReads
from plugin.ports import Passage as StoredPassage
from plugin.profiles.identity import Identity, visitor_id
from plugin.service.audit import Auditing
from plugin.service.segments.kinds import KINDS, Declared, Kind, Segments


@dataclass(frozen=True, slots=True)
class Held:
    """A segment that the visitor is in.

    Attributes:
        since, until: milliseconds since the epoch; None: as long as the document lists them; for good.
        active: whether rules find the visitor in it: it is published and switched on.
    """

    segment: str
    name: str
    kind: Kind
    since: int | None
    until: int | None
    score: float | None
    active: bool
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passage:
    """An entry or exit; ``at`` in milliseconds since the epoch."""

    segment: str
    at: int
    way: str
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VisitorSegments:
    """What is known of one visitor. Conditions are not in it: they depend on the request."""

    held: tuple[Held, ...]
    history: Page[Passage]


class SegmentHistory:
    """Looks at one visitor; noted in the audit log before the answer is given."""

    def __init__(
        self,
        segments: Segments,
        reads: VisitorReads,
        audit: Auditing,
        *,
        identify: Callable[[str], Identity],
        now_ms: Callable[[], int],
    ) -> None:
        self._segments = segments
        self._reads = reads
        self._audit = audit
        self._identify = identify
        self._now_ms = now_ms

    def of(self, visitor: str, *, after: str | None, limit: int, author: str) -> VisitorSegments:
        """The visitor with everybody who is linked to them. Who is not known is in no segment.

        Raises:
            NotFound: it is no visitor id.
            ValidationFailed: a cursor of another list.
        """
        id_ = visitor_id(visitor)
        if id_ is None:
            raise NotFound("There is no such visitor.")
        now, source = self._now_ms(), self._identify(id_).source
        self._audit.note(author, "read_segments", [source])
        sources = {source, *(one.source for one in self._reads.group(source))}
        declared = self._segments.every()
        held = [
            _held(one, declared.get(one.segment))
            for one in self._reads.memberships(sources)
            if one.until is None or one.until > now
        ]
        held += [_listed(one) for one in declared.values() if id_ in one.listed]
        page = self._reads.history(sources, after=after, limit=limit)
        return VisitorSegments(
            tuple(sorted(held, key=lambda one: (one.segment, one.since or 0))),
            Page(tuple(map(_passage, page.items)), page.next),
        )


def _held(one: Membership, declared: Declared | None) -> Held:
    active = declared is not None and declared.published and declared.enabled and declared.kind != "when"
    name = declared.name if declared is not None else one.segment
    return Held(one.segment, name, KINDS[one.kind], one.since, one.until, one.score, active, json.loads(one.reason))


def _listed(one: Declared) -> Held:
    reason = {"because": "the document lists this id"}
    return Held(one.id, one.name, one.kind, None, None, None, one.published and one.enabled, reason)


def _passage(one: StoredPassage) -> Passage:
    return Passage(one.segment, one.at, one.way, json.loads(one.reason))
