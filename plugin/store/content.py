"""Published content, written one sync at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, delete, select, tuple_, update

from plugin.errors import Conflict, FieldError, ValidationFailed
from plugin.ports import (
    Applied,
    Changes,
    ContentSnapshot,
    EntryProblem,
    EntryRecord,
    Fence,
    Page,
    SourceState,
    StoredEntry,
)
from plugin.store import cursors
from plugin.store.content_rows import LONGEST_REASON, to_entry
from plugin.store.content_write import (
    KEY,
    NOTHING,
    Written,
    epoch_of,
    lock,
    problems_of,
    purge_source,
    state_of,
    write,
)
from plugin.store.engine import reading, writing
from plugin.store.statements import ByNames
from plugin.store.tables import content_dirty as dirty
from plugin.store.tables import content_entries as entries
from plugin.store.tables import content_head as head
from plugin.store.tables import content_problems as listed
from plugin.store.tables import content_sources as sources
from plugin.store.tables import content_tombstones as tombstones
from plugin.store.types import storable
from plugin.store.watch import Kept, Watch

_ENTRY = [entries.c[field.name] for field in fields(StoredEntry)]
_RECORD = [*_ENTRY, entries.c.digest, entries.c.updated_at]
_OF_ID = select(*_RECORD).where(entries.c.id == bindparam("of")).order_by(*KEY)
_WHOLE = select(*_ENTRY, entries.c.digest)
_BY_IDS = ByNames(lambda among: _WHOLE.where(among(entries.c.id)))
_STANDS = select(*KEY, entries.c.digest).order_by(*KEY)
_AT_ONCE = 1_000  # rows


class SqlContent:
    """`plugin.ports.ContentStore` in SQL.

    Writers of one source wait for each other at its row in ``content_sources``, writers of several at the row
    of ``content_head``, always in this order. Whoever reads the epoch and the entries in one transaction
    therefore sees exactly what that epoch stands for.
    """

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._epoch = Kept(watch, watch.look(select(head.c.epoch)))

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
        with writing(self._engine) as tx:
            state = lock(tx, source)
            if expected is not None and expected != state.revision:
                raise Conflict(f"Source {source!r} is at revision {state.revision}, not {expected}.")
            note = _well(state, changes, now)
            note |= {"swept_at": now} if swept else {}
            note |= {} if held_removals is None else {"held_removals": held_removals}
            written = write(tx, state, changes, now=now, fence=fence, note=note)
        return applied(written, state.revision + 1)

    def rewrite(
        self,
        source: str,
        id: str,  # noqa: A002
        change: Callable[[tuple[EntryRecord, ...]], Changes],
        *,
        now: datetime,
    ) -> tuple[EntryRecord, ...]:
        with writing(self._engine) as tx:
            state = lock(tx, source)
            held = _records(tx, _OF_ID, {"of": id}) if storable(id) else ()
            changes = change(held)
            written = write(tx, state, changes, now=now, note=_well(state, changes, now))
            if written.sifted.refused:
                raise ValidationFailed([FieldError("", problem.reason) for problem in written.sifted.refused])
        left = {one.entry.locale or "": one for one in held if one.entry.source == source}
        for _, locale in written.merged.remove:
            del left[locale]
        for row in written.merged.write:
            left[str(row["locale"])] = _record([row[column.name] for column in _RECORD])
        return tuple([left[locale] for locale in sorted(left)])

    def failed(self, source: str, error: str, *, now: datetime) -> SourceState:
        shown = (error if storable(error) else ascii(error))[:LONGEST_REASON]
        with writing(self._engine) as tx:
            lock(tx, source)
            tx.execute(
                update(sources)
                .where(sources.c.source == source)
                .values(last_error=shown, last_error_at=now, failures=sources.c.failures + 1)
            )
            return state_of(tx, source)

    def recovered(self, source: str) -> None:
        with writing(self._engine) as tx:
            tx.execute(
                update(sources)
                .where(sources.c.source == source)
                .values(last_error=None, last_error_at=None, failures=0)
            )

    def drop(self, source: str, *, now: datetime) -> Applied:
        with writing(self._engine) as tx:
            lock(tx, source)
            removed = tx.execute(delete(entries).where(entries.c.source == source)).rowcount
            for table in (listed, dirty, tombstones):
                tx.execute(delete(table).where(table.c.source == source))
            tx.execute(delete(sources).where(sources.c.source == source))
            epoch = epoch_of(tx, moved=removed > 0)
            if removed:
                purge_source(tx, source, epoch=epoch, now=now)
        return Applied(epoch=epoch, revision=0, added=0, updated=0, removed=removed, unchanged=0)

    def epoch(self) -> int:
        epoch: int = self._epoch()[0][0]
        return epoch

    def snapshot(self, before: ContentSnapshot | None = None) -> ContentSnapshot:
        with reading(self._engine) as tx:
            epoch = epoch_of(tx, moved=False)
            if before is None:
                read = [
                    (to_entry(*row), digest)
                    for part in tx.execute(_WHOLE.order_by(*KEY)).partitions(_AT_ONCE)
                    for *row, digest in part
                ]
                return ContentSnapshot(epoch, tuple([one for one, _ in read]), tuple([digest for _, digest in read]))
            known = {
                (one.source, one.id, one.locale or "", digest): one
                for one, digest in zip(before.entries, before.digests, strict=True)
            }
            # As the driver has them: it is texts alone, of all that there is.
            stands: Sequence[Any] = tx.execute(_STANDS).cursor.fetchall()
            if ids := {row[1] for row in stands if row not in known}:
                for *row, digest in _BY_IDS.execute(tx, ids):
                    one = to_entry(*row)
                    known.setdefault((one.source, one.id, one.locale or "", digest), one)
        return ContentSnapshot(epoch, tuple([known[row] for row in stands]), tuple([row[3] for row in stands]))

    def versions(self, source: str) -> Mapping[tuple[str, str | None], str | None]:
        with reading(self._engine) as tx:
            wanted = select(entries.c.id, entries.c.locale, entries.c.version).where(entries.c.source == source)
            return {(id_, locale or None): version for id_, locale, version in tx.execute(wanted)}

    def announced(self, source: str) -> Mapping[tuple[str, str | None], str]:
        wanted = select(dirty.c.id, dirty.c.locale, dirty.c.announced)
        awaited = (dirty.c.source == source) & dirty.c.announced.is_not(None) & dirty.c.overdue.is_(False)
        with reading(self._engine) as tx:
            return {(id_, locale or None): version for id_, locale, version in tx.execute(wanted.where(awaited))}

    def find(self, id: str, *, source: str | None = None) -> tuple[EntryRecord, ...]:  # noqa: A002
        if not storable(id) or not storable(source or ""):
            return ()
        wanted = _OF_ID if source is None else _OF_ID.where(entries.c.source == source)
        with reading(self._engine) as tx:
            return _records(tx, wanted, {"of": id})

    def page(
        self,
        *,
        source: str | None = None,
        type: str | None = None,  # noqa: A002
        locale: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[EntryRecord]:
        wanted = select(*_RECORD).order_by(*KEY).limit(cursors.size(limit) + 1)
        for column, value in ((entries.c.source, source), (entries.c.type, type), (entries.c.locale, locale)):
            if value is not None:
                wanted = wanted.where(column == value)
        if after is not None:
            wanted = wanted.where(tuple_(*KEY) > tuple_(*cursors.decode(after, str, str, str)))
        with reading(self._engine) as tx:
            return cursors.page(_records(tx, wanted), limit, _place)

    def state(self, source: str) -> SourceState:
        with reading(self._engine) as tx:
            return state_of(tx, source)

    def states(self) -> tuple[SourceState, ...]:
        with reading(self._engine) as tx:
            found = tx.execute(select(sources).order_by(sources.c.source)).mappings()
            return tuple(SourceState(**row) for row in found)

    def problems(self, source: str) -> tuple[EntryProblem, ...]:
        with reading(self._engine) as tx:
            found = problems_of(tx, source)
        return tuple(sorted(found, key=lambda p: (p.file or "", p.id or "", p.locale or "", p.line or 0)))


def _records(tx: Connection, wanted: Select[Any], values: Mapping[str, object] = NOTHING) -> tuple[EntryRecord, ...]:
    return tuple([_record(row) for row in tx.execute(wanted, values)])


def _record(row: Sequence[Any]) -> EntryRecord:
    *columns, digest, at = row
    return EntryRecord(to_entry(*columns), digest, at)


def _well(state: SourceState, changes: Changes, now: datetime) -> dict[str, object]:
    """What a source's row says after changes that were made of it without a fault."""
    cursor = changes.cursor if changes.full or changes.cursor is not None else state.cursor
    well = {"last_ok_at": now, "last_error": None, "last_error_at": None, "failures": 0}
    return {"revision": state.revision + 1, "cursor": cursor, **well}


def _place(record: EntryRecord) -> tuple[str, str, str]:
    return (record.entry.source, record.entry.id, record.entry.locale or "")


def applied(written: Written, revision: int) -> Applied:
    """The account of one write."""
    merged = written.merged
    return Applied(
        epoch=written.epoch,
        revision=revision,
        added=len(merged.added),
        updated=len(merged.updated),
        removed=len(merged.remove),
        unchanged=merged.unchanged,
        refused=written.sifted.refused,
    )
