"""What the services ask of the stores: Protocols, and the frozen values that pass through them.

Every instant is timezone-aware UTC and is handed in by the caller; those of visitors and events, of which there are
very many, are milliseconds since the epoch. Failures are of `plugin.errors`: ``NotFound``, ``Conflict``,
``PreconditionFailed``, ``ValidationFailed`` (text that no database can hold, a cursor that was not given out by the
store), and ``ServiceUnavailable`` where the database cannot be reached, is locked for longer than its time-out, or
cancels the statement.
"""

from __future__ import annotations

from plugin.ports.audit import AuditEntry
from plugin.ports.content import (
    Applied,
    Changes,
    ContentSnapshot,
    ContentStore,
    EntryProblem,
    EntryRecord,
    Fence,
    SourceState,
    StoredEntry,
)
from plugin.ports.events import DeadLetter, DeadLetters, EventLog, EventRow, EventType, EventTypes
from plugin.ports.events_applying import DAYS_KEPT, Applying, Batch, Tick
from plugin.ports.events_leases import LONGEST_LEASE, Fenced, Lease, Leases
from plugin.ports.notices import LONGEST_WAIT, SWEEP, SYNC, Backlog, Cause, Job, Mark, NoticeStore, Outcome
from plugin.ports.pages import JSON, Page
from plugin.ports.privacy import (
    Audit,
    Erased,
    ErasureFence,
    Kept,
    Moving,
    Personal,
    Privacy,
    Receipt,
    Rekeying,
    Retention,
)
from plugin.ports.purges import Pending, Purge, PurgeBacklog, PurgeStore
from plugin.ports.rulesets import (
    Action,
    Differing,
    Draft,
    DraftStore,
    Publication,
    Published,
    RulesetStore,
    RulesetSummary,
    RulesetVersion,
)
from plugin.ports.segments import Change, Kind, Member, Membership, Passage, Put, SegmentLists, Traffic, Way
from plugin.ports.views import Viewed, Views
from plugin.ports.visitors import Groups, VisitorReads, VisitorRow
from plugin.ports.visitors_hot import HotCopy, HotOutbox
from plugin.ports.visitors_identity import Identity, Link, Linking

__all__ = [
    "DAYS_KEPT",
    "JSON",
    "LONGEST_LEASE",
    "LONGEST_WAIT",
    "SWEEP",
    "SYNC",
    "Action",
    "Applied",
    "Applying",
    "Audit",
    "AuditEntry",
    "Backlog",
    "Batch",
    "Cause",
    "Change",
    "Changes",
    "ContentSnapshot",
    "ContentStore",
    "DeadLetter",
    "DeadLetters",
    "Differing",
    "Draft",
    "DraftStore",
    "EntryProblem",
    "EntryRecord",
    "Erased",
    "ErasureFence",
    "EventLog",
    "EventRow",
    "EventType",
    "EventTypes",
    "Fence",
    "Fenced",
    "Groups",
    "HotCopy",
    "HotOutbox",
    "Identity",
    "Job",
    "Kept",
    "Kind",
    "Lease",
    "Leases",
    "Link",
    "Linking",
    "Mark",
    "Member",
    "Membership",
    "Moving",
    "NoticeStore",
    "Outcome",
    "Page",
    "Passage",
    "Pending",
    "Personal",
    "Privacy",
    "Publication",
    "Published",
    "Purge",
    "PurgeBacklog",
    "PurgeStore",
    "Put",
    "Receipt",
    "Rekeying",
    "Retention",
    "RulesetStore",
    "RulesetSummary",
    "RulesetVersion",
    "SegmentLists",
    "SourceState",
    "StoredEntry",
    "Tick",
    "Traffic",
    "Viewed",
    "Views",
    "VisitorReads",
    "VisitorRow",
    "Way",
]
