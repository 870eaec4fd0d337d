"""Alembic, without its command line or an ini file: works from the wheel and from the checkout alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, func, select

from plugin.resources import folder
from plugin.store.engine import LOCK_TIMEOUT, MIGRATION_PATIENCE, make_engine, reading, translated, writing
from plugin.store.tables import metadata

_LOCK = 0x7E55E7A  # of PostgreSQL's advisory locks; any number of our own


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision. Processes that start together wait for each other.

    Raises:
        ServiceUnavailable: the database is out of reach, or a lock was not had in time; the revision that
            failed changed nothing.
    """
    with _exclusive(engine) as config:
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Undo the revisions after this one; ``base`` undoes all of them, and the data with them."""
    with _exclusive(engine) as config:
        command.downgrade(config, revision)


def head() -> str:
    """The newest revision there is."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise FileNotFoundError("there are no migrations")
    return newest


def check(engine: Engine) -> list[str]:
    """Say in sentences how the database differs from the code's tables; empty where it does not."""
    newest = head()
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        held = context.get_current_revision()
        if held != newest:
            return [f"the database is at revision {held or 'base'}, the newest is {newest}: `tessera db upgrade`"]
        return [_sentence(difference) for difference in compare_metadata(context, metadata)]


def revise(engine: Engine, message: str) -> Path:
    """Write the revision that brings a database at head to the tables of the code: to be read and tested."""
    with _exclusive(engine) as config:
        script = command.revision(config, message, autogenerate=True, rev_id=_next())
    if script is None or isinstance(script, list):
        raise RuntimeError("one revision was asked for")
    return Path(script.path)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _next() -> str:
    """Revisions are numbered: a listing shows their order, and two branches that meet collide at once."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    return f"{int(newest or 0) + 1:04d}"


@contextmanager
def _exclusive(engine: Engine) -> Iterator[Config]:
    """A connection that no other migration shares, handed to ``env.py``."""
    own = make_engine(engine.url, migrating=True)
    config = _config()
    try:
        lock = _advisory_lock if own.dialect.name == "postgresql" else _write_lock
        with lock(own) as connection:
            config.attributes["connection"] = connection
            yield config
    finally:
        own.dispose()


@contextmanager
def _write_lock(engine: Engine) -> Iterator[Connection]:
    """SQLite: one transaction around all, for its lock is the database's and its DDL rolls back."""
    with writing(engine) as connection:
        yield connection
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"the migration left rows without what they refer to: {broken[:3]}")


@contextmanager
def _advisory_lock(engine: Engine) -> Iterator[Connection]:
    """PostgreSQL: a lock of the session, for each revision commits by itself. It ends with the connection."""
    with translated(), engine.connect() as connection:
        _limit_locks(connection, MIGRATION_PATIENCE)
        connection.execute(select(func.pg_advisory_lock(_LOCK)))
        _limit_locks(connection, LOCK_TIMEOUT)  # a revision must not queue every reader behind it for long
        connection.commit()
        yield connection


def _limit_locks(connection: Connection, limit: timedelta) -> None:
    connection.execute(select(func.set_config("lock_timeout", str(limit // timedelta(milliseconds=1)), False)))


def _sentence(difference: Any) -> str:  # noqa: ANN401  # tuples of many shapes, and lists of them
    """`compare_metadata` gives ('add_table', Table) and the like, column changes as lists of tuples."""
    if isinstance(difference, list):
        return "; ".join(map(_sentence, difference))
    kind, *parts = difference
    names = [str(getattr(part, "name", part)) for part in parts if part is not None and not isinstance(part, dict)]
    return f"a revision is missing: {kind.replace('_', ' ')} {' '.join(names)}"
