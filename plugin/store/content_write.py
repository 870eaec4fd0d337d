"""Writing changed entries, with all that must be durable in the same transaction: links, tombstones, marks, purges."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from plugin.ports import Cause, Changes, EntryProblem, Fence, Mark, SourceState
from plugin.store.canonical import canonical
from plugin.store.content_marks import holders, mark
from plugin.store.content_rows import Key, fields_changed, target_of
from plugin.store.content_sync import Held, Merge, Sifted, merge, sift, spare
from plugin.store.statements import BATCH, batches, insert_into
from plugin.store.tables import content_entries as entries
from plugin.store.tables import content_head as head
from plugin.store.tables import content_links as links
from plugin.store.tables import content_problems as listed
from plugin.store.tables import content_purges as purges
from plugin.store.tables import content_sources as sources
from plugin.store.tables import content_tombstones as tombstones
from plugin.store.types import storable

MOST_PURGES = 200  # of one transaction; beyond, the whole source is purged
KEY = (entries.c.source, entries.c.id, entries.c.locale)
_SHOWN = [listed.c[name] for name in ("reason", "id", "locale", "file", "line")]
_SEEN = [entries.c[name] for name in ("id", "locale", "type", "tags", "fields", "published_at", "expires_at")]
_Columns = Mapping[Any, Any]
"""A row, by the names of its columns."""
_HELD = ("id", "locale", "digest", "version", "origin", "updated_at", "depends_on", "serial")


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it. ``doubtful`` were left as they are, and marked."""

    sifted: Sifted
    merged: Merge
    epoch: int
    doubtful: frozenset[Key]


def lock(tx: Connection, source: str) -> SourceState:
    """Hold the source's row, made if it is new, until the transaction ends."""
    tx.execute(insert_into(tx, sources).values(source=source, revision=0, failures=0).on_conflict_do_nothing())
    tx.execute(select(sources.c.source).where(sources.c.source == source).with_for_update())
    return state_of(tx, source)


def state_of(tx: Connection, source: str) -> SourceState:
    found = tx.execute(select(sources).where(sources.c.source == source)).mappings().one_or_none()
    return SourceState(source) if found is None else SourceState(**found)


def write(
    tx: Connection,
    state: SourceState,
    changes: Changes,
    *,
    now: datetime,
    fence: Fence | None = None,
    noticed_at: datetime | None = None,
) -> Written:
    """Make the changes of one source, whose row is locked. The caller notes cursor and revision."""
    sifted = sift(state.source, changes)
    held = _held(tx, state.source, sifted)
    doubtful = frozenset[Key]()
    if fence is not None:
        doubtful = _doubtful(tx, state.source, sifted, held, fence)
        sifted, held = spare(sifted, held, doubtful)
    merged = merge(sifted, held, problems_of(tx, state.source), now=now)
    touched = [*merged.added, *merged.updated, *merged.remove]
    epoch = epoch_of(tx, moved=bool(touched))
    serial = state.serial + bool(merged.write or merged.remove)
    before = _before(tx, state.source, [*merged.updated, *merged.remove])
    _bury(tx, state.source, merged.remove, serial=serial, now=now)
    _write_rows(tx, state.source, merged, serial=serial)
    # A variant that is there again has no tombstone, changed or not.
    _unbury(tx, state.source, sifted.rows)
    _write_problems(tx, state.source, merged)
    if serial != state.serial:
        tx.execute(update(sources).where(sources.c.source == state.source).values(serial=serial))
    _put_in_line(tx, state.source, merged, before, epoch=epoch, now=now, noticed_at=noticed_at)
    # Not by their language: in a mark that is a word of the source's, which may have another for it.
    marks: dict[Mark, Cause] = {Mark(id_): "notice" for id_, _ in doubtful}
    if fence is not None and fence.holders:
        marks = holders(tx, state.source, {id_ for id_, _ in touched}, but=set(sifted.rows)) | marks
    mark(tx, state.source, marks, now=now)
    return Written(sifted, merged, epoch, doubtful)


def problems_of(tx: Connection, source: str) -> Sequence[EntryProblem]:
    found = tx.execute(select(*_SHOWN).where(listed.c.source == source).order_by(listed.c.number)).mappings()
    return [EntryProblem(**row) for row in found]


def epoch_of(tx: Connection, *, moved: bool) -> int:
    bump = update(head).values(epoch=head.c.epoch + 1).returning(head.c.epoch)
    epoch: int = tx.execute(bump if moved else select(head.c.epoch)).scalar_one()
    return epoch


def _held(tx: Connection, source: str, sifted: Sifted) -> Mapping[Key, Held]:
    """What the changes could touch: all of the source if they are full, else the ids that they name."""
    wanted = select(*(entries.c[name] for name in _HELD)).where(entries.c.source == source)
    queries = [wanted]
    if not sifted.changes.full:
        named = {id_ for id_, _ in sifted.rows} | {id_ for id_, _ in sifted.changes.deleted if storable(id_)}
        queries = [wanted.where(entries.c.id.in_(some)) for some in batches(sorted(named))]
    return {(row[0], row[1]): Held(*row[2:]) for query in queries for row in tx.execute(query)}


def _doubtful(tx: Connection, source: str, sifted: Sifted, held: Mapping[Key, Held], fence: Fence) -> frozenset[Key]:
    """What others wrote or deleted while the sync was reading: nobody knows which of the two is newer."""
    written = {key for key, old in held.items() if old.serial > fence.serial}
    late = (tombstones.c.serial > fence.serial) | (tombstones.c.deleted_at > fence.deleted_since)
    wanted = select(tombstones.c.id, tombstones.c.locale).where(tombstones.c.source == source, late)
    deleted = {(id_, locale) for id_, locale in tx.execute(wanted)}
    deletions = set(sifted.changes.deleted)
    named = {key for key in held if key in deletions or (key[0], None) in deletions}
    written |= _noticed(tx, source, named, since=fence.deleted_since)
    return frozenset((written & (sifted.rows.keys() | named)) | (deleted & sifted.rows.keys()))


def _noticed(tx: Connection, source: str, keys: Set[Key], *, since: datetime) -> Set[Key]:
    """Those that a notice brought in of late: their outboxed purges tell."""
    if not keys:
        return frozenset()
    brought = purges.c.noticed_at.is_not(None) & purges.c.removed.is_(False) & (purges.c.created_at > since)
    wanted = select(purges.c.id, purges.c.locale).where(purges.c.source == source, brought)
    return {(id_, locale) for id_, locale in tx.execute(wanted)} & keys


def _before(tx: Connection, source: str, keys: Sequence[Key]) -> Mapping[Key, _Columns]:
    """What decisions see of entries, as it is before the change."""
    found: dict[Key, _Columns] = {}
    if len(keys) > MOST_PURGES:
        return found
    for some in batches(keys):
        ids = sorted({id_ for id_, _ in some})
        wanted = select(*_SEEN).where(entries.c.source == source, entries.c.id.in_(ids))
        found |= {(row["id"], row["locale"]): row for row in tx.execute(wanted).mappings()}
    return found


def _repeated(tx: Connection, source: str, ids: Collection[str]) -> Set[str]:
    """The ids that entries of other sources have too, when it is this transaction's turn to change the content."""
    found: set[str] = set()
    for some in batches(sorted(ids)):
        wanted = select(entries.c.id).where(entries.c.source != source, entries.c.id.in_(some))
        found.update(tx.execute(wanted).scalars())
    return found


def _bury(tx: Connection, source: str, keys: Sequence[Key], *, serial: int, now: datetime) -> None:
    """Leave a tombstone for each."""
    for some in batches(keys):
        ids = sorted({id_ for id_, _ in some})
        columns = [entries.c[name] for name in ("id", "locale", "type", "tags", "version")]
        found = tx.execute(select(*columns).where(entries.c.source == source, entries.c.id.in_(ids))).mappings()
        wanted = set(some)
        rows = [
            {"source": source, "serial": serial, "deleted_at": now, **row}
            for row in found
            if (row["id"], row["locale"]) in wanted
        ]
        insert = insert_into(tx, tombstones)
        fresh = {column.name: insert.excluded[column.name] for column in tombstones.c if not column.primary_key}
        key = [tombstones.c.source, tombstones.c.id, tombstones.c.locale]
        if rows:
            tx.execute(insert.on_conflict_do_update(index_elements=key, set_=fresh), rows)


def _unbury(tx: Connection, source: str, keys: Collection[Key]) -> None:
    wanted = select(tombstones.c.id, tombstones.c.locale).where(tombstones.c.source == source)
    if len(keys) <= BATCH:
        wanted = wanted.where(tombstones.c.id.in_(sorted({id_ for id_, _ in keys})))
    buried = [(id_, locale) for id_, locale in tx.execute(wanted) if (id_, locale) in keys]
    _delete(tx, tombstones, source, buried)


def _write_rows(tx: Connection, source: str, merged: Merge, *, serial: int) -> None:
    insert = insert_into(tx, entries)
    fresh = {column.name: insert.excluded[column.name] for column in entries.c if not column.primary_key}
    upsert = insert.on_conflict_do_update(index_elements=list(KEY), set_=fresh)
    added = set(merged.added)
    for rows in batches(merged.write):
        tx.execute(upsert, [{**row, "serial": serial} for row in rows])
    # Links go with their entry by themselves where it is removed.
    written = [(str(row["id"]), str(row["locale"])) for row in merged.write]
    _delete(tx, links, source, [key for key in written if key not in added])
    _delete(tx, entries, source, merged.remove)
    pairs = (
        {"source": source, "id": row["id"], "locale": row["locale"], "target": target}
        for row in merged.write
        for target in sorted(set(map(target_of, json.loads(str(row["depends_on"])))))
    )
    for some in batches(pairs):
        tx.execute(links.insert(), some)


def _delete(tx: Connection, table: Any, source: str, keys: Iterable[Key]) -> None:  # noqa: ANN401  # any table
    removal = delete(table).where(
        table.c.source == source, table.c.id == bindparam("gone"), table.c.locale == bindparam("of")
    )
    for some in batches(keys):
        tx.execute(removal, [{"gone": id_, "of": locale} for id_, locale in some])


def _write_problems(tx: Connection, source: str, merged: Merge) -> None:
    if not merged.problems_changed:
        return
    tx.execute(delete(listed).where(listed.c.source == source))
    for problems in batches(merged.problems):
        shown = ({column.name: getattr(problem, column.name) for column in _SHOWN} for problem in problems)
        tx.execute(listed.insert(), [{"source": source, **values} for values in shown])


def _put_in_line(
    tx: Connection,
    source: str,
    merged: Merge,
    before: Mapping[Key, _Columns],
    *,
    epoch: int,
    now: datetime,
    noticed_at: datetime | None,
) -> None:
    """The purges of what changed, in the outbox."""
    plain = {**_to_send(source, epoch=epoch, now=now), "noticed_at": noticed_at}
    changed = [*merged.added, *merged.updated, *merged.remove]
    if len(changed) > MOST_PURGES:
        purge_source(tx, source, epoch=epoch, now=now, removed=bool(merged.remove))
        return
    after = {(str(row["id"]), str(row["locale"])): row for row in merged.write}
    removed = set(merged.remove)
    # Of two sources' entries of one id that are alike otherwise, all that is in them decides which is the one shown.
    repeated = _repeated(tx, source, {id_ for id_, _ in merged.updated})
    rows = []
    for key in changed:
        old, row = before.get(key), after.get(key)
        there = [one for one in (old, row) if one is not None]
        tags = [tag for one in there for tag in json.loads(str(one["tags"]))]
        rows.append(
            {
                **plain,
                "id": key[0],
                "locale": key[1],
                "types": canonical(list(dict.fromkeys(str(one["type"]) for one in there))),
                "tags": canonical(list(dict.fromkeys(tags))),
                "fields": fields_changed(old, row) if old and row and key[0] not in repeated else None,
                "removed": key in removed,
                "version": row["version"] if row else None,
            }
        )
    for some in batches(rows):
        tx.execute(purges.insert(), some)


def purge_source(tx: Connection, source: str, *, epoch: int, now: datetime, removed: bool = True) -> None:
    """Put one purge in line for all that a source ever gave."""
    whole = {"id": "", "locale": "", "tags": "[]", "removed": removed, "version": None}
    tx.execute(purges.insert(), [{**_to_send(source, epoch=epoch, now=now), **whole}])


def _to_send(source: str, *, epoch: int, now: datetime) -> dict[str, object]:
    return {"source": source, "epoch": epoch, "created_at": now, "due_at": now, "passes": 0, "attempts": 0}
