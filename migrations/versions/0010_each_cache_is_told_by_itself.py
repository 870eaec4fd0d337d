"""Each cache has purges of its own, and rests by itself.

Revision 0010, after 0009.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What is in line already is handed over to the caches by whoever relays it."""
    op.create_table(
        "cache_purges",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cache", PLAIN, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", PLAIN),
        sa.ForeignKeyConstraint(
            ["number"], ["content_purges.number"], name="fk_cache_purges_number", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", "cache", name="pk_cache_purges"),
    )
    op.create_index("ix_cache_purges_cache_due_at", "cache_purges", ["cache", "due_at"])
    op.create_table(
        "cache_rests",
        sa.Column("cache", PLAIN, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("cache", name="pk_cache_rests"),
    )


def downgrade() -> None:
    """What any cache is still to be told is told to all of them, as before."""
    op.execute(
        "UPDATE content_purges SET"
        " due_at = (SELECT min(due_at) FROM cache_purges WHERE cache_purges.number = content_purges.number),"
        " passes = (SELECT min(passes) FROM cache_purges WHERE cache_purges.number = content_purges.number)"
        " WHERE number IN (SELECT number FROM cache_purges)"
    )
    op.drop_table("cache_rests")
    op.drop_table("cache_purges")
