"""Bringing content from its sources into the store: incremental, atomic, and never at the price of what is served."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from typing import Literal

from adapters.cms.port import Changes as Fetched
from adapters.cms.port import CmsError, Entry, Key, Problem, Source
from plugin.errors import Conflict, TesseraError
from plugin.ports import Applied, Changes, ContentStore, EntryProblem, StoredEntry

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Synced:
    """How the sync of one source went; `error` is None where it went well."""

    source: str
    applied: Applied | None
    problems: tuple[EntryProblem, ...]
    error: str | None = None


class Syncing:
    """Syncs the configured sources."""

    def __init__(self, sources: Mapping[str, Source], store: ContentStore, *, clock: Callable[[], datetime]) -> None:
        self.sources = dict(sources)
        self._store = store
        self._clock = clock
        self._logged: dict[str, frozenset[str]] = {}

    def sync(self, name: str) -> Synced:
        """Bring one source up to date. What fails is noted with the source, and what was there before stays."""
        source = self.sources[name]
        state = self._store.state(name)
        try:
            fetched = source.changes(state.cursor)
            changes = self._changes(name, fetched)
            applied = self._store.apply(name, changes, now=self._clock(), expected=state.revision)
        except Conflict:
            return Synced(name, None, (), "another process synced it at the same time")
        except (CmsError, TesseraError) as error:
            self._store.failed(name, str(error), now=self._clock())
            self._log_new(name, [f"the sync failed: {error}"])
            return Synced(name, None, (), str(error))
        self._log_new(name, [_sentence(problem) for problem in (*changes.problems, *applied.refused)])
        return Synced(name, applied, (*changes.problems, *applied.refused))

    def _log_new(self, name: str, sentences: Sequence[str]) -> None:
        """Log what the sync before this one did not say: a file can stay broken for days."""
        before = self._logged.get(name, frozenset())
        for sentence in sentences:
            if sentence not in before:
                _log.warning("%s: %s", name, sentence)
        self._logged[name] = frozenset(sentences)

    def sync_all(self) -> list[Synced]:
        """Every source, one after the other."""
        return [self.sync(name) for name in self.sources]

    def _changes(self, name: str, fetched: Fetched) -> Changes:
        # Also what was never stored, broken from the first: its problem goes with it.
        gone = frozenset(fetched.deleted)
        if fetched.present is not None:
            gone |= fetched.gone(Key(id_, locale) for id_, locale in self._store.keys(name))
        return Changes(
            entries=tuple(_stored_entry(name, entry) for entry in fetched.entries),
            # Of an entry without a language only that variant is gone; None would take all the others with it.
            deleted=tuple(sorted((key.id, key.locale or "") for key in gone)),
            cursor=fetched.cursor,
            problems=tuple(_problem(problem) for problem in fetched.problems),
            told=_told(fetched),
        )


def _told(fetched: Fetched) -> Literal["some", "nameless", "all"]:
    """A source that reads everything tells of all; one that lists everything, of each place that it cannot read."""
    if fetched.full:
        return "all"
    return "some" if fetched.present is None else "nameless"


def _stored_entry(source: str, entry: Entry) -> StoredEntry:
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


class SyncLoop:
    """Syncs again and again in a thread: a change in a folder is served soon without a command."""

    def __init__(self, syncing: Syncing, *, poll_s: float) -> None:
        self._syncing = syncing
        self._poll_s = poll_s
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._stop.clear()
        self._thread = Thread(target=self._run, name="tessera-sync", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after the sync that is under way."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.wait(self._poll_s):
            try:
                self._syncing.sync_all()
            except Exception:  # noqa: BLE001 - the thread must outlive what nobody foresaw
                _log.exception("a sync failed")
