"""What the services ask of the stores: Protocols, and the frozen values that pass through them.

Every instant is timezone-aware UTC and is handed in by the caller. Failures are of `plugin.errors`:
``NotFound``, ``Conflict``, ``PreconditionFailed``, ``ValidationFailed`` (text that no database can hold, a
cursor that was not given out by the store), and ``ServiceUnavailable`` where the database cannot be reached,
is locked for longer than its time-out, or cancels the statement.
"""

from __future__ import annotations

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
from plugin.ports.notices import LONGEST_WAIT, SWEEP, SYNC, Backlog, Cause, Job, Mark, NoticeStore, Outcome
from plugin.ports.pages import JSON, Page
from plugin.ports.purges import Purge, PurgeStore
from plugin.ports.rulesets import (
    Action,
    Draft,
    DraftStore,
    Publication,
    Published,
    RulesetStore,
    RulesetSummary,
    RulesetVersion,
)

__all__ = [
    "JSON",
    "LONGEST_WAIT",
    "SWEEP",
    "SYNC",
    "Action",
    "Applied",
    "Backlog",
    "Cause",
    "Changes",
    "ContentSnapshot",
    "ContentStore",
    "Draft",
    "DraftStore",
    "EntryProblem",
    "EntryRecord",
    "Fence",
    "Job",
    "Mark",
    "NoticeStore",
    "Outcome",
    "Page",
    "Publication",
    "Published",
    "Purge",
    "PurgeStore",
    "RulesetStore",
    "RulesetSummary",
    "RulesetVersion",
    "SourceState",
    "StoredEntry",
]
