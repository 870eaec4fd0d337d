"""Marks of what is to be looked at again, and the work on them: taken by lease, settled with what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, and_, case, delete, func, null, or_, select, update

from plugin.ports import (
    LONGEST_WAIT,
    SYNC,
    Applied,
    Backlog,
    Cause,
    Changes,
    EntryProblem,
    Job,
    Mark,
    Outcome,
)
from plugin.ports import SWEEP as WHOLE
from plugin.store.content import applied
from plugin.store.content_marks import holders, mark
from plugin.store.content_rows import LONGEST_REASON
from plugin.store.content_write import epoch_of, lock, state_of, write
from plugin.store.engine import glancing, reading, writing
from plugin.store.tables import content_dirty as dirty
from plugin.store.tables import content_entries as entries
from plugin.store.tables import content_sources as sources
from plugin.store.tables import content_tombstones as tombstones
from plugin.store.types import storable
from plugin.store.watch import Kept, Watch

MOST_WAITING = 10_000
"""Marks of entries that a source may have; what is announced beyond makes the whole source be looked at."""
_PENDING = dirty.c.counter > dirty.c.done
_NAMES = ("id", "locale", "type", "counter", "done", "cause", "noticed_at", "stage", "attempts")
_TAKEN = [dirty.c[name] for name in (*_NAMES, "announced", "announced_at")]


class SqlNotices:
    """`plugin.ports.NoticeStore` in SQL."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        # Sources with marks of the whole (1) and of entries (0), due or not.
        self._marked = Kept(watch, watch.look(select(dirty.c.source, case((dirty.c.id == "", 1), else_=0)).distinct()))

    def mark(self, source: str, marks: Sequence[Mark], *, now: datetime, cause: Cause = "notice") -> None:
        crowd = select(dirty.c.id).where(dirty.c.source == source).offset(MOST_WAITING).limit(1)
        with writing(self._engine) as tx:
            crowded = tx.execute(crowd).first() is not None
            mark(tx, source, dict.fromkeys([Mark(*SYNC)] if crowded else marks, cause), now=now)

    def claim(self, source: str, *, whole: bool, lease: str, now: datetime, until: datetime) -> Job | None:
        if (source, whole) not in map(tuple, self._marked()):
            return None
        far = now + LONGEST_WAIT  # set by a clock that was put back since
        free = or_(dirty.c.lease.is_(None), dirty.c.lease_until < now, dirty.c.lease_until > far)
        kind = dirty.c.id == "" if whole else dirty.c.id != ""
        due = and_(dirty.c.source == source, or_(dirty.c.due_at <= now, dirty.c.due_at > far), free, kind)
        with glancing(self._engine) as tx:  # most of the time nothing is due, and no lock is worth it
            if tx.execute(select(dirty.c.id).where(due).limit(1)).first() is None:
                return None
        first = select(*_TAKEN).where(due).order_by(dirty.c.due_at, dirty.c.id, dirty.c.locale).limit(1)
        with writing(self._engine) as tx:
            found = tx.execute(first.with_for_update(skip_locked=True)).mappings().one_or_none()
            if found is None:
                return None
            this = _row(source, found["id"], found["locale"])
            tx.execute(update(dirty).where(this).values(lease=lease, lease_until=until))
            return Job(
                source=source,
                lease=lease,
                taken_at=now,
                serial=state_of(tx, source).serial,
                held=_versions(tx, entries, source, found["id"]),
                gone=_versions(tx, tombstones, source, found["id"]),
                locales=_locales(tx, source) if found["locale"] == "" and found["id"] else (),
                **found,
            )

    def renew(self, leases: Sequence[str], *, until: datetime) -> None:
        for lease in leases:  # each by itself: see `mark` on order
            with writing(self._engine) as tx:
                tx.execute(update(dirty).where(dirty.c.lease == lease).values(lease_until=until))

    def finish(self, job: Job, outcome: Outcome, *, now: datetime) -> Applied | None:
        try:
            with writing(self._engine) as tx:
                return self._finished(tx, job, outcome, now=now)
        except _LeaseLost:
            return None

    @staticmethod
    def _finished(tx: Connection, job: Job, outcome: Outcome, *, now: datetime) -> Applied | None:
        mine = _leased(job)
        state = lock(tx, job.source)
        if tx.execute(select(dirty.c.id).where(mine)).first() is None:
            return None
        if _overtaken(tx, job, outcome.changes):
            tx.execute(update(dirty).where(mine).values(lease=None, due_at=now))
            return None
        changes = outcome.changes
        if changes.entries or changes.deleted or changes.problems:
            written = write(tx, state, changes, now=now, noticed_at=job.noticed_at)
            done = applied(written, state.revision)
            found = set(written.sifted.rows)
        else:
            done = Applied(epoch_of(tx, moved=False), state.revision, 0, 0, 0, 0)
            found = set()
        marks: dict[Mark, Cause] = {}
        if outcome.spread and (job.stage == 0 or done.changed):
            own = {(job.id, locale) for locale in job.held}
            marks = holders(tx, job.source, {job.id}, but=found | own)
        first = {one: why for one, why in marks.items() if one.key < (job.id, job.locale)}
        mark(tx, job.source, first, now=now)
        _settle(tx, job, outcome, now=now)
        mark(tx, job.source, {one: why for one, why in marks.items() if one not in first}, now=now)
        return done

    def postpone(self, job: Job, error: str, *, due_at: datetime, problems: Sequence[EntryProblem] = ()) -> None:
        shown = (error if storable(error) else ascii(error))[:LONGEST_REASON]
        with writing(self._engine) as tx:
            if problems:
                write(tx, lock(tx, job.source), Changes(problems=tuple(problems)), now=job.taken_at)
            tx.execute(
                update(dirty)
                .where(_leased(job))
                .values(attempts=dirty.c.attempts + 1, last_error=shown, due_at=due_at, lease=None)
            )

    def release(self, job: Job) -> None:
        with writing(self._engine) as tx:
            tx.execute(update(dirty).where(_leased(job)).values(lease=None, lease_until=None))

    def sweep_due(self, source: str, *, before: datetime, now: datetime) -> bool:
        far = now + LONGEST_WAIT
        late = or_(sources.c.swept_at.is_(None), sources.c.swept_at < before, sources.c.swept_at > far)
        with glancing(self._engine) as tx:
            found = tx.execute(select(sources.c.swept_at).where(sources.c.source == source)).one_or_none()
            if found is not None and found.swept_at is not None and before <= found.swept_at <= far:
                return False
        with writing(self._engine) as tx:
            lock(tx, source)
            moved = tx.execute(update(sources).where(sources.c.source == source, late).values(swept_at=now)).rowcount
            if moved:
                mark(tx, source, {Mark(*WHOLE): "link"}, now=now)
        return moved > 0

    def backlogs(self) -> tuple[Backlog, ...]:
        wanted = select(
            dirty.c.source,
            func.sum(case((_PENDING, 1), else_=0)).label("waiting"),
            func.sum(case((or_(_PENDING, dirty.c.overdue), 0), else_=1)).label("settling"),
            func.sum(case((dirty.c.attempts > 0, 1), else_=0)).label("failing"),
            func.min(case((_PENDING, dirty.c.noticed_at))).label("oldest"),
            func.max(case((dirty.c.attempts > 0, dirty.c.last_error))).label("error"),
            func.sum(case((dirty.c.overdue, 1), else_=0)).label("overdue"),
            func.min(case((dirty.c.overdue, dirty.c.announced_at))).label("since"),
        )
        with reading(self._engine) as tx:
            found = tx.execute(wanted.group_by(dirty.c.source).order_by(dirty.c.source)).mappings()
            return tuple(Backlog(**row) for row in found)


class _LeaseLost(Exception):  # noqa: N818 - named for what happened
    """Another took the job over just now: everything is undone."""


def _leased(job: Job) -> Any:  # noqa: ANN401  # a condition
    return and_(_row(job.source, job.id, job.locale), dirty.c.lease == job.lease)


def _row(source: str, id_: str, locale: str) -> Any:  # noqa: ANN401  # a condition
    return and_(dirty.c.source == source, dirty.c.id == id_, dirty.c.locale == locale)


def _versions(tx: Connection, table: Any, source: str, id_: str) -> dict[str, str | None]:  # noqa: ANN401  # a table
    wanted = select(table.c.locale, table.c.version).where(table.c.source == source, table.c.id == id_)
    return {locale: version for locale, version in tx.execute(wanted)}  # noqa: C416  # a row is no pair to mypy


def _locales(tx: Connection, source: str) -> tuple[str, ...]:
    wanted = select(entries.c.locale).where(entries.c.source == source).distinct().order_by(entries.c.locale)
    return tuple(tx.execute(wanted).scalars())


def _overtaken(tx: Connection, job: Job, changes: Changes) -> bool:
    """Whether somebody wrote or deleted what the job is about to write, since it was taken."""
    ids = sorted({entry.id for entry in changes.entries} | {id_ for id_, _ in changes.deleted})
    for table in (entries, tombstones):
        later = select(table.c.id).where(table.c.source == job.source, table.c.id.in_(ids), table.c.serial > job.serial)
        if tx.execute(later.limit(1)).first() is not None:
            return True
    return False


def _settle(tx: Connection, job: Job, outcome: Outcome, *, now: datetime) -> None:
    """The mark goes, or stays for another look; a notice that came since is seen to at once. Raises _LeaseLost."""
    mine = _leased(job)
    same = dirty.c.counter == job.counter
    if outcome.again_at is None and tx.execute(delete(dirty).where(mine, same)).rowcount:
        return
    again = outcome.again_at or now
    kept = tx.execute(
        update(dirty)
        .where(mine)
        .values(
            done=job.counter,
            lease=None,
            lease_until=None,
            attempts=0,
            last_error=None,
            stage=case((same, outcome.stage), else_=0),
            due_at=case((same, again), else_=now),
            noticed_at=case((same, dirty.c.noticed_at), else_=job.taken_at),
            overdue=case((same, outcome.overdue), else_=False),
        )
        .values({} if outcome.awaits else _seen(job))
    ).rowcount
    if not kept:
        raise _LeaseLost


def _seen(job: Job) -> dict[str, Any]:
    """The announced version is there, or is no longer waited for; one that was announced meanwhile stays."""
    if job.announced is None:
        return {}
    seen = dirty.c.announced <= job.announced
    return {
        "announced": case((seen, null()), else_=dirty.c.announced),
        "announced_at": case((seen, null()), else_=job.taken_at),
    }
