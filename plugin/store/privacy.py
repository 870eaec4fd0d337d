"""Fences, erasures and access: `plugin.ports.Privacy` in SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, select, true

from plugin.ports import DeadLetter, Erased, ErasureFence, Personal, Receipt, VisitorRow
from plugin.store.engine import glancing, reading, writing
from plugin.store.events_leases import write_alone
from plugin.store.segments_write import held
from plugin.store.statements import among, batches, insert_into, upsert
from plugin.store.visitor_tables import (
    dead_letters,
    erasure_fences,
    erasures,
    events,
    segment_log,
    segment_members,
    visitor_links,
    visitor_ticks,
    visitors,
)
from plugin.store.visitors_identity import links_of
from plugin.store.visitors_rows import COLUMNS, grouped, put_in_line

_STEP = 2_000  # rows of one transaction: writers wait for it in SQLite

Made = TypeVar("Made")


class SqlPrivacy:
    """`plugin.ports.Privacy` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def fence(self, fences: Sequence[ErasureFence]) -> None:
        with writing(self._engine) as tx:
            write_alone(tx)
            put_fences(tx, fences)

    def fences(self, sources: Collection[str]) -> tuple[ErasureFence, ...]:
        with glancing(self._engine) as tx:
            theirs = among(tx, erasure_fences.c.source, sources)
            wanted = select(erasure_fences).where(theirs).order_by(erasure_fences.c.source)
            return tuple(ErasureFence(**row) for row in tx.execute(wanted).mappings())

    def erase(
        self,
        fences: Sequence[ErasureFence],
        *,
        lift: Callable[[str, int], str],
        state: Callable[[Receipt | None, Erased], str],
        now_ms: Callable[[], int],
    ) -> tuple[Receipt, Erased]:
        with writing(self._engine) as tx:
            write_alone(tx)
            later = max(now_ms() - fences[0].at, 0)
            fences = [replace(one, at=one.at + later, until=one.until + later) for one in fences]
            names = linked(tx, fences, lift)
            up = tx.execute(select(erasure_fences.c.receipt).where(among(tx, erasure_fences.c.source, names)))
            plain = replace(fences[0], receipt=min(up.scalars(), default=fences[0].receipt))
            put_fences(tx, [replace(plain, source=name, key_version=version) for name, version in names.items()])
            erased = Erased(tuple(sorted(names)), dict(erase_rows(tx, names, lists=True)), plain.at)
            found = tx.execute(select(erasures).where(erasures.c.id == plain.receipt)).mappings().one_or_none()
            before = None if found is None else Receipt(**found)
            requested = plain.at if before is None else before.requested
            receipt = Receipt(plain.receipt, state(before, erased), requested, None)
            _keep(tx, receipt)
        return receipt, erased

    def erase_logs(self, sources: Collection[str], *, until: int) -> Mapping[str, int]:
        named = sorted(set(sources))
        gone: Counter[str] = Counter()
        for table, old in ((events, events.c.received <= until), (segment_log, segment_log.c.at <= until)):
            while True:  # as many as the visitor was busy: in steps
                with writing(self._engine) as tx:
                    some = _some(tx, table, named, old)
                gone[table.name] += some
                if some < _STEP:
                    break
        return dict(gone)

    def fenced(self, receipt: str) -> tuple[ErasureFence, ...]:
        with glancing(self._engine) as tx:
            wanted = select(erasure_fences).where(erasure_fences.c.receipt == receipt)
            return tuple(ErasureFence(**row) for row in tx.execute(wanted.order_by(erasure_fences.c.source)).mappings())

    def personal(self, sources: Collection[str]) -> Personal:
        with reading(self._engine) as tx:
            return Personal(
                visitors=_all(tx, VisitorRow, visitors, COLUMNS, sources),
                links=links_of(tx, sources),
                memberships=held(tx, sources),
                dead_letters=_all(tx, DeadLetter, dead_letters, list(dead_letters.c), sources),
                ticks=dict(_all(tx, _pair, visitor_ticks, [visitor_ticks.c.source, visitor_ticks.c.due], sources)),
            )

    def put_receipt(self, receipt: Receipt) -> None:
        with writing(self._engine) as tx:
            _keep(tx, receipt)

    def receipt(self, id: str) -> Receipt | None:  # noqa: A002
        with glancing(self._engine) as tx:
            found = tx.execute(select(erasures).where(erasures.c.id == id)).mappings().one_or_none()
        return None if found is None else Receipt(**found)

    def unfinished(self, limit: int = 100) -> tuple[Receipt, ...]:
        wanted = select(erasures).where(erasures.c.finished.is_(None)).order_by(erasures.c.requested, erasures.c.id)
        with glancing(self._engine) as tx:
            return tuple(Receipt(**row) for row in tx.execute(wanted.limit(limit)).mappings())


def linked(tx: Connection, fences: Sequence[ErasureFence], lift: Callable[[str, int], str]) -> dict[str, int]:
    """Everybody who is linked to these, by every name that they have or will have, with the version of its key."""
    newest = fences[0].key_version
    names = {one.source: one.key_version for one in fences}
    looked: set[str] = set()
    while missing := names.keys() - looked:
        looked |= missing
        for row in grouped(tx, missing):
            names.setdefault(row.source, row.key_version)
        for link in links_of(tx, missing):
            if link.ended is None:
                for end in (link.source, link.known):
                    names.setdefault(end, newest)
        for source, version in list(names.items()):
            names.setdefault(lift(source, version), newest)
    return names


def put_fences(tx: Connection, fences: Sequence[ErasureFence]) -> None:
    """Of two of one source, the later one stays."""
    rows = [asdict(one) for one in sorted(fences, key=lambda one: one.source)]
    later = upsert(
        insert_into(tx, erasure_fences),
        *("key_version", "at", "receipt", "until"),
        only=lambda fresh: erasure_fences.c.at <= fresh.at,
    )
    for some in batches(rows):
        tx.execute(later, some)


def erase_rows(tx: Connection, sources: Collection[str], *, lists: bool) -> Counter[str]:
    """Everything but the logs, in one transaction, so that nobody meets half a visitor.

    ``lists``: also what others said of them, lists and computed segments.
    """
    stored = select(visitors.c.source, visitors.c.version).where(among(tx, visitors.c.source, sources))
    versions = {
        source: version + 1 for source, version in tx.execute(stored.order_by(visitors.c.source).with_for_update())
    }
    fenced = select(erasure_fences.c.source, erasure_fences.c.at).where(among(tx, erasure_fences.c.source, sources))
    # Of one that is not stored, a copy may be somewhere all the same: versions begin with the instant.
    put_in_line(tx, {source: at for source, at in tx.execute(fenced)} | versions)  # noqa: C416  # no pair to mypy
    gone: Counter[str] = Counter()
    gone[visitors.name] = tx.execute(delete(visitors).where(among(tx, visitors.c.source, sources))).rowcount
    theirs = among(tx, segment_members.c.source, sources)
    mine = true() if lists else segment_members.c.kind == "pattern"
    gone[segment_members.name] = tx.execute(delete(segment_members).where(theirs, mine)).rowcount
    for table in (visitor_ticks, dead_letters):
        gone[table.name] = tx.execute(delete(table).where(among(tx, table.c.source, sources))).rowcount
    for end in (visitor_links.c.source, visitor_links.c.known):
        gone[visitor_links.name] += tx.execute(delete(visitor_links).where(among(tx, end, sources))).rowcount
    return gone


def _keep(tx: Connection, receipt: Receipt) -> None:
    tx.execute(upsert(insert_into(tx, erasures), "state", "requested", "finished"), [asdict(receipt)])


def _some(tx: Connection, table: Table, sources: Sequence[str], old: ColumnElement[bool]) -> int:
    """Delete a step's worth."""
    numbers = select(table.c.number).where(among(tx, table.c.source, sources), old).limit(_STEP)
    return tx.execute(delete(table).where(table.c.number.in_(numbers))).rowcount


def _all(
    tx: Connection,
    make: Callable[..., Made],
    table: Table,
    columns: Sequence[ColumnElement[Any]],
    sources: Collection[str],
) -> tuple[Made, ...]:
    """Their rows, in the order of the table's key."""
    wanted = select(*columns).where(among(tx, table.c.source, sources)).order_by(*table.primary_key.columns)
    return tuple(make(*row) for row in tx.execute(wanted))


def _pair(source: str, due: int) -> tuple[str, int]:
    return source, due
