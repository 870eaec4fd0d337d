"""Purges of who gets what name the slots.

Revision 0009, after 0008.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Of purges that are in line already, any slot may be another."""
    op.add_column("content_purges", sa.Column("slots", PLAIN))


def downgrade() -> None:
    with op.batch_alter_table("content_purges") as table:
        table.drop_column("slots")
