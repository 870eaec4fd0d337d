"""${message}

Revision ${up_revision}, after ${down_revision | comma,n}; written ${create_date.date()}.

Old code goes on running while this runs, and for a while after. So:

- Expand first, contract a release later: add columns nullable or with a server default; drop or rename only
  what no released code reads or writes any more.
- Hold locks briefly: in PostgreSQL create indexes of large tables concurrently, in an autocommit block; add
  constraints as NOT VALID first. A lock is waited for a few seconds, then the revision fails, to be repeated.
- Fill data in batches, and never by importing models: they change, this file does not.
- Alter tables through op.batch_alter_table, which SQLite needs. Name every constraint.
- Write the way back. Where data would be lost, say so here.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
