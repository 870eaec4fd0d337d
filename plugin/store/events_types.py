"""Custom types of events: `plugin.ports.EventTypes` in SQL."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, select

from plugin.errors import NotFound, PreconditionFailed
from plugin.ports import EventType
from plugin.store.engine import glancing, writing
from plugin.store.statements import insert_into, upsert
from plugin.store.visitor_tables import event_types as types


class SqlEventTypes:
    """`plugin.ports.EventTypes` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, name: str, schema: str, purpose: str, *, at: int, expected: int | None = None) -> EventType:
        row = {"name": name, "schema": schema, "purpose": purpose, "version": 1, "updated_at": at}
        with writing(self._engine) as tx:
            held = _version(tx, name)
            if expected is not None and expected != (held or 0):
                raise PreconditionFailed(f"The type is at version {held or 0}, not {expected}.")
            put = upsert(insert_into(tx, types), "schema", "purpose", "updated_at", version=types.c.version + 1)
            made = tx.execute(put.values(row).returning(types)).mappings().one()
            return EventType(**made)

    def every(self) -> tuple[EventType, ...]:
        with glancing(self._engine) as tx:
            return tuple(EventType(**row) for row in tx.execute(select(types).order_by(types.c.name)).mappings())

    def delete(self, name: str, *, expected: int | None = None) -> None:
        with writing(self._engine) as tx:
            held = _version(tx, name)
            if held is None:
                raise NotFound("There is no such type of events.")
            if expected is not None and expected != held:
                raise PreconditionFailed(f"The type is at version {held}, not {expected}.")
            tx.execute(delete(types).where(types.c.name == name))


def _version(tx: Connection, name: str) -> int | None:
    """Of the type, held until the transaction ends."""
    held: int | None = tx.execute(
        select(types.c.version).where(types.c.name == name).with_for_update()
    ).scalar_one_or_none()
    return held
