"""What is in segments: how many, who (by what stands for them, never by id), and how often people come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from plugin.errors import Conflict, NotFound
from plugin.ports import Membership, Page, SegmentLists, Traffic
from plugin.profiles.identity import Hasher, visitor_id
from plugin.service.audit import Auditing
from plugin.service.segments.kinds import WHY_NOT, Declared, Kind, Segments

PAGE = 1_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many are in a segment.

    Attributes:
        kind: None where no document has the segment any more.
        size: of visitors' ids: those kept in the database, and those that the document lists. Somebody who has two ids
            counts twice, and so does an id in both lists. None where nobody is kept in it, which ``why`` explains.
        listed: how many of them the document lists.
        published: whether it is published, so that rules can find anybody in it.
        orphaned: whether people are kept in it though no document has it any more.
    """

    id: str
    name: str
    kind: Kind | None
    enabled: bool
    size: int | None
    listed: int
    published: bool
    orphaned: bool
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """One segment now, and how often it was entered and left lately."""

    size: Size
    day: Traffic
    week: Traffic


class SegmentReading:
    """Reads memberships. Whoever reads members is noted in the audit log before they are given out."""

    def __init__(
        self,
        segments: Segments,
        lists: SegmentLists,
        audit: Auditing,
        *,
        hasher: Hasher,
        now_ms: Callable[[], int],
    ) -> None:
        self._segments = segments
        self._lists = lists
        self._audit = audit
        self._hasher = hasher
        self._now_ms = now_ms

    def sizes(self) -> tuple[Size, ...]:
        """Of every segment, in order of id; those that are kept and in no document among them."""
        every, kept = self._segments.every(), self._lists.sizes(now=self._now_ms())
        return tuple(_size(name, every.get(name), kept.get(name, 0)) for name in sorted(every.keys() | kept.keys()))

    def activity(self, id_: str) -> Activity:
        """One segment: how many are in it, and how often it was entered and left in a day and in a week.

        Raises: NotFound.
        """
        now = self._now_ms()
        segment = self._segments.every().get(id_)
        kept = self._lists.size(id_, now=now)
        if segment is None and not kept:
            self._segments.get(id_)
        day, week = (self._lists.traffic(id_, since=now - days * DAY_MS) for days in (1, 7))
        return Activity(_size(id_, segment, kept), day, week)

    def members(self, id_: str, *, after: str | None, limit: int, author: str) -> Page[Membership]:
        """A page of those who are kept in a segment, in order of source. Raises: NotFound, Conflict."""
        self._readable(id_)
        self._audit.note(author, "read_members", detail={"segment": id_})
        return self._lists.members(id_, now=self._now_ms(), after=after, limit=limit)

    def everybody(self, id_: str, *, author: str) -> tuple[tuple[tuple[str, str], ...], Iterator[Membership]]:
        """Those whom the document lists, as ids and what stands for them, and those who are kept, page by page.

        Raises: NotFound, Conflict; before anything is given out.
        """
        segment, now = self._readable(id_), self._now_ms()
        listed = segment.listed if segment is not None else ()
        self._audit.note(author, "read_members", detail={"segment": id_, "export": True})
        first = self._lists.members(id_, now=now, limit=PAGE)

        def kept() -> Iterator[Membership]:
            page = first
            yield from page.items
            while page.next is not None:
                page = self._lists.members(id_, now=now, after=page.next, limit=PAGE)
                yield from page.items

        return tuple((one, self._hasher.source(one)) for one in listed if visitor_id(one) is not None), kept()

    def _readable(self, id_: str) -> Declared | None:
        """A segment in which people are kept; None where no document has it any more."""
        try:
            found = self._segments.get(id_)
        except NotFound:
            if not self._lists.size(id_, now=self._now_ms()):
                raise
            return None
        if found.kind == "when" and not self._lists.size(id_, now=self._now_ms()):
            raise Conflict(WHY_NOT["when"].format(repr(id_)))
        return found


def _size(id_: str, segment: Declared | None, kept: int) -> Size:
    if segment is None:
        return Size(id_, id_, None, enabled=False, size=kept, listed=0, published=False, orphaned=True)
    listed = len(segment.listed)
    none = segment.kind == "when"
    return Size(
        id_,
        segment.name,
        segment.kind,
        enabled=segment.enabled,
        size=None if none else kept + listed,
        listed=listed,
        published=segment.published,
        orphaned=False,
        why=WHY_NOT["when"].format(repr(id_)) if none else None,
    )
