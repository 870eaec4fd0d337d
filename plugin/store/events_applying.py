"""One transaction for a batch of events: `plugin.ports.Applying` in SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter

from sqlalchemy import Engine, func, select

from plugin.errors import Conflict
from plugin.ports import DAYS_KEPT, Batch, DeadLetter, EventRow, Tick
from plugin.store.engine import glancing, writing
from plugin.store.events_dead import put_letters
from plugin.store.events_leases import hold, write_among_others
from plugin.store.statements import batches, insert_into
from plugin.store.visitor_tables import event_ids, events
from plugin.store.visitor_tables import visitor_ticks as ticks
from plugin.store.visitors_rows import SqlGroups

NAMES = (
    "id",
    "source",
    "key_version",
    "type",
    "time",
    "received",
    "content_id",
    "slot",
    "value",
    "properties",
    "decision_id",
    "flags",
    "facts",
)
_VALUES = attrgetter(*NAMES)


class SqlBatch(SqlGroups):
    """`plugin.ports.Batch` over one transaction."""

    def known_ids(self, ids: Collection[bytes], *, day: int) -> Mapping[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for some in batches(ids):
            wanted = select(event_ids.c.id, event_ids.c.digest)
            kept = event_ids.c.day >= day - DAYS_KEPT
            found |= {id_: digest for id_, digest in self._tx.execute(wanted.where(event_ids.c.id.in_(some), kept))}  # noqa: C416  # a row is no pair to mypy
        return found

    def add_ids(self, ids: Mapping[bytes, bytes], *, day: int) -> None:
        insert = insert_into(self._tx, event_ids)
        fresh = insert.excluded
        upsert = insert.on_conflict_do_update(
            index_elements=[event_ids.c.id],
            set_={"digest": fresh.digest, "day": fresh.day},
            where=event_ids.c.day < fresh.day - DAYS_KEPT,  # it is over, and not swept yet
        )
        rows = [{"id": id_, "digest": ids[id_], "day": day} for id_ in sorted(ids)]
        upsert = upsert.execution_options(preserve_rowcount=True)
        for some in batches(rows):
            if self._tx.execute(upsert, some).rowcount != len(some):
                raise Conflict("An event was applied by another meanwhile.")

    def log(self, events_: Sequence[EventRow]) -> None:
        for some in batches(events_):
            self._tx.execute(events.insert(), [dict(zip(NAMES, _VALUES(event), strict=True)) for event in some])

    def dead(self, letters: Sequence[DeadLetter]) -> None:
        put_letters(self._tx, letters)


class SqlApplying:
    """`plugin.ports.Applying` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def begin(self, partition: str, token: int) -> Iterator[Batch]:
        with writing(self._engine) as tx:
            hold(tx, partition, token)
            write_among_others(tx)
            yield SqlBatch(tx)

    def due(self, *, now: int, partition: int = 0, partitions: int = 1, limit: int = 500) -> tuple[Tick, ...]:
        mine = ticks.c.bucket % partitions == partition
        wanted = select(ticks.c.source, ticks.c.due).where(ticks.c.due <= now, mine)
        with glancing(self._engine) as tx:
            return tuple(Tick(*row) for row in tx.execute(wanted.order_by(ticks.c.due).limit(limit)))

    def next_due(self) -> int | None:
        with glancing(self._engine) as tx:
            first: int | None = tx.execute(select(func.min(ticks.c.due))).scalar_one()
        return first
