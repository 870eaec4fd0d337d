"""Purges name the types of what changed, and tell of publications.

Revision 0007, after 0006.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COLUMNS = ("audience", "rules", "types")


def upgrade() -> None:
    op.add_column("content_purges", sa.Column("types", PLAIN, server_default="[]", nullable=False))
    op.add_column("content_purges", sa.Column("rules", sa.Integer(), server_default="0", nullable=False))
    op.add_column("content_purges", sa.Column("audience", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """What was to be purged of publications goes with what tells that it is of one."""
    purges = sa.table("content_purges", sa.column("audience", sa.Boolean()))
    op.execute(purges.delete().where(purges.c.audience))
    with op.batch_alter_table("content_purges") as table:
        for column in COLUMNS:
            table.drop_column(column)
