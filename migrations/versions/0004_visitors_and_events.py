"""What events need: visitors, their segments, the log of events, leases of workers, and what privacy asks for.

Revision 0004, after 0003. Only new tables.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = (
    "audit_log",
    "dead_letters",
    "erasure_fences",
    "erasures",
    "event_ids",
    "event_types",
    "events",
    "hot_outbox",
    "partition_leases",
    "segment_log",
    "segment_members",
    "visitor_links",
    "visitor_ticks",
    "visitors",
)


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", PLAIN, nullable=False),
        sa.Column("action", PLAIN, nullable=False),
        sa.Column("source", PLAIN, nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("detail", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_log"),
    )
    op.create_index("ix_audit_log_source", "audit_log", ["source"])
    op.create_table(
        "dead_letters",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("source", PLAIN, nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("reason", PLAIN, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("replayed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
    )
    op.create_index("ix_dead_letters_source", "dead_letters", ["source"])
    op.create_table(
        "erasure_fences",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("receipt", PLAIN, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_erasure_fences"),
    )
    op.create_table(
        "erasures",
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("state", PLAIN, nullable=False),
        sa.Column("requested", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.create_table(
        "event_ids",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_ids"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_types",
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("schema", PLAIN, nullable=False),
        sa.Column("purpose", PLAIN, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_event_types"),
    )
    op.create_table(
        "events",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("type", PLAIN, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("content_id", PLAIN, nullable=True),
        sa.Column("slot", PLAIN, nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("properties", sa.LargeBinary(), nullable=True),
        sa.Column("decision_id", PLAIN, nullable=True),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
    )
    op.create_index("ix_events_source", "events", ["source"])
    op.create_index("ix_events_type_time", "events", ["type", "time"])
    op.create_table(
        "hot_outbox",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_hot_outbox"),
    )
    op.create_table(
        "partition_leases",
        sa.Column("partition", PLAIN, nullable=False),
        sa.Column("owner", PLAIN, nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name="pk_partition_leases"),
    )
    op.create_table(
        "segment_log",
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("segment", PLAIN, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("way", PLAIN, nullable=False),
        sa.Column("reason", PLAIN, nullable=False),
        sa.CheckConstraint("way IN ('entered', 'left')", name=op.f("ck_segment_log_way")),
        sa.PrimaryKeyConstraint("number", name="pk_segment_log"),
    )
    op.create_index("ix_segment_log_at", "segment_log", ["at"])
    op.create_index("ix_segment_log_source", "segment_log", ["source"])
    op.create_table(
        "segment_members",
        sa.Column("segment", PLAIN, nullable=False),
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("kind", PLAIN, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("reason", PLAIN, nullable=False),
        sa.Column("touched", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('pattern', 'list', 'computed')", name=op.f("ck_segment_members_kind")),
        sa.PrimaryKeyConstraint("segment", "source", name="pk_segment_members"),
    )
    op.create_index("ix_segment_members_source", "segment_members", ["source"])
    op.create_index("ix_segment_members_until", "segment_members", ["until"])
    op.create_table(
        "visitor_links",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("known", PLAIN, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("reason", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("source", "known", "since", name="pk_visitor_links"),
    )
    op.create_index("ix_visitor_links_known", "visitor_links", ["known"])
    op.create_table(
        "visitor_ticks",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("bucket", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_visitor_ticks"),
    )
    op.create_index("ix_visitor_ticks_due", "visitor_ticks", ["due"])
    op.create_table(
        "visitors",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("uid", PLAIN, nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("person", PLAIN, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("hot", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("window", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_visitors"),
    )
    op.create_index("ix_visitors_day", "visitors", ["day"])
    op.create_index("ix_visitors_person", "visitors", ["person"])


def downgrade() -> None:
    """Everything that is known of visitors is lost."""
    for table in TABLES:
        op.drop_table(table)
