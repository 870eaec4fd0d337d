"""The outbox of purges: rows written with the change itself, relayed afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, case, delete, func, or_, select, update

from plugin.ports import LONGEST_WAIT, Purge, PurgeBacklog
from plugin.store.content_rows import LONGEST_REASON
from plugin.store.engine import glancing, reading, writing
from plugin.store.tables import content_purges as purges
from plugin.store.tables import content_tombstones as tombstones
from plugin.store.types import storable
from plugin.store.watch import Kept, Watch

_SHOWN = (
    "number",
    "source",
    "id",
    "locale",
    "types",
    "tags",
    "fields",
    "removed",
    "epoch",
    "rules",
    "audience",
    "noticed_at",
    "version",
    "created_at",
    "passes",
    "attempts",
    "slots",
)
_LISTS = ("types", "tags", "fields", "slots")
# Made once: each change asks them several times, and to make a statement takes as long as to run it.
_LINE = select(*(purges.c[name] for name in _SHOWN)).order_by(purges.c.number).limit(bindparam("most"))
_DUE = _LINE.where(  # the latter set by a clock that was put back
    or_(purges.c.due_at <= bindparam("now"), purges.c.due_at > bindparam("far"))
)
_SINCE = _LINE.where(purges.c.epoch > bindparam("seen"))
_SENT = (
    update(purges)
    .where(purges.c.number.in_(bindparam("numbers", expanding=True)))
    .values(passes=purges.c.passes + 1, attempts=0, last_error=None, due_at=bindparam("again"))
)


class SqlPurges:
    """`plugin.ports.PurgeStore` in SQL."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        # One statement, and each by itself: the index has both at hand, but not both at once.
        dates = (select(one(purges.c.due_at)).scalar_subquery() for one in (func.min, func.max))
        self._dates = Kept(watch, watch.look(select(*dates)))

    def due(self, *, now: datetime, limit: int = 500) -> tuple[Purge, ...]:
        ((first, last),) = self._dates()  # the earliest and the latest at which a purge is due
        if first is None or last is None or (first > now and last <= now + LONGEST_WAIT):  # as mostly
            return ()
        return self._found(_DUE, {"now": now, "far": now + LONGEST_WAIT, "most": limit})

    def regroup(self, epoch: int, *, now: datetime) -> None:
        with writing(self._engine) as tx:
            there = select(purges.c.number).where(purges.c.audience, purges.c.epoch == epoch).limit(1)
            if tx.execute(there).first() is None:
                put_audience(tx, now=now, epoch=epoch)

    def sent(self, numbers: Sequence[int], *, again_at: datetime | None) -> None:
        with writing(self._engine) as tx:
            tx.execute(_SENT, {"numbers": numbers, "again": again_at})

    def failed(self, numbers: Sequence[int], error: str, *, due_at: datetime) -> None:
        shown = (error if storable(error) else ascii(error))[:LONGEST_REASON]
        with writing(self._engine) as tx:
            tx.execute(
                update(purges)
                .where(purges.c.number.in_(numbers))
                .values(attempts=purges.c.attempts + 1, last_error=shown, due_at=due_at)
            )

    def since(self, epoch: int, *, limit: int = 500) -> tuple[Purge, ...]:
        return self._found(_SINCE, {"seen": epoch, "most": limit})

    def backlog(self) -> PurgeBacklog:
        unsent = case((purges.c.passes == 0, 1))
        wanted = select(
            func.count(unsent),
            func.count(case((purges.c.attempts > 0, 1))),
            func.min(case((purges.c.passes == 0, purges.c.created_at))),
        ).where(purges.c.due_at.is_not(None))
        with glancing(self._engine) as tx:
            return PurgeBacklog(*tx.execute(wanted).one())

    def lags(self) -> Mapping[str, timedelta]:
        latest = (
            select(func.max(purges.c.number))
            .where(purges.c.noticed_at.is_not(None))
            .group_by(purges.c.source)
            .scalar_subquery()
        )
        wanted = select(purges.c.source, purges.c.noticed_at, purges.c.created_at).where(purges.c.number.in_(latest))
        with reading(self._engine) as tx:
            return {source: stored - noticed for source, noticed, stored in tx.execute(wanted)}

    def prune(self, before: datetime) -> None:
        with writing(self._engine) as tx:
            tx.execute(delete(purges).where(purges.c.created_at < before))
            tx.execute(delete(tombstones).where(tombstones.c.deleted_at < before))

    def _found(self, wanted: Select[Any], values: Mapping[str, object]) -> tuple[Purge, ...]:
        with reading(self._engine) as tx:
            rows = tx.execute(wanted, values).mappings()
            return tuple(Purge(**{**row, **{name: _listed(row[name]) for name in _LISTS}}) for row in rows)


def _listed(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(json.loads(text))


def put_audience(
    tx: Connection, *, now: datetime, rules: int = 0, epoch: int = 0, slots: Sequence[str] | None = None
) -> None:
    """Put in line, in the transaction of the change, that who gets what is another with these epochs.

    Args:
        slots: of which it is; None: any of them.
    """
    named = None if slots is None else json.dumps(slots)
    line = {"source": "", "id": "", "locale": "", "tags": "[]", "removed": True, "audience": True}
    times = {"created_at": now, "due_at": now, "passes": 0, "attempts": 0}
    tx.execute(purges.insert(), [{**line, **times, "rules": rules, "epoch": epoch, "slots": named}])
