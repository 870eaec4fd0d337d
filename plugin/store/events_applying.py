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
from plugin.store.many import Many, storable_all
from plugin.store.statements import among, batches, upsert
from plugin.store.visitor_tables import event_ids, events
from plugin.store.visitor_tables import segment_members as members
from plugin.store.visitor_tables import visitor_ticks as ticks
from plugin.store.visitors_rows import SqlGroups
from plugin.store.watch import Kept, Watch

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
_TEXTS = attrgetter("id", "type", "content_id", "slot", "decision_id")
_ADD_IDS = Many(
    ("id", "digest", "day"),
    # One that is over may not be swept yet.
    lambda insert: upsert(
        insert(event_ids), "digest", "day", only=lambda fresh: event_ids.c.day < fresh.day - DAYS_KEPT
    ),
)
# As text, for it is asked of every event twice, and many values are dear to write into a statement otherwise.
_KNOWN = "SELECT id, digest FROM event_ids WHERE day >= {} AND id {}"
_LOG = Many(NAMES, lambda insert: insert(events))


class SqlBatch(SqlGroups):
    """`plugin.ports.Batch` over one transaction."""

    def known_ids(self, ids: Collection[bytes], *, day: int) -> Mapping[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        values: tuple[object, ...]
        for some in batches(ids):
            if self._tx.dialect.name == "postgresql":
                text, values = _KNOWN.format("%s", "= ANY(%s)"), (day - DAYS_KEPT, some)
            else:
                text, values = _KNOWN.format("?", f"IN (?{',?' * (len(some) - 1)})"), (day - DAYS_KEPT, *some)
            found |= {id_: digest for id_, digest in self._tx.exec_driver_sql(text, values)}  # noqa: C416  # a row is no pair to mypy
        return found

    def add_ids(self, ids: Mapping[bytes, bytes], *, day: int) -> None:
        rows = [(id_, ids[id_], day) for id_ in sorted(ids)]
        if _ADD_IDS.execute(self._tx, rows) != len(rows):
            raise Conflict("An event was applied by another meanwhile.")

    def listed(self, sources: Collection[str]) -> Mapping[str, int]:
        if not sources:
            return {}
        wanted = select(members.c.source, func.max(members.c.key_version)).group_by(members.c.source)
        rows = self._tx.execute(wanted.where(among(self._tx, members.c.source, sources)))
        return {source: version for source, version in rows}  # noqa: C416  # a row is no pair to mypy

    def log(self, events_: Sequence[EventRow]) -> None:
        storable_all(text for event in events_ for text in _TEXTS(event))
        _LOG.execute(self._tx, [_VALUES(event) for event in events_])

    def dead(self, letters: Sequence[DeadLetter]) -> None:
        put_letters(self._tx, letters)


class SqlApplying:
    """`plugin.ports.Applying` in SQL."""

    def __init__(self, engine: Engine, watch: Watch) -> None:
        self._engine = engine
        self._first = Kept(watch, watch.look(select(func.min(ticks.c.due))))

    @contextmanager
    def begin(self, tokens: Mapping[str, int]) -> Iterator[Batch]:
        with writing(self._engine) as tx:
            hold(tx, tokens)
            write_among_others(tx)
            yield SqlBatch(tx)

    def known_ids(self, ids: Collection[bytes], *, day: int) -> Mapping[bytes, bytes]:
        with glancing(self._engine) as tx:
            return SqlBatch(tx).known_ids(ids, day=day)

    def due(self, *, now: int, partition: int = 0, partitions: int = 1, limit: int = 500) -> tuple[Tick, ...]:
        mine = ticks.c.bucket % partitions == partition
        wanted = select(ticks.c.source, ticks.c.due).where(ticks.c.due <= now, mine)
        with glancing(self._engine) as tx:
            return tuple(Tick(*row) for row in tx.execute(wanted.order_by(ticks.c.due).limit(limit)))

    def next_due(self) -> int | None:
        first: int | None = self._first()[0][0]
        return first
