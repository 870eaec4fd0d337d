"""What the services ask of the stores: Protocols, and the frozen values that pass through them.

Every instant is timezone-aware UTC and is handed in by the caller. Failures are of `plugin.errors`:
``NotFound``, ``Conflict``, ``PreconditionFailed``, ``ValidationFailed`` (text that no database can hold, a
cursor that was not given out by the store), and ``ServiceUnavailable`` where the database cannot be reached,
is locked for longer than its time-out, or cancels the statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    """How the sync of a source stands. ``revision`` counts its applied syncs; ``failures`` those in a row."""

    source: str
    revision: int = 0
    cursor: str | None = None
    last_ok_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    failures: int = 0


class ContentStore(Protocol):
    """Published content of every source."""

    def apply(self, source: str, changes: Changes, *, now: datetime, expected: int | None = None) -> Applied:
        """Make one sync's changes in one transaction; the epoch moves only if something really changed.

        Raises: Conflict where the source's revision is not ``expected`` (None: any), so that a slow sync
            cannot write over a newer one; ValueError, a fault of the caller's, for an entry of another
            source, or an (id, locale) named twice.
        """
        ...

    def failed(self, source: str, error: str, *, now: datetime) -> SourceState:
        """Note that a sync failed; ``error`` is shown to operators: no secrets. Entries stay."""
        ...

    def drop(self, source: str) -> Applied:
        """Remove a source that is no longer configured: entries, state and problems."""
        ...

    def epoch(self) -> int:
        """Moves with every real change, 0 at first: one tiny query, for polling."""
        ...

    def snapshot(self) -> ContentSnapshot: ...

    def keys(self, source: str) -> frozenset[tuple[str, str | None]]:
        """The (id, locale) of every entry of a source: cheap, for a sync that looks for what is gone."""
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
