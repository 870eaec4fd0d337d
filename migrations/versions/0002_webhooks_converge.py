"""What webhooks need: notices, links back, tombstones, purges; and when entries end.

Revision 0002, after 0001.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ENTRY_COLUMNS = ("expires_at", "depends_on", "serial")
SOURCE_COLUMNS = ("serial", "swept_at", "held_removals")


def upgrade() -> None:
    op.add_column("content_sources", sa.Column("serial", sa.Integer(), server_default="0", nullable=False))
    op.add_column("content_sources", sa.Column("swept_at", INSTANT, nullable=True))
    op.add_column("content_sources", sa.Column("held_removals", sa.Integer(), server_default="0", nullable=False))
    op.add_column("content_entries", sa.Column("expires_at", INSTANT, nullable=True))
    op.add_column("content_entries", sa.Column("depends_on", PLAIN, server_default="[]", nullable=False))
    op.add_column("content_entries", sa.Column("serial", sa.Integer(), server_default="0", nullable=False))
    # What entries depend on was not kept: the next sync of each source reads everything anew.
    op.execute("UPDATE content_sources SET cursor = NULL")
    op.create_table(
        "content_links",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("locale", PLAIN, nullable=False),
        sa.Column("target", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("source", "id", "locale", "target", name="pk_content_links"),
        sa.ForeignKeyConstraint(
            ["source", "id", "locale"],
            ["content_entries.source", "content_entries.id", "content_entries.locale"],
            name="fk_content_links_entry",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_content_links_target", "content_links", ["source", "target"])
    op.create_table(
        "content_tombstones",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("locale", PLAIN, nullable=False),
        sa.Column("type", PLAIN, nullable=False),
        sa.Column("tags", PLAIN, nullable=False),
        sa.Column("version", PLAIN, nullable=True),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("deleted_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("source", "id", "locale", name="pk_content_tombstones"),
    )
    op.create_table(
        "content_dirty",
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("locale", PLAIN, nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("type", PLAIN, nullable=True),
        sa.Column("cause", PLAIN, nullable=False),
        sa.Column("noticed_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", PLAIN, nullable=True),
        sa.Column("lease", PLAIN, nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("source", "id", "locale", name="pk_content_dirty"),
        sa.CheckConstraint("cause IN ('link', 'notice')", name=op.f("ck_content_dirty_cause")),
    )
    op.create_index("ix_content_dirty_source_due_at", "content_dirty", ["source", "due_at"])
    op.create_table(
        "content_purges",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", PLAIN, nullable=False),
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("locale", PLAIN, nullable=False),
        sa.Column("tags", PLAIN, nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("noticed_at", INSTANT, nullable=True),
        sa.Column("version", PLAIN, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", PLAIN, nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_content_purges"),
    )
    op.create_index("ix_content_purges_epoch", "content_purges", ["epoch"])
    op.create_index("ix_content_purges_due_at", "content_purges", ["due_at"])


def downgrade() -> None:
    """Notices that wait are lost: sync every source afterwards."""
    for table in ("content_purges", "content_dirty", "content_tombstones", "content_links"):
        op.drop_table(table)
    with op.batch_alter_table("content_entries") as entries:
        for column in ENTRY_COLUMNS:
            entries.drop_column(column)
    with op.batch_alter_table("content_sources") as sources:
        for column in SOURCE_COLUMNS:
            sources.drop_column(column)
