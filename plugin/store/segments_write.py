"""Memberships, written in the transaction of whoever changes them, with the log of entries and exits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, delete, select

from plugin.ports import Change, Membership
from plugin.store.statements import among, batches, insert_into
from plugin.store.visitor_tables import segment_log as log
from plugin.store.visitor_tables import segment_members as members

COLUMNS = [members.c[name] for name in ("segment", "source", "kind", "since", "until", "score", "reason")]
_LEAVE = delete(members).where(members.c.segment == bindparam("of_segment"), members.c.source == bindparam("of_source"))


def held(tx: Connection, sources: Collection[str]) -> tuple[Membership, ...]:
    """In order of source and segment."""
    wanted = select(*COLUMNS).where(among(tx, members.c.source, sources))
    found = tx.execute(wanted.order_by(members.c.source, members.c.segment))
    return tuple(Membership(*row) for row in found)


def change(tx: Connection, changes: Sequence[Change]) -> None:
    """Make them, of each source and segment one; what changes nothing is not logged."""
    if not changes:
        return
    inside = {(one.segment, one.source): one for one in held(tx, {change.source for change in changes})}
    enter_all, leave_all, logged = [], [], []
    for one in sorted(changes, key=lambda one: (one.segment, one.source)):
        now_in = inside.get((one.segment, one.source))
        if one.way == "left":
            if now_in is None:
                continue
            leave_all.append({"of_segment": one.segment, "of_source": one.source})
        else:
            enter_all.append(row_of(one))
        if one.way == "left" or now_in is None or over(now_in, one.at):
            logged.append(one)
    enter(tx, enter_all)
    for some in batches(leave_all):
        tx.execute(_LEAVE, some)
    note(tx, logged)


def over(membership: Membership, at: int) -> bool:
    """Whether its time was over by then, though it is still stored."""
    return membership.until is not None and membership.until <= at


def row_of(one: Change) -> dict[str, Any]:
    return {
        "segment": one.segment,
        "source": one.source,
        "key_version": one.key_version,
        "kind": one.kind,
        "since": one.at,
        "until": one.until,
        "score": one.score,
        "reason": one.reason,
        "touched": one.at,
    }


def enter(tx: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """One that is in stays since when it was, unless that was over."""
    insert = insert_into(tx, members)
    fresh = insert.excluded
    ended = and_(members.c.until.is_not(None), members.c.until <= fresh.since)
    upsert = insert.on_conflict_do_update(
        index_elements=[members.c.segment, members.c.source],
        set_={
            **{name: fresh[name] for name in ("kind", "until", "score", "reason", "touched")},
            "since": case((ended, fresh.since), else_=members.c.since),
        },
    )
    for some in batches(rows):
        tx.execute(upsert, some)


def note(tx: Connection, changes: Iterable[Change]) -> None:
    rows = (
        {
            "segment": one.segment,
            "source": one.source,
            "key_version": one.key_version,
            "at": one.at,
            "way": one.way,
            "reason": one.reason,
        }
        for one in changes
    )
    for some in batches(rows):
        tx.execute(log.insert(), some)
