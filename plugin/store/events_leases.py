"""Leases of partitions. One that is given back leaves its row, so that tokens only ever grow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, func, or_, select, update

from plugin.ports import LONGEST_LEASE, Fenced, Lease
from plugin.store.engine import glancing, writing
from plugin.store.statements import ByNames, insert_into
from plugin.store.visitor_tables import partition_leases as leases

_LOCKED = ByNames(
    lambda among: (
        select(leases.c.partition, leases.c.token)
        .where(among(leases.c.partition))
        .order_by(leases.c.partition)
        .with_for_update()
    )
)
_RENEWED = ByNames(lambda among: update(leases).where(among(leases.c.partition)).values(expires=bindparam("until")))
_ALL = select(*(leases.c[field.name] for field in fields(Lease))).order_by(leases.c.partition)
_WRITERS = 0x7E55E7B  # of PostgreSQL's advisory locks; any number of our own


class SqlLeases:
    """`plugin.ports.Leases` in SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def acquire(self, partition: str, owner: str, *, now: int, ttl: int) -> int | None:
        expires = now + _checked(ttl)
        free = or_(leases.c.expires <= now, leases.c.expires > now + LONGEST_LEASE, leases.c.owner == owner)
        others = select(leases.c.token).where(leases.c.partition == partition, ~free)
        with glancing(self._engine) as tx:  # of those who ask again and again, none is in the way of writers
            if tx.execute(others).first() is not None:
                return None
        with writing(self._engine) as tx:
            taken = insert_into(tx, leases).values(partition=partition, owner=owner, token=1, expires=expires)
            token: int | None = tx.execute(
                taken.on_conflict_do_update(
                    index_elements=[leases.c.partition],
                    set_={"owner": owner, "token": leases.c.token + 1, "expires": expires},
                    where=free,
                ).returning(leases.c.token)
            ).scalar_one_or_none()
        return token

    def renew(self, partition: str, token: int, *, now: int, ttl: int) -> bool:
        kept = update(leases).where(_is(partition, token)).values(expires=now + _checked(ttl))
        with writing(self._engine) as tx:
            return tx.execute(kept).rowcount > 0

    def renew_all(self, tokens: Mapping[str, int], *, now: int, ttl: int) -> frozenset[str]:
        if not tokens:
            return frozenset()
        with writing(self._engine) as tx:
            kept = _held(tx, tokens)
            _RENEWED.execute(tx, kept, until=now + _checked(ttl))
        return frozenset(tokens.keys() - kept)

    def release(self, partition: str, token: int) -> None:
        with writing(self._engine) as tx:
            tx.execute(update(leases).where(_is(partition, token)).values(expires=0))

    def held(self) -> tuple[Lease, ...]:
        with glancing(self._engine) as tx:
            return tuple(Lease(*row) for row in tx.execute(_ALL))


def hold(tx: Connection, tokens: Mapping[str, int]) -> None:
    """Have the leases stay as they are until the transaction ends. Raises: Fenced."""
    gone = tokens.keys() - _held(tx, tokens)
    if gone:
        raise Fenced(gone)


def _held(tx: Connection, tokens: Mapping[str, int]) -> set[str]:
    """Those of which the tokens are right, locked in order."""
    return {partition for partition, token in _LOCKED.execute(tx, tokens) if token == tokens[partition]}


def write_among_others(tx: Connection) -> None:
    """Have no fence put up until the transaction ends, for what it writes was judged by those there are."""
    if tx.dialect.name == "postgresql":  # SQLite has one writer at a time
        tx.execute(select(func.pg_advisory_xact_lock_shared(_WRITERS)))


def write_alone(tx: Connection) -> None:
    """Wait for everybody who is writing profiles, and keep them waiting until the transaction ends."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(_WRITERS)))


def _is(partition: str, token: int) -> ColumnElement[bool]:
    return and_(leases.c.partition == partition, leases.c.token == token)


def _checked(ttl: int) -> int:
    if not 0 < ttl <= LONGEST_LEASE:
        raise ValueError(f"a lease is for 1 to {LONGEST_LEASE} ms")
    return ttl
