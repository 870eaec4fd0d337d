"""What the services ask of the stores: Protocols, and the frozen values that pass through them.

Every instant is timezone-aware UTC and is handed in by the caller. Failures are of `plugin.errors`:
``NotFound``, ``Conflict``, ``PreconditionFailed``, ``ValidationFailed`` (text that no database can hold, a
cursor that was not given out by the store), and ``ServiceUnavailable`` where the database cannot be reached,
is locked for longer than its time-out, or cancels the statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
Action: TypeAlias = Literal["publish", "rollback"]
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """Some items, and the opaque cursor of the next page: None where this is the last."""

    items: tuple[T_co, ...]
    next: str | None


# --- rule sets


@dataclass(frozen=True, slots=True)
class RulesetSummary:
    """An immutable version; ``digest`` is the SHA-256 of its canonical text, in hex."""

    number: int
    digest: str
    created_at: datetime
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class RulesetVersion(RulesetSummary):
    """A version with its document as canonical JSON text (keys sorted, no spaces)."""

    document: str


@dataclass(frozen=True, slots=True)
class Publication:
    """One row of the history: from ``at`` on, ``number`` was served. ``epoch`` counts them from 1."""

    epoch: int
    number: int
    previous: int | None
    action: Action
    at: datetime
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class Published:
    """What is served now, with the epoch that it belongs to."""

    epoch: int
    version: RulesetVersion


class RulesetStore(Protocol):
    """Versions that never change, and the pointer to the published one."""

    def save(self, document: Mapping[str, JSON], *, author: str, note: str = "", now: datetime) -> RulesetVersion:
        """Keep a document as the next version: numbers start at 1 and have no gaps.

        Raises: ValidationFailed where the document cannot be written as JSON (NaN, lone surrogates).
        """
        ...

    def get(self, number: int) -> RulesetVersion:
        """Raises: NotFound."""
        ...

    def page(self, *, after: str | None = None, limit: int = 50) -> Page[RulesetSummary]:
        """Newest first; ``limit`` is 1 to 1,000."""
        ...

    def epoch(self) -> int:
        """How many times the pointer moved, 0 at first: one tiny query, for polling."""
        ...

    def published(self) -> Published | None:
        """The pointer and what it points to, as of one instant; None before the first publication."""
        ...

    def publish(
        self,
        number: int,
        *,
        author: str,
        note: str = "",
        now: datetime,
        expected_epoch: int | None = None,
        action: Action = "publish",
    ) -> Publication:
        """Move the pointer; a new row of the history. ``rollback`` takes only what was published before.

        Raises: NotFound; PreconditionFailed where the epoch is not ``expected_epoch`` (None: any);
            Conflict for a rollback to a version that was never published.
        """
        ...

    def history(self, *, after: str | None = None, limit: int = 50) -> Page[Publication]:
        """Newest first; ``limit`` is 1 to 1,000."""
        ...


# --- the draft


@dataclass(frozen=True, slots=True)
class Draft:
    """The document that editors work on. Revision 0 is the empty one nobody has written yet."""

    revision: int
    document: Mapping[str, JSON]
    digest: str
    updated_at: datetime | None
    author: str


class DraftStore(Protocol):
    """One working document, changed by compare-and-set."""

    def get(self) -> Draft: ...

    def replace(self, document: Mapping[str, JSON], *, expected: int, author: str, now: datetime) -> Draft:
        """Put ``document`` in place of revision ``expected``; the answer's revision is one higher.

        Raises: PreconditionFailed where somebody was faster; ValidationFailed as for `RulesetStore.save`.
        """
        ...


# --- content


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A published entry in one locale (None: it has none).

    ``links`` are the ids of the other entries it was made from. ``origin`` is where the source keeps it (a
    file's path), so that a problem in that place can be tied to the entry; None where ids suffice.
    ``expires_at``: from then on nobody sees it. ``depends_on``: the identities of entries, assets and terms
    whose change makes it anew; no decision sees them.
    """

    source: str
    id: str
    locale: str | None
    type: str
    tags: tuple[str, ...]
    fields: Mapping[str, JSON]
    published_at: datetime | None
    version: str | None
    links: tuple[str, ...]
    origin: str | None = None
    expires_at: datetime | None = None
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryProblem:
    """Why an entry could not be taken; its last good version stays.

    ``id`` None: the trouble came before the id was known, then ``file`` names the origin. ``locale`` None: of
    every locale.
    """

    reason: str
    id: str | None = None
    locale: str | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """One sync of one source.

    ``deleted`` are (id, locale); a locale of None deletes every locale of that id, "" the variant that has
    none. Deletions come before ``entries``, so that an id in both is replaced. ``full``: what ``entries``
    does not name is removed, except what ``problems`` names by id or by origin, and ``problems`` replaces the
    listed ones; otherwise problems are added, and those of the entries now taken or deleted, or of their
    files, are cleared. A ``cursor`` of None leaves the source's as it is, except with ``full``, which forgets
    it.

    ``told`` says what ``problems`` covers, so that one listed before and not told again is over: "some" says
    nothing; "nameless": every place whose entry's id is not known; "all": every problem there is.
    """

    entries: tuple[StoredEntry, ...] = ()
    deleted: tuple[tuple[str, str | None], ...] = ()
    cursor: str | None = None
    full: bool = False
    problems: tuple[EntryProblem, ...] = ()
    told: Literal["some", "nameless", "all"] = "some"


@dataclass(frozen=True, slots=True)
class Applied:
    """What one `ContentStore.apply` did; ``epoch`` is the content's after it, ``revision`` the source's.

    ``refused`` are entries that no database can hold: they were treated as problems.
    """

    epoch: int
    revision: int
    added: int
    updated: int
    removed: int
    unchanged: int
    refused: tuple[EntryProblem, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.added or self.updated or self.removed)


@dataclass(frozen=True, slots=True)
class ContentSnapshot:
    """Every entry as of one instant, ordered by source, id, locale; never half of a sync."""

    epoch: int
    entries: tuple[StoredEntry, ...]


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """An entry as management sees it; ``digest`` changes exactly when what decisions can see of it does."""

    entry: StoredEntry
    digest: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SourceState:
    """How the sync of a source stands. ``revision`` counts its applied syncs; ``failures`` those in a row.

    ``serial`` numbers the writes to its entries. ``swept_at``: when a sweep last began. ``held_removals``: so
    many removals wait for somebody's word.
    """

    source: str
    revision: int = 0
    cursor: str | None = None
    last_ok_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    failures: int = 0
    serial: int = 0
    swept_at: datetime | None = None
    held_removals: int = 0


@dataclass(frozen=True, slots=True)
class Fence:
    """What a sync must not write over: it read its source for a while, and others wrote meanwhile.

    Whatever was written after ``serial``, the source's when the sync began, stays, and so does what was deleted
    after ``deleted_since``; the entries concerned are marked, to be fetched again. ``holders``: mark also what
    depends on the entries that changed.
    """

    serial: int
    deleted_since: datetime
    holders: bool = False


class ContentStore(Protocol):
    """Published content of every source."""

    def apply(
        self,
        source: str,
        changes: Changes,
        *,
        now: datetime,
        expected: int | None = None,
        fence: Fence | None = None,
        held_removals: int | None = None,
        swept: bool = False,
    ) -> Applied:
        """Make one sync's changes in one transaction; the epoch moves only if something really changed.

        What is removed leaves a tombstone, and every change a purge. ``held_removals`` are those that the
        caller left out of the changes until somebody confirms them; None: as before. ``swept``: the source was
        read from the beginning.

        Raises: Conflict where the source's revision is not ``expected`` (None: any), so that a slow sync
            cannot write over a newer one; ValueError, a fault of the caller's, for an entry of another
            source, or an (id, locale) named twice.
        """
        ...

    def failed(self, source: str, error: str, *, now: datetime) -> SourceState:
        """Note that a sync failed; ``error`` is shown to operators: no secrets. Entries stay."""
        ...

    def recovered(self, source: str) -> None:
        """Note that the source answers again: the failures so far are over."""
        ...

    def drop(self, source: str, *, now: datetime) -> Applied:
        """Remove a source that is no longer configured: entries, state, problems and marks. It is purged."""
        ...

    def epoch(self) -> int:
        """Moves with every real change, 0 at first: one tiny query, for polling."""
        ...

    def snapshot(self) -> ContentSnapshot: ...

    def versions(self, source: str) -> Mapping[tuple[str, str | None], str | None]:
        """The version of every entry of a source by its (id, locale): cheap, for a sync that looks for what is gone."""
        ...

    def find(self, id: str, *, source: str | None = None) -> tuple[EntryRecord, ...]:  # noqa: A002
        """Every locale, in every source or the one, ordered by source, then locale."""
        ...

    def page(
        self,
        *,
        source: str | None = None,
        type: str | None = None,  # noqa: A002
        locale: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[EntryRecord]:
        """In the order of the snapshot; ``limit`` is 1 to 1,000."""
        ...

    def state(self, source: str) -> SourceState:
        """A source that was never synced has revision 0."""
        ...

    def states(self) -> tuple[SourceState, ...]: ...

    def problems(self, source: str) -> tuple[EntryProblem, ...]:
        """Ordered by file, id, locale."""
        ...


# --- notices: what is to be looked at again

Cause: TypeAlias = Literal["notice", "link"]
"""Why something is looked at: it was announced; or what it depends on was, or it is time."""
LONGEST_WAIT = timedelta(minutes=20)
"""No mark is put off for longer: a moment further ahead says that the clock was put back."""
SYNC = ("", "")
"""The mark of a whole source that is to be synced."""
SWEEP = ("", "full")
"""The mark of a whole source that is to be read from the beginning."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a notice names: an id and locale of a source, "" for any. ``type`` is a hint, in the source's terms."""

    id: str
    locale: str = ""
    type: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Of the mark: there is one of each."""
        return self.id, self.locale


@dataclass(frozen=True, slots=True)
class Job:
    """A mark taken by one worker, with what was held when it was taken.

    Attributes:
        counter: how often it was marked; ``done``: up to where that is settled.
        cause: see `Cause`.
        noticed_at: of the first notice that is not settled.
        stage: how often it was read again after the first time.
        attempts: that failed, in a row.
        taken_at: when; what was noticed later is not seen to by it.
        lease: whose it is; of a worker that stops renewing it, another takes it over.
        serial: the source's, at that moment.
        held: version of each stored variant by locale; "" for none.
        gone: version of each variant that was deleted, by locale.
        locales: of all entries of the source, "" among them; empty where the mark names one.
    """

    source: str
    id: str
    locale: str
    type: str | None
    counter: int
    done: int
    cause: Cause
    noticed_at: datetime
    stage: int
    attempts: int
    taken_at: datetime
    lease: str
    serial: int
    held: Mapping[str, str | None]
    gone: Mapping[str, str | None]
    locales: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether it is the whole source that is to be looked at."""
        return self.id == ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker found. ``again_at``: read again then, as ``stage``; None: settled.

    ``spread``: what depends on the entry is marked, at the first look and wherever it changed.
    """

    changes: Changes = Changes()
    again_at: datetime | None = None
    stage: int = 0
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in one source.

    Attributes:
        waiting: marks that were never looked at since their last notice.
        settling: those that are read again for certainty.
        failing: those whose last attempt failed, and ``error`` of the latest.
        oldest: when the first notice of the longest waiting came.
    """

    source: str
    waiting: int = 0
    settling: int = 0
    failing: int = 0
    oldest: datetime | None = None
    error: str | None = None


class NoticeStore(Protocol):
    """Marks, and the work that they ask for."""

    def mark(self, source: str, marks: Sequence[Mark], *, now: datetime, cause: Cause = "notice") -> None:
        """Raise the counter of each, in one transaction: durable when it returns.

        Where very many wait already, the whole source is marked instead.
        """
        ...

    def claim(self, source: str, *, whole: bool, lease: str, now: datetime, until: datetime) -> Job | None:
        """Take what is due first, of entries or of the whole source; None: nothing is due."""
        ...

    def renew(self, leases: Sequence[str], *, until: datetime) -> None:
        """Keep what is still being worked on."""
        ...

    def finish(self, job: Job, outcome: Outcome, *, now: datetime) -> Applied | None:
        """Write what was found, settle the mark and put the purge in line, in one transaction.

        None where it must be looked at again, because the job is another's by now, or something wrote to the
        entry since it was taken: then nothing is written. A mark whose counter moved stays due.
        """
        ...

    def postpone(self, job: Job, error: str, *, due_at: datetime, problems: Sequence[EntryProblem] = ()) -> None:
        """The attempt failed: note why, and when to try again. What is held stays."""
        ...

    def sweep_due(self, source: str, *, before: datetime, now: datetime) -> bool:
        """Mark a sweep where the last began before then; of several callers one is told True."""
        ...

    def backlogs(self) -> tuple[Backlog, ...]:
        """Of each source in which anything waits."""
        ...


# --- purges


@dataclass(frozen=True, slots=True)
class Purge:
    """A change of content whose keys are to be purged from caches.

    Attributes:
        id: "": so much changed at once that the whole source is named.
        tags: before the change and after it.
        removed: nobody may see the old content from now on.
        noticed_at: when the notice came; None: a sync found it.
        version: of the content that was put in place.
        passes: how often it was sent already.
    """

    number: int
    source: str
    id: str
    locale: str
    tags: tuple[str, ...]
    removed: bool
    epoch: int
    noticed_at: datetime | None
    version: str | None
    created_at: datetime
    passes: int
    attempts: int


class PurgeStore(Protocol):
    """The outbox of purges."""

    def due(self, *, now: datetime, limit: int = 500) -> tuple[Purge, ...]:
        """Those to be sent now, the oldest first."""
        ...

    def sent(self, numbers: Sequence[int], *, again_at: datetime | None) -> None:
        """They were sent; ``again_at``: once more, then."""
        ...

    def failed(self, numbers: Sequence[int], error: str, *, due_at: datetime) -> None:
        """They were not; try again then."""
        ...

    def since(self, epoch: int, *, limit: int = 500) -> tuple[Purge, ...]:
        """What changed after an epoch of the content, the oldest first."""
        ...

    def waiting(self) -> int:
        """How many were never sent."""
        ...

    def lags(self) -> Mapping[str, timedelta]:
        """By source: how long the latest notice waited until what it brought was stored."""
        ...

    def prune(self, before: datetime) -> None:
        """Forget what was done, and tombstones, of before then."""
        ...
