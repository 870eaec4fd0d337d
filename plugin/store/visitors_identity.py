"""Who is one person: `plugin.ports.Identity` in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select, update

from plugin.ports import AuditEntry, Link, Linking
from plugin.store.engine import glancing, writing
from plugin.store.events_leases import write_among_others
from plugin.store.privacy_audit import append
from plugin.store.statements import among, insert_into
from plugin.store.visitor_tables import visitor_links as links
from plugin.store.visitors_rows import SqlGroups


class SqlLinking(SqlGroups):
    """`plugin.ports.Linking` over one transaction."""

    def links(self, sources: Collection[str]) -> tuple[Link, ...]:
        return links_of(self._tx, sources)

    def link(self, source: str, known: str, *, at: int, reason: str) -> bool:
        if self._tx.execute(select(links.c.since).where(_open(source, known)).with_for_update()).first() is not None:
            return False
        row = {"source": source, "known": known, "since": at, "ended": None, "reason": reason}
        insert = insert_into(self._tx, links).values(row)  # linked, undone and linked again within a millisecond
        again = insert.on_conflict_do_update(index_elements=list(links.primary_key.columns), set_={"ended": None})
        self._tx.execute(again)
        return True

    def unlink(self, source: str, known: str, *, at: int) -> bool:
        return self._tx.execute(update(links).where(_open(source, known)).values(ended=at)).rowcount > 0

    def audit(self, entries: Sequence[AuditEntry]) -> None:
        append(self._tx, entries)


class SqlIdentity:
    """`plugin.ports.Identity` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def begin(self) -> Iterator[Linking]:
        with writing(self._engine) as tx:
            write_among_others(tx)
            yield SqlLinking(tx)

    def links(self, sources: Collection[str]) -> tuple[Link, ...]:
        with glancing(self._engine) as tx:
            return links_of(tx, sources)


def links_of(tx: Connection, sources: Collection[str]) -> tuple[Link, ...]:
    """In order of source and since."""
    theirs = or_(among(tx, links.c.source, sources), among(tx, links.c.known, sources))
    wanted = select(links).where(theirs).order_by(links.c.source, links.c.since, links.c.known)
    return tuple(Link(**row) for row in tx.execute(wanted).mappings())


def _open(source: str, known: str) -> ColumnElement[bool]:
    return and_(links.c.source == source, links.c.known == known, links.c.ended.is_(None))
