"""What is known of visitors: `plugin.ports.VisitorReads` in SQL."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Engine, bindparam, func, select

from plugin.ports import Membership, Page, Passage, VisitorRow
from plugin.store import cursors, segments_write
from plugin.store.engine import glancing, reading
from plugin.store.held import HeldQuery
from plugin.store.statements import among
from plugin.store.visitor_tables import segment_log as log
from plugin.store.visitor_tables import visitors
from plugin.store.visitors_rows import COLUMNS, grouped

_FEW = 200  # of whom one look-up each costs less than one statement for all
PASSAGE = [log.c[name] for name in ("segment", "source", "at", "way", "reason")]


class SqlVisitors:
    """`plugin.ports.VisitorReads` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        wanted = select(visitors.c.version, visitors.c.hot).where(visitors.c.source == bindparam("key"))
        self._hot = HeldQuery(engine, wanted)
        reserved = select(visitors.c.source).where(visitors.c.source == bindparam("key"), visitors.c.reserved)
        self._reserved = HeldQuery(engine, reserved, beside=self._hot)

    def hot(self, source: str) -> tuple[int, bytes] | None:
        found: tuple[int, bytes] | None = self._hot.one(source)
        return found

    def reserved(self, sources: Collection[str]) -> frozenset[str]:
        if len(sources) <= _FEW:
            return frozenset(source for source in sources if self._reserved.one(source) is not None)
        with glancing(self._engine) as tx:
            wanted = select(visitors.c.source).where(among(tx, visitors.c.source, sources), visitors.c.reserved)
            return frozenset(tx.execute(wanted).scalars())

    def find(self, source: str) -> VisitorRow | None:
        with glancing(self._engine) as tx:
            found = tx.execute(select(*COLUMNS).where(visitors.c.source == source)).one_or_none()
        return None if found is None else VisitorRow(*found)

    def group(self, source: str) -> tuple[VisitorRow, ...]:
        with glancing(self._engine) as tx:
            return grouped(tx, (source,))

    def memberships(self, sources: Collection[str]) -> tuple[Membership, ...]:
        with glancing(self._engine) as tx:
            return segments_write.held(tx, sources)

    def history(self, sources: Collection[str], *, after: str | None = None, limit: int = 50) -> Page[Passage]:
        with reading(self._engine) as tx:
            wanted = select(log.c.number, *PASSAGE).where(among(tx, log.c.source, sources))
            if after is not None:
                wanted = wanted.where(log.c.number < cursors.number(after))
            found = tx.execute(wanted.order_by(log.c.number.desc()).limit(cursors.size(limit) + 1)).all()
        page = cursors.page(found, limit, lambda row: (str(row[0]),))
        return Page(tuple(Passage(*row[1:]) for row in page.items), page.next)

    def count(self) -> int:
        with glancing(self._engine) as tx:
            count: int = tx.execute(select(func.count()).select_from(visitors)).scalar_one()
        return count

    def close(self) -> None:
        """Close what the threads hold."""
        self._hot.close()
