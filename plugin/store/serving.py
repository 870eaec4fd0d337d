"""What each process serves: one small row, written when that changes and when it is time to be heard again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine, delete, select

from plugin.ports.serving import Serving
from plugin.store.engine import reading, writing
from plugin.store.statements import replace_in
from plugin.store.tables import serving_processes as processes


class SqlServing:
    """`plugin.ports.serving.ServingStore` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def report(self, serving: Serving) -> None:
        with writing(self._engine) as tx:
            tx.execute(replace_in(tx, processes), [asdict(serving)])

    def leave(self, process: str) -> None:
        with writing(self._engine) as tx:
            tx.execute(delete(processes).where(processes.c.process == process))

    def live(self, since: datetime) -> tuple[Serving, ...]:
        with reading(self._engine) as tx:
            wanted = select(processes).where(processes.c.seen_at > since).order_by(processes.c.process)
            return tuple(Serving(**row) for row in tx.execute(wanted).mappings())

    def forget(self, before: datetime) -> None:
        with writing(self._engine) as tx:
            tx.execute(delete(processes).where(processes.c.seen_at < before))
