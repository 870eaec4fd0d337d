"""Rows of visitors within one transaction: `plugin.ports.Groups` in SQL."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, exc, or_, select, update

from plugin.errors import Conflict, ServiceUnavailable
from plugin.ports import Change, Membership, VisitorRow
from plugin.store import segments_write
from plugin.store.many import Many
from plugin.store.statements import ByNames, among, upsert
from plugin.store.visitor_tables import DAY, visitors
from plugin.store.visitor_tables import erasure_fences as fences
from plugin.store.visitor_tables import hot_outbox as outbox
from plugin.store.visitor_tables import visitor_ticks as ticks

_PLAIN = ("source", "key_version", "uid", "known", "person", "version", "state", "window", "hot", "created", "seen")
NAMES = (*_PLAIN, "reserved")
COLUMNS = [visitors.c[name] for name in NAMES]
_VALUES = attrgetter(*NAMES)
_WRITTEN = ("uid", "known", "person", "seen", "hot", "state", "window", "reserved")
_WRITTEN_VALUES = attrgetter("source", "version", *_WRITTEN)
_ROUNDS = 20  # of locking, while groups change

_INSERT = Many((*NAMES, "day"), lambda insert: insert(visitors))
_UPDATE = Many(
    ("of_source", "of_version", *(f"new_{name}" for name in (*_WRITTEN, "version", "day"))),
    lambda _insert: (
        update(visitors)
        .where(visitors.c.source == bindparam("of_source"), visitors.c.version == bindparam("of_version"))
        .values({name: bindparam(f"new_{name}") for name in (*_WRITTEN, "version", "day")})
    ),
)
_TICK = Many(("source", "due", "bucket"), lambda insert: upsert(insert(ticks), "due"))
_FENCES = ByNames(lambda among: select(fences.c.source, fences.c.at).where(among(fences.c.source)))
_NOT_DUE = ByNames(lambda among: delete(ticks).where(among(ticks.c.source)))
_GROUPED = ByNames(lambda among: _in_groups(among(visitors.c.source)))
_GROUPED_LOCKED = ByNames(lambda among: _in_groups(among(visitors.c.source)).with_for_update())
_IN_LINE = Many(
    ("source", "version"),
    lambda insert: upsert(insert(outbox), "version", only=lambda fresh: outbox.c.version < fresh.version),
)


class SqlGroups:
    """`plugin.ports.Groups` over one transaction, which its maker ends."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx

    def fences(self, sources: Collection[str]) -> Mapping[str, int]:
        return {source: at for source, at in _FENCES.execute(self._tx, sources)}  # noqa: C416  # a row is no pair to mypy

    def groups(self, sources: Collection[str]) -> tuple[VisitorRow, ...]:
        if self._tx.dialect.name != "postgresql":  # the one writer there is
            return grouped(self._tx, sources)
        for _ in range(_ROUNDS):
            savepoint = self._tx.begin_nested()
            rows = grouped(self._tx, sources, lock=True)
            if _closed(self._tx, sources, rows):
                savepoint.commit()
                return rows
            savepoint.rollback()  # gives the locks back, so that they are taken in order again
        raise ServiceUnavailable("Visitors are being linked just now.", retry_after_s=1)

    def save(self, rows: Sequence[VisitorRow]) -> Mapping[str, int]:
        new = [row for row in rows if row.version == 0]
        old = [row for row in rows if row.version != 0]
        versions = {row.source: row.version + 1 for row in old} | {row.source: max(row.created, 1) for row in new}
        written = [(*_WRITTEN_VALUES(row), row.version + 1, row.seen // DAY) for row in old]
        if _UPDATE.execute(self._tx, written) != len(old):
            raise Conflict("A visitor was changed meanwhile.")
        first = [replace(row, version=versions[row.source]) for row in sorted(new, key=attrgetter("source"))]
        try:
            _INSERT.execute(self._tx, [(*_VALUES(row), row.seen // DAY) for row in first])
        except exc.IntegrityError as error:
            raise Conflict("A visitor was made meanwhile.") from error
        return versions

    def outbox(self, versions: Mapping[str, int]) -> None:
        put_in_line(self._tx, versions)

    def copied(self, versions: Mapping[str, int]) -> None:
        take_out(self._tx, versions)

    def held(self, sources: Collection[str]) -> tuple[Membership, ...]:
        return segments_write.held(self._tx, sources)

    def memberships(self, changes: Sequence[Change]) -> None:
        segments_write.change(self._tx, changes)

    def ticks(self, due: Mapping[str, int], clear: Collection[str] = ()) -> None:
        _TICK.execute(self._tx, [(one, due[one], bucket(one)) for one in sorted(due)])
        gone = sorted(set(clear) - due.keys())
        if gone:
            _NOT_DUE.execute(self._tx, gone)


def bucket(source: str) -> int:
    """Its remainder by the number of partitions is the source's partition, as streams count them."""
    return zlib.crc32(source.encode())


def grouped(tx: Connection, sources: Collection[str], *, lock: bool = False) -> tuple[VisitorRow, ...]:
    """The rows of everybody in the groups of these, in order of source."""
    found = (_GROUPED_LOCKED if lock else _GROUPED).execute(tx, sources)
    return tuple(VisitorRow(*row) for row in found)


def _in_groups(named: ColumnElement[bool]) -> Select[Any]:
    persons = select(visitors.c.person).where(named)
    return select(*COLUMNS).where(visitors.c.person.in_(persons)).order_by(visitors.c.source)


def members_of(tx: Connection, persons: Collection[str], *, lock: bool = False) -> tuple[VisitorRow, ...]:
    """The rows of these persons, in order of source."""
    return _rows(tx, among(tx, visitors.c.person, persons), lock=lock)


def _rows(tx: Connection, which: ColumnElement[bool], *, lock: bool) -> tuple[VisitorRow, ...]:
    wanted = select(*COLUMNS).where(which).order_by(visitors.c.source)
    return tuple(VisitorRow(*row) for row in tx.execute(wanted.with_for_update() if lock else wanted))


def put_in_line(tx: Connection, versions: Mapping[str, int]) -> None:
    """Have the hot copies of these written, or removed where their rows are gone."""
    _IN_LINE.execute(tx, [(source, versions[source]) for source in sorted(versions)])


def take_out(tx: Connection, versions: Mapping[str, int]) -> None:
    """Have these copies, which were written, not written any more. Rows of others' transactions are not waited for."""
    _OUT.execute(tx, [(source, versions[source]) for source in sorted(versions)])


def _written(_insert: Any) -> Any:  # noqa: ANN401  # as the others
    mine = and_(outbox.c.source == bindparam("of"), outbox.c.version <= bindparam("upto"))
    return delete(outbox).where(
        outbox.c.source == select(outbox.c.source).where(mine).with_for_update(skip_locked=True).scalar_subquery()
    )


_OUT = Many(("of", "upto"), _written)


def _closed(tx: Connection, sources: Collection[str], rows: Sequence[VisitorRow]) -> bool:
    """Whether nobody joined one of the groups, or left for another, while their locks were waited for."""
    persons = {row.person for row in rows}
    theirs = or_(among(tx, visitors.c.person, persons), among(tx, visitors.c.source, sources))
    return set(tx.execute(select(visitors.c.source).where(theirs)).scalars()) == {row.source for row in rows}
