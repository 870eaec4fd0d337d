"""What is old goes: `plugin.ports.Retention` in SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Engine, Table, delete, exists, select, tuple_, update

from plugin.ports import Kept
from plugin.store.engine import glancing, writing
from plugin.store.privacy import erase_rows
from plugin.store.visitor_tables import (
    DAY,
    audit_log,
    dead_letters,
    erasure_fences,
    erasures,
    event_ids,
    events,
    segment_log,
    visitor_links,
    visitors,
)
from plugin.store.visitors_rows import members_of

_SLICE = 5_000  # rows that one transaction looks at
_MOST_PERSONS = 500  # of one transaction: each has rows in many tables
_OLD_BY: dict[Kept, ColumnElement[int]] = {
    "links": visitor_links.c.ended,
    "membership_log": segment_log.c.at,
    "dead_letters": dead_letters.c.last_at,
    "fences": erasure_fences.c.until,
    "erasures": erasures.c.finished,
}


class SqlRetention:
    """`plugin.ports.Retention` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._swept = 0  # the day before which ids were swept by this process: there is nothing older
        self._sweeping = (0, b"")  # the day that it is at, and how far it came
        self._emptied = 0  # the day before which windows were emptied by it, likewise

    def prune(self, kind: Kept, *, before: int, limit: int = 5_000) -> int:
        if kind == "events":
            return self._all_events(before, limit)
        if kind == "event_ids":
            return self._ids(before // DAY)
        if kind == "visitors":
            return self._visitors(before // DAY, min(limit, _MOST_PERSONS))
        if kind == "audit":
            return self._audit(before, limit)
        column = _OLD_BY[kind]
        return self._delete(column.table, column < before, limit)

    def prune_events(self, type: str, *, before: int, limit: int = 5_000) -> int:  # noqa: A002
        return self._delete(events, (events.c.type == type) & (events.c.time < before), limit)

    def prune_windows(self, *, before: int, limit: int = 5_000) -> int:
        """Those that were emptied before are not looked at again and again."""
        day = before // DAY
        old = (visitors.c.day >= self._emptied) & (visitors.c.day < day) & (visitors.c.window != b"")
        with writing(self._engine) as tx:
            some = select(visitors.c.source).where(old).limit(limit)
            # Who comes back meanwhile is of another day by then. Views hold no window: the version stays.
            gone = tx.execute(update(visitors).where(visitors.c.source.in_(some), old).values(window=b"")).rowcount
        if gone < limit:
            self._emptied = max(self._emptied, day - 1)
        return gone

    def event_types(self) -> tuple[str, ...]:
        """By steps from one to the next in the index, for there are few types and very many events."""
        found: list[str] = []
        with glancing(self._engine) as tx:
            while True:
                wanted = select(events.c.type).where(events.c.type > (found[-1] if found else ""))
                following = tx.execute(wanted.order_by(events.c.type).limit(1)).scalar_one_or_none()
                if following is None:
                    return tuple(found)
                found.append(following)

    def _delete(self, table: Table, old: ColumnElement[bool], limit: int) -> int:
        key = tuple_(*table.primary_key.columns)
        with writing(self._engine) as tx:
            some = select(*table.primary_key.columns).where(old).limit(limit)
            return tx.execute(delete(table).where(key.in_(some))).rowcount

    def _all_events(self, before: int, limit: int) -> int:
        gone = 0
        for type_ in self.event_types():
            gone += self.prune_events(type_, before=before, limit=limit - gone)
            if gone >= limit:
                break
        return gone

    def _audit(self, before: int, limit: int) -> int:
        """It is in order of time: what is old stands in front, and no more is looked at."""
        front = select(audit_log.c.number, audit_log.c.at).order_by(audit_log.c.number).limit(limit).subquery()
        return self._delete(audit_log, audit_log.c.number.in_(select(front.c.number).where(front.c.at < before)), limit)

    def _ids(self, day: int) -> int:
        """Of the next slice of the table that has any: with no index by day, every batch of events is spared one.

        What is over is spread evenly over the table, for keys are digests: each slice has some, where there are any.
        """
        if day <= self._swept:
            return 0
        after = self._sweeping[1] if self._sweeping[0] == day else b""
        while True:
            with glancing(self._engine) as tx:
                later = select(event_ids.c.id).where(event_ids.c.id > after).order_by(event_ids.c.id)
                end = tx.execute(later.offset(_SLICE - 1).limit(1)).scalar_one_or_none()
                old = (event_ids.c.id > after) & (event_ids.c.day < day)
                old = old if end is None else old & (event_ids.c.id <= end)
                # Read first: nobody who writes waits for a slice in which there is nothing to do.
                is_any = tx.execute(select(exists().where(old))).scalar_one()
            gone = 0
            if is_any:
                with writing(self._engine) as tx:
                    gone = tx.execute(delete(event_ids).where(old)).rowcount
            if end is None:
                self._swept = day
                return gone
            after, self._sweeping = end, (day, end)
            if gone:
                return gone

    def _visitors(self, day: int, limit: int) -> int:
        other = visitors.alias()
        alive = exists().where(other.c.person == visitors.c.person, other.c.day >= day)
        old = select(visitors.c.person).where(visitors.c.day < day, ~alive).limit(limit)
        with glancing(self._engine) as tx:
            persons = sorted(set(tx.execute(old).scalars()))
        if not persons:
            return 0
        with writing(self._engine) as tx:
            rows = members_of(tx, persons, lock=True)
            awake = {row.person for row in rows if row.seen // DAY >= day}  # came back meanwhile
            return erase_rows(tx, [row.source for row in rows if row.person not in awake], lists=False)[visitors.name]
