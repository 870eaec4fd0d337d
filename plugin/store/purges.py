"""The outbox of purges: rows written with the change itself, relayed afterwards."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, case, cast, delete, func, null, or_, select, update

from plugin.ports import LONGEST_WAIT, Pending, Purge, PurgeBacklog
from plugin.store.content_rows import LONGEST_REASON
from plugin.store.engine import reading, writing
from plugin.store.statements import add_in, replace_in
from plugin.store.tables import cache_purges as lines
from plugin.store.tables import cache_rests as rests
from plugin.store.tables import content_purges as purges
from plugin.store.tables import content_tombstones as tombstones
from plugin.store.types import Instant, storable
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
_ENDS = (func.min, func.max)
_LISTS = ("types", "tags", "fields", "slots")
_OF_LINE = ("passes", "attempts")
# Made once: each change asks them several times, and to make a statement takes as long as to run it.
_LINE = select(*(purges.c[name] for name in _SHOWN)).order_by(purges.c.number).limit(bindparam("most"))
_DUE = _LINE.where(  # the latter set by a clock that was put back
    or_(purges.c.due_at <= bindparam("now"), purges.c.due_at > bindparam("far"))
)
_SINCE = _LINE.where(purges.c.epoch > bindparam("seen"))
_HANDED_OVER = (  # first, so that of two who do this the second finds nothing
    update(purges)
    .where(purges.c.number.in_(bindparam("numbers", expanding=True)), purges.c.due_at.is_not(None))
    .values(due_at=None)
    .returning(purges.c.number, purges.c.passes)
)
_RESTS = select(rests.c.cache).where(
    rests.c.cache == bindparam("cache"), rests.c.until > bindparam("now"), rests.c.until <= bindparam("far")
)
_DUE_TO = (
    select(*((lines if name in _OF_LINE else purges).c[name] for name in _SHOWN))
    .join(lines, lines.c.number == purges.c.number)
    .where(
        lines.c.cache == bindparam("cache"),
        or_(lines.c.due_at <= bindparam("now"), lines.c.due_at > bindparam("far")),
        ~_RESTS.exists(),
    )
    .order_by(lines.c.attempts, purges.c.number)  # what was refused leaves room for what is new
    .limit(bindparam("most"))
)
_TOLD = (  # as often as who says so knows: of two processes that tell a cache the same, the later changes nothing
    lines.c.cache == bindparam("told"),
    lines.c.number.in_(bindparam("numbers", expanding=True)),
    lines.c.passes == bindparam("known"),
)
_SENT = (
    update(lines).where(*_TOLD).values(passes=lines.c.passes + 1, attempts=0, last_error=None, due_at=bindparam("at"))
)
_FAILED = (
    update(lines)
    .where(*_TOLD)
    .values(attempts=lines.c.attempts + 1, last_error=bindparam("error"), due_at=bindparam("at"))
)
_DONE = delete(lines).where(*_TOLD)


class SqlPurges:
    """`plugin.ports.PurgeStore` in SQL."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._watch = watch
        self._dates: dict[tuple[str, ...], Kept[Sequence[Any]]] = {}

    def pending(self, caches: Collection[str], *, now: datetime) -> Pending:
        names = tuple(caches)
        if names not in self._dates:
            self._dates[names] = Kept(self._watch, self._watch.look(_dates(names)))
        ((*dates,),) = self._dates[names]()
        changes, *others = zip(*[iter(dates)] * 3, strict=True)
        of_each = dict(zip(names, others, strict=True))
        resting = tuple(name for name, (_, _, until) in of_each.items() if _rests(until, now))
        due = tuple(name for name, (a, z, _) in of_each.items() if name not in resting and _any_due(a, z, now))
        return Pending(_any_due(changes[0], changes[1], now), due, resting)

    def due(self, *, now: datetime, limit: int = 500) -> tuple[Purge, ...]:
        return self._found(_DUE, {"now": now, "far": now + LONGEST_WAIT, "most": limit})

    def hand_over(
        self, numbers: Sequence[int], caches: Collection[str], *, due_at: datetime, passes: int | None = None
    ) -> None:
        with writing(self._engine) as tx:
            found = tx.execute(_HANDED_OVER, {"numbers": numbers}).all()
            if found and caches:
                line = {"due_at": due_at, "attempts": 0}
                tx.execute(
                    add_in(tx, lines),  # an older release sets the date again on what was handed over already
                    [
                        {**line, "number": number, "cache": cache, "passes": min(done, 1) if passes is None else passes}
                        for number, done in found
                        for cache in caches
                    ],
                )

    def due_to(self, cache: str, *, now: datetime, limit: int = 500) -> tuple[Purge, ...]:
        return self._found(_DUE_TO, {"cache": cache, "now": now, "far": now + LONGEST_WAIT, "most": limit})

    def regroup(self, epoch: int, *, now: datetime) -> None:
        with writing(self._engine) as tx:
            there = select(purges.c.number).where(purges.c.audience, purges.c.epoch == epoch).limit(1)
            if tx.execute(there).first() is None:
                put_audience(tx, now=now, epoch=epoch)

    def sent(self, cache: str, numbers: Sequence[int], *, passes: int, again_at: datetime | None) -> None:
        told = {"told": cache, "numbers": numbers, "known": passes}
        with writing(self._engine) as tx:
            if again_at is None:
                tx.execute(_DONE, told)
            else:
                tx.execute(_SENT, {**told, "at": again_at})

    def failed(self, cache: str, numbers: Sequence[int], error: str, *, passes: int, due_at: datetime) -> None:
        shown = (error if storable(error) else ascii(error))[:LONGEST_REASON]
        with writing(self._engine) as tx:
            tx.execute(_FAILED, {"told": cache, "numbers": numbers, "known": passes, "error": shown, "at": due_at})
            tx.execute(replace_in(tx, rests), {"cache": cache, "until": due_at})

    def since(self, epoch: int, *, limit: int = 500) -> tuple[Purge, ...]:
        return self._found(_SINCE, {"seen": epoch, "most": limit})

    def backlogs(self, caches: Collection[str]) -> Mapping[str, PurgeBacklog]:
        of_all = select(func.count(), func.min(purges.c.created_at)).where(
            purges.c.due_at.is_not(None), purges.c.passes == 0
        )
        of_each = (
            select(
                lines.c.cache,
                func.count(case((lines.c.passes == 0, 1))),
                func.count(case((lines.c.attempts > 0, 1))),
                func.min(case((lines.c.passes == 0, purges.c.created_at))),
            )
            .join(purges, purges.c.number == lines.c.number)
            .group_by(lines.c.cache)
        )
        with reading(self._engine) as tx:
            unsent, first = tx.execute(of_all).one()
            found = {cache: others for cache, *others in tx.execute(of_each)}
        told = {}
        for cache in caches:
            waiting, failing, oldest = found.get(cache, (0, 0, None))
            dates = [one for one in (first, oldest) if one is not None]
            told[cache] = PurgeBacklog(unsent + waiting, failing, min(dates, default=None))
        return told

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
            tx.execute(delete(purges).where(purges.c.created_at < before))  # and what caches were not told of them
            tx.execute(delete(rests).where(rests.c.until < before))
            tx.execute(delete(tombstones).where(tombstones.c.deleted_at < before))

    def _found(self, wanted: Select[Any], values: Mapping[str, object]) -> tuple[Purge, ...]:
        with reading(self._engine) as tx:
            rows = tx.execute(wanted, values).mappings()
            return tuple(Purge(**{**row, **{name: _listed(row[name]) for name in _LISTS}}) for row in rows)


def _dates(caches: Sequence[str]) -> Select[Any]:
    """The earliest and the latest date of what is in line, and none; the same of each cache, and until when it rests.

    One statement, and each by itself: the index has both at hand, but not both at once.
    """
    found: list[Any] = [select(one(purges.c.due_at)).scalar_subquery() for one in _ENDS]
    found.append(cast(null(), Instant))
    for cache in caches:
        found += [select(one(lines.c.due_at)).where(lines.c.cache == cache).scalar_subquery() for one in _ENDS]
        found.append(select(rests.c.until).where(rests.c.cache == cache).scalar_subquery())
    return select(*(one.label(f"d{number}") for number, one in enumerate(found)))


def _any_due(first: datetime | None, last: datetime | None, now: datetime) -> bool:
    return first is not None and last is not None and (first <= now or last > now + LONGEST_WAIT)


def _rests(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until <= now + LONGEST_WAIT  # a later one was set by a clock that was put back


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
