"""Purges name the fields that changed.

Revision 0008, after 0007.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Of purges that are in line already, anything may have changed."""
    op.add_column("content_purges", sa.Column("fields", PLAIN))


def downgrade() -> None:
    with op.batch_alter_table("content_purges") as table:
        table.drop_column("fields")
