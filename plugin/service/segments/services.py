"""Everything that is done with segments that keep people, as routes, pages and commands are given it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from plugin.ports import Audit, ContentStore, Leases, RulesetStore, SegmentLists, VisitorReads
from plugin.profiles.identity import Hasher, Identity
from plugin.service.audit import Auditing
from plugin.service.rulesets.draft import Drafting
from plugin.service.segments.history import SegmentHistory
from plugin.service.segments.importing import SegmentImport
from plugin.service.segments.kinds import Segments
from plugin.service.segments.members import SegmentMembers
from plugin.service.segments.reading import SegmentReading
from plugin.service.segments.uses import SegmentUses


@dataclass(frozen=True, slots=True)
class SegmentServices:
    """One service for each thing that is done."""

    segments: Segments
    members: SegmentMembers
    imports: SegmentImport
    reading: SegmentReading
    history: SegmentHistory
    uses: SegmentUses


def segment_services(
    *,
    drafting: Drafting,
    rulesets: RulesetStore,
    content: ContentStore,
    lists: SegmentLists,
    leases: Leases,
    reads: VisitorReads,
    audit: Audit,
    hasher: Hasher,
    identify: Callable[[str], Identity],
    now_ms: Callable[[], int],
    new_id: Callable[[], str],
) -> SegmentServices:
    """Make them.

    Args:
        identify: what stands for one visitor; while keys change it moves what is kept, before it answers.
        now_ms: milliseconds since the epoch.
    """
    segments = Segments(drafting, rulesets)
    auditing = Auditing(audit, identify, key_version=hasher.version, now_ms=now_ms)
    members = SegmentMembers(segments, lists, leases, auditing, hasher=hasher, now_ms=now_ms, new_id=new_id)
    return SegmentServices(
        segments=segments,
        members=members,
        imports=SegmentImport(segments, members, hasher=hasher, now_ms=now_ms),
        reading=SegmentReading(segments, lists, auditing, hasher=hasher, now_ms=now_ms),
        history=SegmentHistory(segments, reads, auditing, identify=identify, now_ms=now_ms),
        uses=SegmentUses(segments, drafting, rulesets, content),
    )
