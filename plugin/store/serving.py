"""What each process serves: one small row, written when that changes and when it is time to be heard again."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import Engine, delete, select

from plugin.ports.serving import Serving
from plugin.store.engine import writing
from plugin.store.statements import replace_in
from plugin.store.tables import serving_processes as processes
from plugin.store.watch import Kept, Watch


class SqlServing:
    """`plugin.ports.serving.ServingStore` in SQL."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        # All, and those that are gone left out here: asked without a date, it need not be asked again and again.
        columns = [processes.c[field.name] for field in fields(Serving)]
        self._all = Kept(watch, watch.look(select(*columns).order_by(processes.c.process)))

    def report(self, serving: Serving) -> None:
        with writing(self._engine) as tx:
            tx.execute(replace_in(tx, processes), [asdict(serving)])

    def leave(self, process: str) -> None:
        with writing(self._engine) as tx:
            tx.execute(delete(processes).where(processes.c.process == process))

    def live(self, since: datetime) -> tuple[Serving, ...]:
        return tuple([one for one in (Serving(*row) for row in self._all()) if one.seen_at > since])

    def forget(self, before: datetime) -> None:
        with writing(self._engine) as tx:
            tx.execute(delete(processes).where(processes.c.seen_at < before))
