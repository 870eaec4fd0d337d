"""Bringing content from its sources into the store: incremental, atomic, and never at the price of what is served."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from adapters.cms.port import Changes as Fetched
from adapters.cms.port import CmsError, Entry, Glancing, Key, Ordering, Problem, Source
from plugin.errors import Conflict, TesseraError
from plugin.ports import Applied, Changes, ContentStore, EntryProblem, Fence, StoredEntry
from plugin.service.content.versions import version_of

_log = logging.getLogger(__name__)


LEAST_HELD = 20
"""So many entries may always go at once."""
SHARE_HELD = 0.1
"""Of more than these, such a share of a source's entries goes only when somebody confirms it."""
TOMBSTONE_HOLDS = timedelta(minutes=10)
"""So long a deletion stands against a listing; a fetch of the entry decides."""


@dataclass(frozen=True, slots=True)
class Synced:
    """How the sync of one source went; `error` is None where it went well.

    `held` removals wait for a confirmation; everything else was applied. `retry_after` is in seconds, where the
    source said so.
    """

    source: str
    applied: Applied | None
    problems: tuple[EntryProblem, ...]
    error: str | None = None
    held: int = 0
    retry_after: float | None = None


class Syncing:
    """Syncs the configured sources."""

    def __init__(self, sources: Mapping[str, Source], store: ContentStore, *, clock: Callable[[], datetime]) -> None:
        self.sources = dict(sources)
        self._store = store
        self._clock = clock
        self._logged: dict[str, frozenset[str]] = {}

    def sync(self, name: str, *, full: bool = False, confirm_removals: bool = False) -> Synced:
        """Bring one source up to date. What fails is noted with the source, and what was there before stays.

        Args:
            full: read everything, whatever was read before.
            confirm_removals: remove also what looks like an accident: more than 20 entries and more than a tenth, or
                everything, for the source's list is empty.
        """
        source = self.sources[name]
        # Read in this order: what is written from here on has a later serial, and stays as it is.
        state = self._store.state(name)
        versions = {Key(*key): version for key, version in self._store.versions(name).items()}
        try:
            fetched = source.changes(None if full else state.cursor)
            now = self._clock()
            gone = _gone(fetched, versions)
            held = 0 if confirm_removals else _too_many(fetched, gone, versions)
            fenced = _fenced(fetched, versions, self._store.announced(name), source.spec.ordering)
            changes = _changes(name, fenced, () if held else gone)
            applied = self._store.apply(
                name,
                replace(changes, cursor=None) if held else changes,  # so that it is asked for again
                now=now,
                expected=state.revision,
                fence=Fence(state.serial, now - TOMBSTONE_HOLDS, holders=not fetched.full),
                held_removals=held if held or fetched.present is not None else None,
                swept=fetched.full,
            )
        except Conflict:
            return Synced(name, None, (), "another process synced it at the same time")
        except (CmsError, TesseraError) as error:
            self._store.failed(name, str(error), now=self._clock())
            self._log_new(name, [f"the sync failed: {error}"])
            return Synced(name, None, (), str(error), retry_after=getattr(error, "retry_after", None))
        said = [_sentence(problem) for problem in (*changes.problems, *applied.refused)]
        self._log_new(name, [*said, *([removals_held(name, held)] if held else [])])
        return Synced(name, applied, (*changes.problems, *applied.refused), held=held)

    def _log_new(self, name: str, sentences: Sequence[str]) -> None:
        """Log what the sync before this one did not say: a file can stay broken for days."""
        before = self._logged.get(name, frozenset())
        for sentence in sentences:
            if sentence not in before:
                _log.warning("%s: %s", name, sentence)
        self._logged[name] = frozenset(sentences)

    def glance(self, name: str) -> object | None:
        """Equal ones: nothing changed in a source in between, as far as a look tells. None: sync it to see."""
        source = self.sources[name]
        try:
            return source.glance() if isinstance(source, Glancing) else None
        except CmsError:
            return None  # a sync says what is wrong with it


def removals_held(name: str, held: int) -> str:
    """What to say of removals that wait."""
    return (
        f"{held} {'entry is' if held == 1 else 'entries are'} gone from the source, all or more than a tenth of them: "
        "they stay until somebody confirms it with "
        f"'tessera cms sync {name} --confirm-removals'"
    )


def _gone(fetched: Fetched, stored: Mapping[Key, object]) -> tuple[Key, ...]:
    # Also what was never stored, broken from the first: its problem goes with it.
    gone = frozenset(fetched.deleted)
    if fetched.present is not None:
        gone |= fetched.gone(stored)
    return tuple(sorted(gone, key=lambda key: (key.id, key.locale or "")))


def _too_many(fetched: Fetched, gone: Sequence[Key], stored: Mapping[Key, object]) -> int:
    """How many entries would lose a variant, where that are too many to go without a word; else 0."""
    losing = {key.id for key in gone if key in stored}
    if fetched.present is not None and not fetched.present and not fetched.entries:
        return len(losing)  # far more often a fault than a wish, however few there were
    limit = max(LEAST_HELD, SHARE_HELD * len({key.id for key in stored}))
    return len(losing) if len(losing) > limit else 0


def _fenced(
    fetched: Fetched,
    versions: Mapping[Key, str | None],
    announced: Mapping[tuple[str, str | None], str],
    ordering: Ordering,
) -> Fetched:
    """Without what is certainly older than what is stored, or was announced of what is not: a listing can lag."""

    def is_old(entry: Entry) -> bool:
        if entry.key in versions:
            return ordering.older(entry, version_of(versions[entry.key], ordering))
        said = (announced.get(key) for key in dict.fromkeys([(entry.id, None), (entry.id, entry.locale)]))
        return any(ordering.older(entry, version_of(one, ordering)) for one in said)

    entries = tuple(entry for entry in fetched.entries if not is_old(entry))
    return fetched if len(entries) == len(fetched.entries) else replace(fetched, entries=entries)


def _changes(name: str, fetched: Fetched, gone: Sequence[Key]) -> Changes:
    return Changes(
        entries=tuple(stored_entry(name, entry) for entry in fetched.entries),
        # Of an entry without a language only that variant is gone; None would take all the others with it.
        deleted=tuple((key.id, key.locale or "") for key in gone),
        cursor=fetched.cursor,
        problems=tuple(_problem(problem) for problem in fetched.problems),
        told=_told(fetched),
    )


def _told(fetched: Fetched) -> Literal["some", "nameless", "all"]:
    """A source that reads everything tells of all; one that lists everything, of each place that it cannot read."""
    if fetched.full:
        return "all"
    return "some" if fetched.present is None else "nameless"


def stored_entry(source: str, entry: Entry) -> StoredEntry:
    """An entry as the store keeps it."""
    version = entry.version.isoformat() if isinstance(entry.version, datetime) else entry.version
    return StoredEntry(
        source=source,
        id=entry.id,
        locale=entry.locale,
        type=entry.type,
        tags=tuple(entry.tags),
        fields=dict(entry.fields),
        published_at=entry.published_at,
        version=None if version is None else str(version),
        links=tuple(dict.fromkeys(link.target for link in entry.links if link.kind == "entry")),
        expires_at=entry.expires_at,
        depends_on=tuple(sorted({link.depends_on for link in entry.links if link.depends_on})),
    )


def _sentence(problem: EntryProblem) -> str:
    place = problem.file or problem.id or "an entry"
    return f"{place}:{problem.line}: {problem.reason}" if problem.line is not None else f"{place}: {problem.reason}"


def _problem(problem: Problem) -> EntryProblem:
    place, _colon, line = problem.where.rpartition(":")
    has_line = bool(place) and line.isdigit()
    return EntryProblem(
        reason=problem.reason,
        id=problem.key.id if problem.key is not None else None,
        locale=problem.key.locale if problem.key is not None else None,
        file=place if has_line else problem.where,
        line=int(line) if has_line else None,
    )
