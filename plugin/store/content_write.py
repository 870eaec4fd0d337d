"""Writing changed entries, with all that must be durable in the same transaction: links, tombstones, marks, purges."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from plugin.ports import Cause, Changes, EntryProblem, Fence, Mark, SourceState
from plugin.store.canonical import canonical
from plugin.store.content_marks import holders, mark
from plugin.store.content_rows import Key, fields_changed, target_of
from plugin.store.content_sync import Held, Merge, Sifted, merge, sift, spare
from plugin.store.statements import BATCH, batches, insert_into, replace_in
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
NOTHING: Mapping[str, object] = MappingProxyType({})
NO_LINKS = "[]"
_SHOWN = [listed.c[name] for name in ("reason", "id", "locale", "file", "line")]
_SEEN = [entries.c[name] for name in ("id", "locale", "type", "tags", "fields", "published_at", "expires_at")]
_Columns = Mapping[Any, Any]
"""A row, by the names of its columns."""
_HELD = [
    entries.c[name] for name in ("id", "locale", "digest", "version", "origin", "updated_at", "depends_on", "serial")
]
# Made once: each change asks them, and to make a statement takes as long as to run it.
_STATE = select(sources).where(sources.c.source == bindparam("of"))
_LOCKED = _STATE.with_for_update()
_EPOCH = select(head.c.epoch)
_MOVED = update(head).values(epoch=head.c.epoch + 1).returning(head.c.epoch)
_LISTED = select(*_SHOWN).where(listed.c.source == bindparam("of")).order_by(listed.c.number)
_AMONG = (entries.c.source == bindparam("of")) & entries.c.id.in_(bindparam("ids", expanding=True))
_HELD_AMONG = select(*_HELD).where(_AMONG)
_SEEN_AMONG = select(*_SEEN).where(_AMONG)
_ALL_AMONG = select(*dict.fromkeys([*_HELD, *_SEEN])).where(_AMONG)
_OTHERS_AMONG = select(entries.c.id).where(
    entries.c.source != bindparam("of"), entries.c.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it. ``doubtful`` were left as they are, and marked."""

    sifted: Sifted
    merged: Merge
    epoch: int
    doubtful: frozenset[Key]


def lock(tx: Connection, source: str) -> SourceState:
    """Hold the source's row, made if it is new, until the transaction ends."""
    found = tx.execute(_LOCKED, {"of": source}).mappings().one_or_none()
    if found is None:
        tx.execute(insert_into(tx, sources).values(source=source, revision=0, failures=0).on_conflict_do_nothing())
        found = tx.execute(_LOCKED, {"of": source}).mappings().one()
    return SourceState(**found)


def state_of(tx: Connection, source: str) -> SourceState:
    found = tx.execute(_STATE, {"of": source}).mappings().one_or_none()
    return SourceState(source) if found is None else SourceState(**found)


def write(
    tx: Connection,
    state: SourceState,
    changes: Changes,
    *,
    now: datetime,
    fence: Fence | None = None,
    noticed_at: datetime | None = None,
    note: Mapping[str, object] = NOTHING,
) -> Written:
    """Make the changes of one source, whose row is locked.

    Args:
        note: what the source's row says from now on, by column.
    """
    sifted = sift(state.source, changes)
    held, seen = _held(tx, state.source, sifted)
    doubtful = frozenset[Key]()
    if fence is not None:
        doubtful = _doubtful(tx, state.source, sifted, held, fence)
        sifted, held = spare(sifted, held, doubtful)
    merged = merge(sifted, held, problems_of(tx, state.source), now=now)
    touched = [*merged.added, *merged.updated, *merged.remove]
    epoch = epoch_of(tx, moved=bool(touched))
    serial = state.serial + bool(merged.write or merged.remove)
    before = _before(tx, state.source, [*merged.updated, *merged.remove]) if seen is None else seen
    _bury(tx, state.source, merged.remove, serial=serial, now=now)
    _write_rows(tx, state.source, merged, held, serial=serial)
    # A variant that is there again has no tombstone; one that was there had none.
    _unbury(tx, state.source, frozenset(merged.added))
    _write_problems(tx, state.source, merged)
    if serial != state.serial:
        note = {**note, "serial": serial}
    if note:
        tx.execute(update(sources).where(sources.c.source == state.source).values(note))
    _put_in_line(tx, state.source, merged, before, epoch=epoch, now=now, noticed_at=noticed_at)
    # Not by their language: in a mark that is a word of the source's, which may have another for it.
    marks: dict[Mark, Cause] = {Mark(id_): "notice" for id_, _ in doubtful}
    if fence is not None and fence.holders:
        marks = holders(tx, state.source, {id_ for id_, _ in touched}, but=set(sifted.rows)) | marks
    mark(tx, state.source, marks, now=now)
    return Written(sifted, merged, epoch, doubtful)


def problems_of(tx: Connection, source: str) -> Sequence[EntryProblem]:
    return [EntryProblem(**row) for row in tx.execute(_LISTED, {"of": source}).mappings()]


def epoch_of(tx: Connection, *, moved: bool) -> int:
    epoch: int = tx.execute(_MOVED if moved else _EPOCH).scalar_one()
    return epoch


def _held(tx: Connection, source: str, sifted: Sifted) -> tuple[Mapping[Key, Held], Mapping[Key, _Columns] | None]:
    """What the changes could touch: all of the source if they are full, else the ids that they name; and of few of
    these what decisions see of them."""
    if sifted.changes.full:
        rows = tx.execute(select(*_HELD).where(entries.c.source == source))
        return {(row[0], row[1]): Held(*row[2:]) for row in rows}, None
    named = sorted({id_ for id_, _ in sifted.rows} | {id_ for id_, _ in sifted.changes.deleted if storable(id_)})
    few = len(named) <= MOST_PURGES
    found = [
        row
        for some in batches(named)
        for row in tx.execute(_ALL_AMONG if few else _HELD_AMONG, {"of": source, "ids": some})
    ]
    held = {(row[0], row[1]): Held(*row[2 : len(_HELD)]) for row in found}
    return held, {(row[0], row[1]): row._mapping for row in found} if few else None


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
        rows = tx.execute(_SEEN_AMONG, {"of": source, "ids": sorted({id_ for id_, _ in some})})
        found |= {(row["id"], row["locale"]): row for row in rows.mappings()}
    return found


def _repeated(tx: Connection, source: str, ids: Collection[str]) -> Set[str]:
    """The ids that entries of other sources have too, when it is this transaction's turn to change the content."""
    found: set[str] = set()
    for some in batches(sorted(ids)):
        found.update(tx.execute(_OTHERS_AMONG, {"of": source, "ids": some}).scalars())
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
        if rows:
            tx.execute(replace_in(tx, tombstones), rows)


def _unbury(tx: Connection, source: str, keys: Set[Key]) -> None:
    if not keys:
        return
    wanted = select(tombstones.c.id, tombstones.c.locale).where(tombstones.c.source == source)
    if len(keys) <= BATCH:
        wanted = wanted.where(tombstones.c.id.in_(sorted({id_ for id_, _ in keys})))
    buried = [(id_, locale) for id_, locale in tx.execute(wanted) if (id_, locale) in keys]
    _delete(tx, tombstones, source, buried)


def _write_rows(tx: Connection, source: str, merged: Merge, held: Mapping[Key, Held], *, serial: int) -> None:
    for rows in batches(merged.write):
        tx.execute(replace_in(tx, entries), [{**row, "serial": serial} for row in rows])
    # Links go with their entry by themselves where it is removed.
    linked = {(str(row["id"]), str(row["locale"])): str(row["depends_on"]) for row in merged.write}
    linked = {key: of for key, of in linked.items() if of != (held[key].depends_on if key in held else NO_LINKS)}
    _delete(tx, links, source, [key for key in linked if key in held and held[key].depends_on != NO_LINKS])
    _delete(tx, entries, source, merged.remove)
    pairs = (
        {"source": source, "id": id_, "locale": locale, "target": target}
        for (id_, locale), of in linked.items()
        for target in sorted(set(map(target_of, json.loads(of))))
    )
    for some in batches(pairs):
        tx.execute(links.insert(), some)


def _delete(tx: Connection, table: Any, source: str, keys: Iterable[Key]) -> None:  # noqa: ANN401  # any table
    for some in batches(keys):
        tx.execute(_removal(table), [{"source": source, "gone": id_, "of": locale} for id_, locale in some])


@cache
def _removal(table: Any) -> Any:  # noqa: ANN401  # any table
    key = {"source": table.c.source, "gone": table.c.id, "of": table.c.locale}
    return delete(table).where(*(column == bindparam(name) for name, column in key.items()))


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
