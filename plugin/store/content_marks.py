"""Marks of what is to be looked at again, written in the transaction of whoever makes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, case, or_, select

from plugin.ports import SWEEP, Cause, Mark
from plugin.store.content_rows import Key, target_of
from plugin.store.statements import batches, insert_into
from plugin.store.tables import content_dirty as dirty
from plugin.store.tables import content_links as links
from plugin.store.types import storable

MOST_HOLDERS = 200  # that are fetched one by one; beyond, the whole source is read anew


def mark(tx: Connection, source: str, marks: Mapping[Mark, Cause], *, now: datetime) -> None:
    """Raise the counter of each. A notice makes of a link's mark one of its own, and begins the reading anew.

    Whoever touches several marks of a source does so in their order, so that two never wait for each other.
    """
    if not marks:
        return
    insert = insert_into(tx, dirty)
    fresh = insert.excluded
    settled = dirty.c.counter == dirty.c.done
    first = dirty.c.announced.is_(None)
    higher = and_(fresh.announced.is_not(None), or_(first, fresh.announced > dirty.c.announced))
    upsert = insert.on_conflict_do_update(
        index_elements=[dirty.c.source, dirty.c.id, dirty.c.locale],
        set_={
            "counter": dirty.c.counter + 1,
            "type": fresh.type,
            "cause": case((fresh.cause == "notice", "notice"), else_=dirty.c.cause),
            "noticed_at": case((settled, fresh.noticed_at), else_=dirty.c.noticed_at),
            "due_at": case((dirty.c.due_at < fresh.due_at, dirty.c.due_at), else_=fresh.due_at),
            "stage": 0,
            "attempts": 0,
            "announced": case((higher, fresh.announced), else_=dirty.c.announced),
            "announced_at": case((and_(higher, first), fresh.announced_at), else_=dirty.c.announced_at),
            "overdue": False,
        },
    )
    plain = {"counter": 1, "done": 0, "stage": 0, "attempts": 0, "noticed_at": now, "due_at": now, "overdue": False}
    rising = sorted(marks, key=lambda one: one.version or "")  # of several for one entry the highest stays
    unique = {one.key: one for one in rising if storable(one.id) and storable(one.locale)}
    rows = [
        {
            "source": source,
            "id": one.id,
            "locale": one.locale,
            "type": one.type,
            "cause": marks[one],
            "announced": one.version,
            "announced_at": None if one.version is None else now,
            **plain,
        }
        for _key, one in sorted(unique.items(), key=lambda item: item[0])
    ]
    for some in batches(rows):
        tx.execute(upsert, some)


def holders(tx: Connection, source: str, targets: Collection[str], *, but: Collection[Key]) -> dict[Mark, Cause]:
    """What was made from these, but for some, to be marked; of many, the whole source."""
    found: set[Key] = set()
    for some in batches(sorted(map(target_of, targets))):
        wanted = select(links.c.id, links.c.locale).where(links.c.source == source, links.c.target.in_(some))
        found |= {(id_, locale) for id_, locale in tx.execute(wanted)}
    found -= set(but)
    if len(found) > MOST_HOLDERS:
        return {Mark(*SWEEP): "notice"}
    return {Mark(*key): "link" for key in found}
