"""The revision that the code expects, and the one of a database: told without Alembic, which takes long to import."""

from __future__ import annotations

from sqlalchemy import Engine, inspect, text

from plugin.store.engine import reading

NEWEST = "0010"
"""Of `migrations`; a test compares."""


def current(engine: Engine) -> str | None:
    """The revision of the database; None before the first. Raises ServiceUnavailable where it does not answer."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return found
