"""Ids that are reserved for the site: browsers need a user token for them.

Revision 0006, after 0005.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Those of users are reserved from the start; others are with the next word of the site of them."""
    op.add_column("visitors", sa.Column("reserved", sa.Boolean(), server_default=sa.false(), nullable=False))
    visitors = sa.table("visitors", sa.column("known", sa.Boolean()), sa.column("reserved", sa.Boolean()))
    op.execute(visitors.update().where(visitors.c.known).values(reserved=sa.true()))


def downgrade() -> None:
    """With the older release browsers write under any id again."""
    with op.batch_alter_table("visitors") as visitors:
        visitors.drop_column("reserved")
