"""The tables of visitors and events, on the same metadata as the others.

What is written for every event is kept cheap: instants are integers (milliseconds since the epoch, UTC), encoded
values are bytes, and keys are hexadecimal hashes of ours, which need no look at their characters.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
)

from plugin.store.tables import metadata
from plugin.store.types import Plain

DAY = 86_400_000

# Compared by code point in both databases, and trusted to be plain: a hash, or a word of ours.
Token = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite numbers rows by itself only in a column of exactly this type.
Number = BigInteger().with_variant(Integer(), "sqlite")


def _number() -> Column[int]:
    return Column("number", Number, primary_key=True)


def _of(**options: Any) -> tuple[Column[str], Column[int]]:  # noqa: ANN401  # options of a column
    """Whose it is, and by which key: what a job that brings in a new one goes by."""
    return Column("source", Token, **options), Column("key_version", Integer, nullable=False)


visitors = Table(
    "visitors",
    metadata,
    *_of(primary_key=True),
    Column("uid", Token, nullable=False),
    Column("known", Boolean, nullable=False),
    Column("person", Token, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("day", Integer, nullable=False, index=True),  # of ``seen``: an index on that would move with every event
    Column("hot", LargeBinary, nullable=False),  # before the others: SQLite reads long rows from the front
    Column("state", LargeBinary, nullable=False),
    Column("window", LargeBinary, nullable=False),
    Column("reserved", Boolean, server_default=false(), nullable=False),
)

visitor_links = Table(
    "visitor_links",
    metadata,
    Column("source", Token, primary_key=True),
    Column("known", Token, primary_key=True),
    Column("since", BigInteger, primary_key=True),
    Column("ended", BigInteger),
    Column("reason", Plain, nullable=False),
    Index(None, "known"),
)

visitor_ticks = Table(
    "visitor_ticks",
    metadata,
    Column("source", Token, primary_key=True),
    Column("due", BigInteger, nullable=False, index=True),
    Column("bucket", BigInteger, nullable=False),  # of the source: its remainder is the partition
)

hot_outbox = Table(
    "hot_outbox",
    metadata,
    Column("source", Token, primary_key=True),
    Column("version", BigInteger, nullable=False),
)

segment_members = Table(
    "segment_members",
    metadata,
    Column("segment", Plain, primary_key=True),
    *_of(primary_key=True),
    Column("kind", Token, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, index=True),
    Column("score", Float),
    Column("reason", Plain, nullable=False),
    Column("touched", BigInteger, nullable=False),  # when it was last said to be in: by that a list is replaced
    CheckConstraint("kind IN ('pattern', 'list', 'computed')", name="kind"),
    Index(None, "source"),
)

segment_log = Table(
    "segment_log",
    metadata,
    _number(),
    *_of(nullable=False),
    Column("segment", Plain, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("way", Token, nullable=False),
    Column("reason", Plain, nullable=False),
    CheckConstraint("way IN ('entered', 'left')", name="way"),
    Index(None, "source"),
)

events = Table(
    "events",
    metadata,
    _number(),
    *_of(nullable=False),
    Column("id", Plain, nullable=False),
    Column("type", Plain, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("content_id", Plain),
    Column("slot", Plain),
    Column("value", Float),
    Column("properties", LargeBinary),
    Column("decision_id", Plain),
    Column("flags", Integer, nullable=False),
    Column("facts", LargeBinary),
    Index(None, "source"),
    Index(None, "type", "time"),
)

event_ids = Table(
    "event_ids",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("day", Integer, nullable=False),
    sqlite_with_rowid=False,
)

event_types = Table(
    "event_types",
    metadata,
    Column("name", Plain, primary_key=True),
    Column("schema", Plain, nullable=False),
    Column("purpose", Plain, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

partition_leases = Table(
    "partition_leases",
    metadata,
    Column("partition", Plain, primary_key=True),
    Column("owner", Plain, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Plain, primary_key=True),
    *_of(index=True),
    Column("payload", LargeBinary, nullable=False),
    Column("reason", Plain, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("replayed_at", BigInteger),
)

erasure_fences = Table(
    "erasure_fences",
    metadata,
    *_of(primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("receipt", Plain, nullable=False),
    Column("until", BigInteger, nullable=False),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Plain, primary_key=True),
    Column("state", Plain, nullable=False),
    Column("requested", BigInteger, nullable=False),
    Column("finished", BigInteger),
)

audit_log = Table(
    "audit_log",
    metadata,
    _number(),
    Column("at", BigInteger, nullable=False),
    Column("actor", Plain, nullable=False),
    Column("action", Plain, nullable=False),
    *_of(index=True),
    Column("detail", Plain, nullable=False),
)
