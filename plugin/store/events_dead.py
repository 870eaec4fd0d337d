"""Letters that could not be applied: `plugin.ports.DeadLetters` in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, Engine, delete, func, select, update

from plugin.ports import DeadLetter, Page
from plugin.store import cursors
from plugin.store.content_rows import LONGEST_REASON
from plugin.store.engine import glancing, reading, writing
from plugin.store.statements import among, batches, insert_into, upsert
from plugin.store.types import storable
from plugin.store.visitor_tables import dead_letters as letters


class SqlDeadLetters:
    """`plugin.ports.DeadLetters` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, letters: Sequence[DeadLetter]) -> None:
        with writing(self._engine) as tx:
            put_letters(tx, letters)

    def page(self, *, replayed: bool | None = False, after: str | None = None, limit: int = 50) -> Page[DeadLetter]:
        wanted = select(letters).order_by(letters.c.id).limit(cursors.size(limit) + 1)
        if replayed is not None:
            wanted = wanted.where(letters.c.replayed_at.is_not(None) == replayed)
        if after is not None:
            wanted = wanted.where(letters.c.id > cursors.decode(after, str)[0])
        with reading(self._engine) as tx:
            found = [DeadLetter(**row) for row in tx.execute(wanted).mappings()]
        return cursors.page(found, limit, lambda letter: (letter.id,))

    def get(self, ids: Collection[str]) -> tuple[DeadLetter, ...]:
        with reading(self._engine) as tx:
            wanted = select(letters).where(among(tx, letters.c.id, ids)).order_by(letters.c.id)
            return tuple(DeadLetter(**row) for row in tx.execute(wanted).mappings())

    def replayed(self, letter: DeadLetter, *, at: int) -> None:
        # Its attempts tell: a worker may have given it up once more before this is written.
        as_read = (letters.c.id == letter.id) & (letters.c.attempts == letter.attempts)
        with writing(self._engine) as tx:
            tx.execute(update(letters).where(as_read).values(replayed_at=at))

    def discard(self, ids: Collection[str]) -> int:
        with writing(self._engine) as tx:
            return tx.execute(delete(letters).where(among(tx, letters.c.id, ids))).rowcount

    def waiting(self) -> int:
        wanted = select(func.count()).select_from(letters).where(letters.c.replayed_at.is_(None))
        with glancing(self._engine) as tx:
            count: int = tx.execute(wanted).scalar_one()
        return count


def put_letters(tx: Connection, new: Sequence[DeadLetter]) -> None:
    """Keep them, in the transaction of whoever gave them up. One that comes again waits again."""
    fresh = ("source", "key_version", "payload", "reason", "last_at", "replayed_at")
    insert = insert_into(tx, letters)
    put = upsert(insert, *fresh, attempts=letters.c.attempts + insert.excluded.attempts)
    unique = {one.id: one for one in new}
    rows = ({**asdict(one), "reason": _shown(one.reason)} for _id, one in sorted(unique.items()))
    for some in batches(rows):
        tx.execute(put, some)


def _shown(reason: str) -> str:
    return (reason if storable(reason) else ascii(reason))[:LONGEST_REASON]
