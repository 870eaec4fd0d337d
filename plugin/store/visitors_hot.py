"""Which hot copies are to be written: `plugin.ports.HotOutbox` in SQL."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine, case, func, select

from plugin.ports import HotCopy
from plugin.store.engine import glancing, writing
from plugin.store.statements import batches
from plugin.store.visitor_tables import hot_outbox as outbox
from plugin.store.visitor_tables import visitors
from plugin.store.visitors_rows import take_out
from plugin.store.watch import Kept, Watch


class SqlHotOutbox:
    """`plugin.ports.HotOutbox` in SQL."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._first = Kept(watch, watch.look(select(outbox.c.source).limit(1)))

    def pending(self, limit: int = 500) -> tuple[HotCopy, ...]:
        if not self._first():
            return ()
        newer = case((visitors.c.version >= outbox.c.version, visitors.c.version), else_=outbox.c.version)
        wanted = (
            select(outbox.c.source, newer, visitors.c.hot)
            .join_from(outbox, visitors, outbox.c.source == visitors.c.source, isouter=True)
            .limit(limit)
        )
        with glancing(self._engine) as tx:
            return tuple(HotCopy(*row) for row in tx.execute(wanted))

    def done(self, versions: Mapping[str, int]) -> None:
        for some in batches(sorted(versions)):
            with writing(self._engine) as tx:
                take_out(tx, {source: versions[source] for source in some})

    def waiting(self) -> int:
        with glancing(self._engine) as tx:
            count: int = tx.execute(select(func.count()).select_from(outbox)).scalar_one()
        return count

    def every(self, *, after: str = "", limit: int = 500) -> tuple[HotCopy, ...]:
        wanted = select(visitors.c.source, visitors.c.version, visitors.c.hot).where(visitors.c.source > after)
        with glancing(self._engine) as tx:
            return tuple(HotCopy(*row) for row in tx.execute(wanted.order_by(visitors.c.source).limit(limit)))
