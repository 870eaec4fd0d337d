"""Published content, written one sync at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Select, bindparam, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from plugin.errors import Conflict
from plugin.ports import Applied, Changes, ContentSnapshot, EntryProblem, EntryRecord, Page, SourceState
from plugin.store import cursors
from plugin.store.content_rows import LONGEST_REASON, Key, to_entry, to_record
from plugin.store.content_sync import Held, Merge, Sifted, merge, sift
from plugin.store.engine import glancing, reading, writing
from plugin.store.tables import content_entries as entries
from plugin.store.tables import content_head as head
from plugin.store.tables import content_problems as listed
from plugin.store.tables import content_sources as sources
from plugin.store.types import storable

_BATCH = 500  # rows of one statement; SQLite's oldest limit is 999 parameters
_KEY = (entries.c.source, entries.c.id, entries.c.locale)
_SHOWN = [listed.c[name] for name in ("reason", "id", "locale", "file", "line")]

Item = TypeVar("Item")


class SqlContent:
    """`plugin.ports.ContentStore` in SQL.

    Writers of one source wait for each other at its row in ``content_sources``, writers of several at the row
    of ``content_head``, always in this order. Whoever reads the epoch and the entries in one transaction
    therefore sees exactly what that epoch stands for.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def apply(self, source: str, changes: Changes, *, now: datetime, expected: int | None = None) -> Applied:
        sifted = sift(source, changes)
        with writing(self._engine) as tx:
            state = _lock(tx, source)
            if expected is not None and expected != state.revision:
                raise Conflict(f"Source {source!r} is at revision {state.revision}, not {expected}.")
            merged = merge(sifted, _held(tx, source, sifted), _problems(tx, source), now=now)
            _write(tx, source, merged)
            cursor = changes.cursor if changes.full or changes.cursor is not None else state.cursor
            revision = state.revision + 1
            tx.execute(
                update(sources)
                .where(sources.c.source == source)
                .values(revision=revision, cursor=cursor, last_ok_at=now)
                .values(last_error=None, last_error_at=None, failures=0)
            )
            epoch = _epoch(tx, moved=bool(merged.added or merged.updated or merged.remove))
        return Applied(
            epoch=epoch,
            revision=revision,
            added=merged.added,
            updated=merged.updated,
            removed=len(merged.remove),
            unchanged=merged.unchanged,
            refused=sifted.refused,
        )

    def failed(self, source: str, error: str, *, now: datetime) -> SourceState:
        shown = (error if storable(error) else ascii(error))[:LONGEST_REASON]
        with writing(self._engine) as tx:
            _lock(tx, source)
            tx.execute(
                update(sources)
                .where(sources.c.source == source)
                .values(last_error=shown, last_error_at=now, failures=sources.c.failures + 1)
            )
            return _state(tx, source)

    def drop(self, source: str) -> Applied:
        with writing(self._engine) as tx:
            _lock(tx, source)
            removed = tx.execute(delete(entries).where(entries.c.source == source)).rowcount
            tx.execute(delete(listed).where(listed.c.source == source))
            tx.execute(delete(sources).where(sources.c.source == source))
            epoch = _epoch(tx, moved=removed > 0)
        return Applied(epoch=epoch, revision=0, added=0, updated=0, removed=removed, unchanged=0)

    def epoch(self) -> int:
        with glancing(self._engine) as tx:
            return _epoch(tx, moved=False)

    def snapshot(self) -> ContentSnapshot:
        with reading(self._engine) as tx:
            epoch = _epoch(tx, moved=False)
            found = tx.execute(select(entries).order_by(*_KEY))
            return ContentSnapshot(epoch, tuple(map(to_entry, found)))

    def keys(self, source: str) -> frozenset[tuple[str, str | None]]:
        with reading(self._engine) as tx:
            found = tx.execute(select(entries.c.id, entries.c.locale).where(entries.c.source == source))
            return frozenset((id_, locale or None) for id_, locale in found)

    def find(self, id: str, *, source: str | None = None) -> tuple[EntryRecord, ...]:  # noqa: A002
        if not storable(id) or not storable(source or ""):
            return ()
        wanted = select(entries).where(entries.c.id == id).order_by(*_KEY)
        return self._records(wanted if source is None else wanted.where(entries.c.source == source))

    def page(
        self,
        *,
        source: str | None = None,
        type: str | None = None,  # noqa: A002
        locale: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[EntryRecord]:
        wanted = select(entries).order_by(*_KEY).limit(cursors.size(limit) + 1)
        for column, value in ((entries.c.source, source), (entries.c.type, type), (entries.c.locale, locale)):
            if value is not None:
                wanted = wanted.where(column == value)
        if after is not None:
            wanted = wanted.where(tuple_(*_KEY) > tuple_(*cursors.decode(after, str, str, str)))
        return cursors.page(self._records(wanted), limit, _place)

    def state(self, source: str) -> SourceState:
        with reading(self._engine) as tx:
            return _state(tx, source)

    def states(self) -> tuple[SourceState, ...]:
        with reading(self._engine) as tx:
            found = tx.execute(select(sources).order_by(sources.c.source)).mappings()
            return tuple(SourceState(**row) for row in found)

    def problems(self, source: str) -> tuple[EntryProblem, ...]:
        with reading(self._engine) as tx:
            found = _problems(tx, source)
        return tuple(sorted(found, key=lambda p: (p.file or "", p.id or "", p.locale or "", p.line or 0)))

    def _records(self, wanted: Select[Any]) -> tuple[EntryRecord, ...]:
        with reading(self._engine) as tx:
            return tuple(map(to_record, tx.execute(wanted)))


def _place(record: EntryRecord) -> tuple[str, str, str]:
    return (record.entry.source, record.entry.id, record.entry.locale or "")


def _lock(tx: Connection, source: str) -> SourceState:
    """Hold the source's row, made if it is new, until the transaction ends."""
    insert = _insert(tx, sources).values(source=source, revision=0, failures=0)
    tx.execute(insert.on_conflict_do_nothing())
    tx.execute(select(sources.c.source).where(sources.c.source == source).with_for_update())
    return _state(tx, source)


def _state(tx: Connection, source: str) -> SourceState:
    found = tx.execute(select(sources).where(sources.c.source == source)).mappings().one_or_none()
    return SourceState(source) if found is None else SourceState(**found)


def _held(tx: Connection, source: str, sifted: Sifted) -> Mapping[Key, Held]:
    """What the sync could touch: all of the source if it is full, else the ids that it names."""
    shown = [entries.c[name] for name in ("id", "locale", "digest", "version", "origin", "updated_at")]
    wanted = select(*shown).where(entries.c.source == source)
    queries = [wanted]
    if not sifted.changes.full:
        named = {id_ for id_, _ in sifted.rows} | {id_ for id_, _ in sifted.changes.deleted if storable(id_)}
        queries = [wanted.where(entries.c.id.in_(some)) for some in _batches(sorted(named))]
    return {(row[0], row[1]): Held(*row[2:]) for query in queries for row in tx.execute(query)}


def _problems(tx: Connection, source: str) -> Sequence[EntryProblem]:
    found = tx.execute(select(*_SHOWN).where(listed.c.source == source).order_by(listed.c.number)).mappings()
    return [EntryProblem(**row) for row in found]


def _write(tx: Connection, source: str, merged: Merge) -> None:
    insert = _insert(tx, entries)
    fresh = {column.name: insert.excluded[column.name] for column in entries.c if not column.primary_key}
    upsert = insert.on_conflict_do_update(index_elements=list(_KEY), set_=fresh)
    for rows in _batches(merged.write):
        tx.execute(upsert, rows)
    removal = delete(entries).where(
        entries.c.source == source, entries.c.id == bindparam("gone"), entries.c.locale == bindparam("of")
    )
    for keys in _batches(merged.remove):
        tx.execute(removal, [{"gone": id_, "of": locale} for id_, locale in keys])
    tx.execute(delete(listed).where(listed.c.source == source))
    for problems in _batches(merged.problems):
        shown = ({column.name: getattr(problem, column.name) for column in _SHOWN} for problem in problems)
        tx.execute(listed.insert(), [{"source": source, **values} for values in shown])


def _epoch(tx: Connection, *, moved: bool) -> int:
    bump = update(head).values(epoch=head.c.epoch + 1).returning(head.c.epoch)
    epoch: int = tx.execute(bump if moved else select(head.c.epoch)).scalar_one()
    return epoch


def _insert(tx: Connection, table: Any) -> Any:  # noqa: ANN401  # alike in both dialects, with no common type
    return (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(table)


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch
