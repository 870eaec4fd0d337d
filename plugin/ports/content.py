"""The port of published content, of every source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from plugin.ports.pages import JSON, Page


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
    """Every entry as of one instant, ordered by source, id, locale; never half of a sync.

    ``digests`` has that of each entry in the same order; see `EntryRecord`.
    """

    epoch: int
    entries: tuple[StoredEntry, ...]
    digests: tuple[str, ...] = field(default=(), repr=False)


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

    def rewrite(
        self,
        source: str,
        id: str,  # noqa: A002
        change: Callable[[tuple[EntryRecord, ...]], Changes],
        *,
        now: datetime,
    ) -> tuple[EntryRecord, ...]:
        """Change a source's entry of this id, in one transaction with the look at what is held; what came of it.

        ``change`` is given the id's records of every source, as of `find`, and gives changes of this id alone. While it
        runs, nobody else changes the source. What it raises undoes everything.

        Raises: ValidationFailed for what no database can hold, and nothing is changed then.
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

    def snapshot(self, before: ContentSnapshot | None = None) -> ContentSnapshot:
        """All entries. Those that decisions see as they were in ``before`` are its objects, and are not read again."""
        ...

    def versions(self, source: str) -> Mapping[tuple[str, str | None], str | None]:
        """The version of every entry of a source by its (id, locale): cheap, for a sync that looks for what is gone."""
        ...

    def announced(self, source: str) -> Mapping[tuple[str, str | None], str]:
        """The versions that notices announced and that are still to be seen, by (id, locale), None for any locale."""
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
