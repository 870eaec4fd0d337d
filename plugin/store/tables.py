"""The tables of content and rules; those of visitors are in `visitor_tables`.

A change needs a revision in ``migrations``: the drift check fails without.

JSON is kept as canonical text and not in the databases' own JSON types: what was digested is what is stored,
both databases hold the same bytes, and PostgreSQL's jsonb cannot hold the character NUL.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    false,
)

from plugin.store.types import Instant, Plain

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _single_row() -> tuple[Column[int], CheckConstraint]:
    """The key of a table that has exactly one row, made by the migration."""
    return (
        Column("id", Integer, primary_key=True, autoincrement=False),
        CheckConstraint("id = 1", name="single_row"),
    )


ruleset_versions = Table(
    "ruleset_versions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("document", Plain, nullable=False),
    Column("digest", Plain, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("author", Plain, nullable=False),
    Column("note", Plain, nullable=False),
)

ruleset_history = Table(
    "ruleset_history",
    metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("number", ForeignKey(ruleset_versions.c.number), nullable=False),
    Column("previous", ForeignKey(ruleset_versions.c.number)),
    Column("action", Plain, nullable=False),
    Column("at", Instant, nullable=False),
    Column("author", Plain, nullable=False),
    Column("note", Plain, nullable=False),
    CheckConstraint("action IN ('publish', 'rollback')", name="action"),
)

ruleset_head = Table(
    "ruleset_head",
    metadata,
    *_single_row(),
    Column("last_number", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("published", ForeignKey(ruleset_versions.c.number)),
)

draft = Table(
    "draft",
    metadata,
    *_single_row(),
    Column("revision", Integer, nullable=False),
    Column("document", Plain, nullable=False),
    Column("digest", Plain, nullable=False),
    Column("updated_at", Instant),
    Column("author", Plain, nullable=False),
)

serving_processes = Table(
    "serving_processes",
    metadata,
    Column("process", Plain, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("rules", Integer, nullable=False),
    Column("content", Integer, nullable=False),
    Column("since", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)

content_head = Table(
    "content_head",
    metadata,
    *_single_row(),
    Column("epoch", Integer, nullable=False),
)

content_sources = Table(
    "content_sources",
    metadata,
    Column("source", Plain, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("cursor", Plain),
    Column("last_ok_at", Instant),
    Column("last_error", Plain),
    Column("last_error_at", Instant),
    Column("failures", Integer, nullable=False),
    Column("serial", Integer, nullable=False, server_default="0"),  # of the last write to the source's entries
    Column("swept_at", Instant),
    Column("held_removals", Integer, nullable=False, server_default="0"),
)

content_entries = Table(
    "content_entries",
    metadata,
    Column("source", Plain, ForeignKey(content_sources.c.source), primary_key=True),
    Column("id", Plain, primary_key=True),
    Column("locale", Plain, primary_key=True),  # "" where the entry has none: a key has no nulls
    Column("type", Plain, nullable=False),
    Column("tags", Plain, nullable=False),
    Column("fields", Plain, nullable=False),
    Column("published_at", Instant),
    Column("version", Plain),
    Column("links", Plain, nullable=False),
    Column("origin", Plain),
    Column("digest", Plain, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("depends_on", Plain, nullable=False, server_default="[]"),
    Column("serial", Integer, nullable=False, server_default="0"),
    Index(None, "id"),
)

content_problems = Table(
    "content_problems",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("source", Plain, ForeignKey(content_sources.c.source), nullable=False, index=True),
    Column("id", Plain),
    Column("locale", Plain),
    Column("file", Plain),
    Column("line", Integer),
    Column("reason", Plain, nullable=False),
)

content_links = Table(
    "content_links",
    metadata,
    Column("source", Plain, primary_key=True),
    Column("id", Plain, primary_key=True),
    Column("locale", Plain, primary_key=True),
    Column("target", Plain, primary_key=True),
    ForeignKeyConstraint(
        ["source", "id", "locale"],
        ["content_entries.source", "content_entries.id", "content_entries.locale"],
        name="fk_content_links_entry",
        ondelete="CASCADE",
    ),
    Index("ix_content_links_target", "source", "target"),
)

content_tombstones = Table(
    "content_tombstones",
    metadata,
    Column("source", Plain, primary_key=True),
    Column("id", Plain, primary_key=True),
    Column("locale", Plain, primary_key=True),
    Column("type", Plain, nullable=False),
    Column("tags", Plain, nullable=False),
    Column("version", Plain),
    Column("serial", Integer, nullable=False),
    Column("deleted_at", Instant, nullable=False),
)

content_dirty = Table(
    "content_dirty",
    metadata,
    Column("source", Plain, primary_key=True),
    Column("id", Plain, primary_key=True),  # "": the whole source
    Column("locale", Plain, primary_key=True),  # "": any
    Column("counter", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("type", Plain),
    Column("cause", Plain, nullable=False),
    Column("noticed_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Plain),
    Column("lease", Plain),
    Column("lease_until", Instant),
    Column("announced", Plain),  # the highest version that was announced and not seen
    Column("announced_at", Instant),
    Column("overdue", Boolean, nullable=False, server_default=false()),
    CheckConstraint("cause IN ('link', 'notice')", name="cause"),
    Index(None, "source", "due_at"),
)

content_purges = Table(
    "content_purges",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("source", Plain, nullable=False),
    Column("id", Plain, nullable=False),  # "": so many changed at once that the whole source is named
    Column("locale", Plain, nullable=False),
    Column("tags", Plain, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False, index=True),  # of the content; 0: the rules alone changed
    Column("noticed_at", Instant),
    Column("version", Plain),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, index=True),  # none: handed over to the caches
    # How often it was sent, tried and refused, to all caches alike: so until 0010, and by processes of that age.
    Column("passes", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Plain),
    Column("types", Plain, nullable=False, server_default="[]"),  # before and after, like the tags
    Column("rules", Integer, nullable=False, server_default="0"),  # their epoch; 0: they did not change
    Column("audience", Boolean, nullable=False, server_default=false()),  # who gets what, and no entry
    Column("fields", Plain),  # that changed, where nothing else did; none: anything may have
    Column("slots", Plain),  # of which who gets what is another; none: any may be
)

cache_purges = Table(  # what a cache is still to be told; what it was told goes
    "cache_purges",
    metadata,
    Column("number", ForeignKey(content_purges.c.number, ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("cache", Plain, primary_key=True),
    Column("due_at", Instant, nullable=False),
    Column("passes", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),  # since it was last sent
    Column("last_error", Plain),
    Index(None, "cache", "due_at"),
)

cache_rests = Table(  # caches that failed, or asked for fewer requests, are left alone
    "cache_rests",
    metadata,
    Column("cache", Plain, primary_key=True),
    Column("until", Instant, nullable=False),
)
