"""What a notice says of the version that is to come, beside its mark.

Revision 0003, after 0002.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INSTANT = sa.DateTime(timezone=True)
COLUMNS = ("overdue", "announced_at", "announced")


def upgrade() -> None:
    op.add_column("content_dirty", sa.Column("announced", PLAIN, nullable=True))
    op.add_column("content_dirty", sa.Column("announced_at", INSTANT, nullable=True))
    op.add_column("content_dirty", sa.Column("overdue", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Notices stay, and are seen to as those that announce no version."""
    with op.batch_alter_table("content_dirty") as dirty:
        for column in COLUMNS:
            dirty.drop_column(column)
