"""New names of sources, by a new key: `plugin.ports.Rekeying` in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection, Engine, bindparam, delete, literal, select, tuple_, update

from plugin.ports import ErasureFence, Moving, Page
from plugin.store import cursors
from plugin.store.engine import glancing, writing
from plugin.store.events_leases import write_among_others
from plugin.store.privacy import put_fences
from plugin.store.segments import tick_by
from plugin.store.statements import among
from plugin.store.visitor_tables import (
    audit_log,
    dead_letters,
    events,
    segment_log,
    segment_members,
    visitor_links,
    visitors,
)
from plugin.store.visitor_tables import erasure_fences as fences
from plugin.store.visitor_tables import visitor_ticks as ticks
from plugin.store.visitors_rows import SqlGroups, put_in_line

_TABLES = (visitors, segment_members, fences, dead_letters, segment_log, events, audit_log)
_PLAIN = (dead_letters, segment_log, events, audit_log)  # in which a source may come any number of times


class SqlMoving(SqlGroups):
    """`plugin.ports.Moving` over one transaction."""

    def move(self, names: Mapping[str, str], *, key_version: int) -> None:
        pairs = [{"old": old, "new": new} for old, new in sorted(names.items()) if old != new]
        if not pairs:
            return
        tx, olds = self._tx, [pair["old"] for pair in pairs]
        versions = _versions(tx, [*olds, *names.values()])
        both = [pair["old"] for pair in pairs if pair["new"] in versions]
        tx.execute(delete(visitors).where(among(tx, visitors.c.source, both)))
        inside = select(segment_members.c.segment).where(segment_members.c.source == bindparam("new"))
        doubled = segment_members.c.source == bindparam("old"), segment_members.c.segment.in_(inside)
        tx.execute(delete(segment_members).where(*doubled), pairs)
        for table in (visitors, segment_members, *_PLAIN):
            renamed = update(table).where(table.c.source == bindparam("old"))
            tx.execute(renamed.values(source=bindparam("new"), key_version=key_version), pairs)
        for column in (visitors.c.person, visitor_links.c.source, visitor_links.c.known):
            renamed = update(column.table).where(column == bindparam("old"))
            tx.execute(renamed.values({column.name: bindparam("new")}), pairs)
        _move_ticks(tx, names, olds)
        _move_fences(tx, names, olds, key_version)
        put_in_line(tx, {old: versions[old] + 1 for old in olds if old in versions})
        put_in_line(tx, _versions(tx, list(names.values())))


class SqlRekeying:
    """`plugin.ports.Rekeying` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def stale(self, key_version: int, *, after: str | None = None, limit: int = 200) -> Page[tuple[str, int]]:
        """Table by table, in the order of its key: a cursor is the table's number, and the key it had come to."""
        place, came_to = _decoded(after) if after is not None else (0, ())
        table = _TABLES[place]
        key = list(table.primary_key.columns)
        wanted = select(table.c.source, table.c.key_version, *key).order_by(*key).limit(cursors.size(limit))
        if came_to:
            wanted = wanted.where(tuple_(*key) > tuple_(*map(literal, came_to, [column.type for column in key])))
        with glancing(self._engine) as tx:
            found = tx.execute(wanted).all()
        older = {row[0]: row[1] for row in found if row[0] is not None and row[1] < key_version}
        if len(found) == limit:
            return Page(tuple(older.items()), cursors.encode([str(place), *map(str, found[-1][2:])]))
        following = None if table is _TABLES[-1] else cursors.encode([str(place + 1)])
        return Page(tuple(older.items()), following)

    @contextmanager
    def begin(self) -> Iterator[Moving]:
        with writing(self._engine) as tx:
            write_among_others(tx)
            yield SqlMoving(tx)


def _decoded(cursor: str) -> tuple[int, tuple[str | int, ...]]:
    place, texts = cursors.step(cursor, len(_TABLES))
    key = list(_TABLES[place].primary_key.columns)
    if texts and len(texts) != len(key):
        raise cursors.refused()
    numbers = [column.type.python_type is int for column in key]
    return place, tuple(cursors.big(text) if number else text for text, number in zip(texts, numbers, strict=False))


def _versions(tx: Connection, sources: Sequence[str]) -> dict[str, int]:
    wanted = select(visitors.c.source, visitors.c.version).where(among(tx, visitors.c.source, sources))
    return {source: version for source, version in tx.execute(wanted)}  # noqa: C416  # a row is no pair to mypy


def _move_ticks(tx: Connection, names: Mapping[str, str], olds: Sequence[str]) -> None:
    theirs = among(tx, ticks.c.source, olds)
    due = {names[source]: at for source, at in tx.execute(select(ticks.c.source, ticks.c.due).where(theirs))}
    tx.execute(delete(ticks).where(theirs))
    tick_by(tx, due)


def _move_fences(tx: Connection, names: Mapping[str, str], olds: Sequence[str], key_version: int) -> None:
    theirs = among(tx, fences.c.source, olds)
    found = [ErasureFence(**row) for row in tx.execute(select(fences).where(theirs)).mappings()]
    tx.execute(delete(fences).where(theirs))
    put_fences(tx, [replace(one, source=names[one.source], key_version=key_version) for one in found])
