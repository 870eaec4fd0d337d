"""Events of visitors, as they are logged: `plugin.ports.EventLog` in SQL."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Engine, select

from plugin.ports import EventRow, Page
from plugin.store import cursors
from plugin.store.engine import glancing
from plugin.store.events_applying import NAMES
from plugin.store.statements import among
from plugin.store.visitor_tables import events


class SqlEventLog:
    """`plugin.ports.EventLog` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, sources: Collection[str], *, after: str | None = None, limit: int = 50) -> Page[EventRow]:
        wanted = select(events.c.number, *(events.c[name] for name in NAMES)).order_by(events.c.number.desc())
        if after is not None:
            wanted = wanted.where(events.c.number < cursors.number(after))
        with glancing(self._engine) as tx:
            theirs = wanted.where(among(tx, events.c.source, sources))
            found = tx.execute(theirs.limit(cursors.size(limit) + 1)).all()
        page = cursors.page(found, limit, lambda row: (str(row[0]),))
        return Page(tuple(EventRow(*row[1:]) for row in page.items), page.next)
