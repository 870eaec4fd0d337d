"""Memberships, written in the transaction of whoever changes them, with the log of entries and exits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, delete, select

from plugin.ports import Change, Membership
from plugin.store.many import Many, Row, storable_all
from plugin.store.statements import ByNames, upsert
from plugin.store.visitor_tables import segment_log as log
from plugin.store.visitor_tables import segment_members as members

COLUMNS = [members.c[name] for name in ("segment", "source", "kind", "since", "until", "score", "reason")]
_HELD = ByNames(
    lambda among: select(*COLUMNS).where(among(members.c.source)).order_by(members.c.source, members.c.segment)
)
_LEAVE = Many(
    ("of_segment", "of_source"),
    lambda _insert: delete(members).where(
        members.c.segment == bindparam("of_segment"), members.c.source == bindparam("of_source")
    ),
)
_NOTE = Many(("segment", "source", "key_version", "at", "way", "reason"), lambda insert: insert(log))


def _enter(insert: Any) -> Any:  # noqa: ANN401  # alike in both dialects, with no common type
    new = insert(members)
    ended = and_(members.c.until.is_not(None), members.c.until <= new.excluded.since)
    since = case((ended, new.excluded.since), else_=members.c.since)
    # Of two that write at once, the later instant stays: else a replacement would take out whom it names itself.
    later = new.excluded.touched > members.c.touched
    touched = case((later, new.excluded.touched), else_=members.c.touched)
    return upsert(new, "kind", "until", "score", "reason", since=since, touched=touched)


_ENTER = Many([column.name for column in members.c], _enter)


def held(tx: Connection, sources: Collection[str]) -> tuple[Membership, ...]:
    """In order of source and segment."""
    return tuple(Membership(*row) for row in _HELD.execute(tx, sources))


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
            leave_all.append((one.segment, one.source))
        else:
            enter_all.append(row_of(one))
        if one.way == "left" or now_in is None or over(now_in, one.at):
            logged.append(one)
    storable_all(text for one in changes for text in (one.segment, one.reason))
    enter(tx, enter_all)
    leave(tx, leave_all)
    note(tx, logged)


def over(membership: Membership, at: int) -> bool:
    """Whether its time was over by then, though it is still stored."""
    return membership.until is not None and membership.until <= at


def row_of(one: Change) -> Row:
    """As `enter` takes it."""
    return (one.segment, one.source, one.key_version, one.kind, one.at, one.until, one.score, one.reason, one.at)


def leave(tx: Connection, rows: Sequence[Row]) -> None:
    """Take them out: segment and source of each."""
    _LEAVE.execute(tx, rows)


def enter(tx: Connection, rows: Sequence[Row]) -> None:
    """One that is in stays since when it was, unless that was over."""
    _ENTER.execute(tx, rows)


def note(tx: Connection, changes: Sequence[Change]) -> None:
    """Log them."""
    rows = [(one.segment, one.source, one.key_version, one.at, one.way, one.reason) for one in changes]
    _NOTE.execute(tx, rows)
