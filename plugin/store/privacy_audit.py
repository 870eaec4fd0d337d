"""Who read or changed personal data: `plugin.ports.Audit` in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, Engine, select

from plugin.ports import AuditEntry, Page
from plugin.store import cursors
from plugin.store.engine import glancing, writing
from plugin.store.statements import batches
from plugin.store.visitor_tables import audit_log

AUDIT = [audit_log.c[name] for name in ("at", "actor", "action", "source", "key_version", "detail")]


def append(tx: Connection, entries: Sequence[AuditEntry]) -> None:
    """Write entries with whatever else the transaction does."""
    for some in batches(map(asdict, entries)):
        tx.execute(audit_log.insert(), some)


class SqlAudit:
    """`plugin.ports.Audit` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, entries: Sequence[AuditEntry]) -> None:
        with writing(self._engine) as tx:
            append(tx, entries)

    def page(self, *, source: str | None = None, after: str | None = None, limit: int = 50) -> Page[AuditEntry]:
        wanted = select(audit_log.c.number, *AUDIT).order_by(audit_log.c.number.desc())
        if source is not None:
            wanted = wanted.where(audit_log.c.source == source)
        if after is not None:
            wanted = wanted.where(audit_log.c.number < cursors.number(after))
        with glancing(self._engine) as tx:
            found = tx.execute(wanted.limit(cursors.size(limit) + 1)).all()
        page = cursors.page(found, limit, lambda row: (str(row[0]),))
        return Page(tuple(AuditEntry(*row[1:]) for row in page.items), page.next)
