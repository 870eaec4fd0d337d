"""Members of segments in bulk: `plugin.ports.SegmentLists` in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from sqlalchemy import ColumnElement, Connection, Engine, func, or_, select

from plugin.ports import Change, Kind, Member, Membership, Page, Put, Traffic
from plugin.store import cursors
from plugin.store.engine import glancing, reading, writing
from plugin.store.events_leases import write_among_others
from plugin.store.many import Many, storable_all
from plugin.store.segments_write import COLUMNS, enter, leave, note, over, row_of
from plugin.store.statements import BATCH, among, batches, upsert
from plugin.store.visitor_tables import erasure_fences as fences
from plugin.store.visitor_tables import segment_log as log
from plugin.store.visitor_tables import segment_members as members
from plugin.store.visitor_tables import visitor_ticks as ticks
from plugin.store.visitors_rows import bucket

_SOONER = Many(  # a tick that is due sooner stays, for whoever set it
    ("source", "due", "bucket"),
    lambda insert: upsert(insert(ticks), "due", only=lambda fresh: ticks.c.due > fresh.due),
)


class SqlSegmentLists:
    """`plugin.ports.SegmentLists` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(
        self,
        segment: str,
        kind: Kind,
        members: Sequence[Member],
        *,
        key_version: int,
        at: int,
        reason: str = "{}",
        wake: bool = True,
    ) -> Put:
        storable_all((segment, reason))
        unique = {one.source: one for one in members}
        entered = kept = erased = 0
        for names in batches(sorted(unique)):
            with writing(self._engine) as tx:
                write_among_others(tx)
                let_in = _not_erased(tx, names, at)
                changes = [
                    Change(segment, one.source, key_version, kind, "entered", at, one.until, one.score, reason)
                    for one in map(unique.__getitem__, let_in)
                ]
                new = _put(tx, segment, changes, wake=wake)
            entered, kept, erased = entered + new, kept + len(let_in) - new, erased + len(names) - len(let_in)
        return Put(entered, kept, erased)

    def keep(self, segment: str, *, at: int, reason: str = "{}", limit: int = 5_000, wake: bool = True) -> int:
        return self._out(_of(segment) & (members.c.touched < at), at, reason, limit, wake=wake)

    def remove(self, segment: str, sources: Sequence[str], *, at: int, reason: str = "{}", wake: bool = True) -> int:
        gone = 0
        for names in batches(sorted(set(sources))):
            with writing(self._engine) as tx:
                gone += _take_out(tx, _of(segment) & among(tx, members.c.source, names), at, reason, BATCH, wake=wake)
        return gone

    def clear(self, segment: str, *, at: int, limit: int = 5_000, wake: bool = True) -> int:
        return self._out(_of(segment), at, '{"deleted":true}', limit, wake=wake)

    def expire(self, *, now: int, limit: int = 5_000, wake: bool = True) -> int:
        return self._out(members.c.until <= now, now, '{"expired":true}', limit, wake=wake)

    def members(self, segment: str, *, now: int, after: str | None = None, limit: int = 50) -> Page[Membership]:
        wanted = select(*COLUMNS).where(_of(segment), _lasting(now)).order_by(members.c.source)
        if after is not None:
            wanted = wanted.where(members.c.source > cursors.decode(after, str)[0])
        with glancing(self._engine) as tx:
            found = [Membership(*row) for row in tx.execute(wanted.limit(cursors.size(limit) + 1))]
        return cursors.page(found, limit, lambda one: (one.source,))

    def sizes(self, *, now: int) -> Mapping[str, int]:
        wanted = select(members.c.segment, func.count()).where(_lasting(now)).group_by(members.c.segment)
        with reading(self._engine) as tx:
            return {segment: size for segment, size in tx.execute(wanted)}  # noqa: C416  # a row is no pair to mypy

    def size(self, segment: str, *, now: int) -> int:
        wanted = select(func.count()).select_from(members).where(_of(segment), _lasting(now))
        with glancing(self._engine) as tx:
            found: int = tx.execute(wanted).scalar_one()
        return found

    def newest(self, segment: str) -> int | None:
        with glancing(self._engine) as tx:
            found: int | None = tx.execute(select(func.max(members.c.touched)).where(_of(segment))).scalar_one()
        return found

    def traffic(self, segment: str, *, since: int) -> Traffic:
        wanted = select(log.c.way, func.count()).where(log.c.segment == segment, log.c.at >= since).group_by(log.c.way)
        with glancing(self._engine) as tx:
            found = {way: number for way, number in tx.execute(wanted)}  # noqa: C416  # a row is no pair to mypy
        return Traffic(found.get("entered", 0), found.get("left", 0))

    def _out(self, which: ColumnElement[bool], at: int, reason: str, limit: int, *, wake: bool) -> int:
        with writing(self._engine) as tx:
            return _take_out(tx, which, at, reason, limit, wake=wake)


def _of(segment: str) -> ColumnElement[bool]:
    return members.c.segment == segment


def _lasting(now: int) -> ColumnElement[bool]:
    return or_(members.c.until.is_(None), members.c.until > now)


def _not_erased(tx: Connection, names: Sequence[str], at: int) -> list[str]:
    """Whoever was erased after the list was drawn up does not come back by it."""
    since = fences.c.at >= at
    erased = set(tx.execute(select(fences.c.source).where(among(tx, fences.c.source, names), since)).scalars())
    return [name for name in names if name not in erased]


def _put(tx: Connection, segment: str, changes: Sequence[Change], *, wake: bool) -> int:
    """Let them in; gives how many are new. Those whose membership reads the same are not woken."""
    theirs = _of(segment) & among(tx, members.c.source, [one.source for one in changes])
    inside = {one.source: one for one in (Membership(*row) for row in tx.execute(select(*COLUMNS).where(theirs)))}
    new = [one for one in changes if one.source not in inside or over(inside[one.source], one.at)]
    enter(tx, [row_of(one) for one in changes])
    note(tx, new)
    if wake and changes:
        fresh = {one.source for one in new}
        changed = {
            one.source
            for one in changes
            if one.source in fresh or (inside[one.source].until, inside[one.source].score) != (one.until, one.score)
        }
        _wake(tx, changed, changes[0].at)
    return len(new)


def _take_out(tx: Connection, which: ColumnElement[bool], at: int, reason: str, limit: int, *, wake: bool) -> int:
    columns = (members.c.segment, members.c.source, members.c.key_version, members.c.kind)
    wanted = select(*columns).where(which).order_by(members.c.segment, members.c.source).limit(limit)
    found = [Change(*row, way="left", at=at, reason=reason) for row in tx.execute(wanted.with_for_update())]
    leave(tx, [(one.segment, one.source) for one in found])
    note(tx, found)
    if wake:
        _wake(tx, {one.source for one in found}, at)
    return len(found)


def _wake(tx: Connection, sources: Set[str], at: int) -> None:
    tick_by(tx, dict.fromkeys(sources, at))


def tick_by(tx: Connection, due: Mapping[str, int]) -> None:
    """Have each looked at again at its instant at the latest."""
    _SOONER.execute(tx, [(source, due[source], bucket(source)) for source in sorted(due)])
