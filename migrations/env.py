"""Run by Alembic for every command; `plugin.store.migrate` hands in the connection and holds the locks."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from plugin.store.tables import metadata
from plugin.store.types import Instant, Plain

# What a revision says must not change when the code does: types are written out, not imported.
WRITTEN_OUT: dict[type[object], str] = {
    Instant: "sa.DateTime(timezone=True)",
    Plain: 'sa.Text().with_variant(sa.Text(collation="C"), "postgresql")',
}


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    return WRITTEN_OUT.get(type(item), False) if kind == "type" else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_item=render_item,
    compare_type=True,
    render_as_batch=True,  # SQLite alters a table by copying it; PostgreSQL is given plain statements
    transactional_ddl=True,
    transaction_per_migration=True,  # where no transaction is open yet: in SQLite one is, around them all
)
with context.begin_transaction():
    context.run_migrations()
