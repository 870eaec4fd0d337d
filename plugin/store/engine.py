"""Connections and transactions: what differs between SQLite and PostgreSQL is said here, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from plugin.errors import ServiceUnavailable, SettingsError, TesseraError

CONNECT_TIMEOUT = timedelta(seconds=5)
LOCK_TIMEOUT = timedelta(seconds=5)
STATEMENT_TIMEOUT = timedelta(seconds=15)
MIGRATION_PATIENCE = timedelta(minutes=2)  # for another process that is migrating
_IDLE_TIMEOUT = timedelta(seconds=30)  # a transaction that its process forgot must not hold locks
_POOL_SIZE = 5


def make_engine(url: str | URL, *, migrating: bool = False) -> Engine:
    """An engine that connects on first use; each process makes its own.

    ``migrating``: one connection at a time, without a statement time-out, and in SQLite without foreign keys,
    because altering a table there means dropping and refilling it.

    Raises:
        SettingsError: a database that is not supported, or whose driver is not installed.
    """
    parsed = _supported(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, migrating=migrating)
    return _postgresql(parsed, migrating=migrating)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that takes SQLite's write lock at once: one taken later fails instead of waiting."""
    with translated(), engine.connect() as connection:
        connection.execution_options(tessera_write=True)
        with connection.begin():
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction in which every statement sees the same instant."""
    options: dict[str, Any] = {}
    if engine.dialect.name == "postgresql":  # SQLite's transactions are so by nature
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with translated(), engine.connect() as connection:
        connection.execution_options(**options)
        yield connection


@contextmanager
def glancing(engine: Engine) -> Iterator[Connection]:
    """For one statement alone: saves PostgreSQL the round trips of a transaction."""
    options = {"isolation_level": "AUTOCOMMIT"} if engine.dialect.name == "postgresql" else {}
    with translated(), engine.connect() as connection:
        connection.execution_options(**options)
        yield connection


@contextmanager
def translated() -> Iterator[None]:
    """What callers can act upon becomes an error of ours; a fault of our SQL stays what it is."""
    try:
        yield
    except exc.StatementError as error:
        if isinstance(error.orig, TesseraError):  # raised by a column type
            raise error.orig from None
        if _passing(error):
            raise ServiceUnavailable("The database is busy or out of reach.", retry_after_s=1) from error
        raise
    except exc.TimeoutError as error:
        raise ServiceUnavailable("Every database connection is in use.", retry_after_s=1) from error


def _passing(error: exc.StatementError) -> bool:
    """Whether it may go away by itself: locks, time-outs, a server that is down, a disk that is full."""
    # SQLite calls faults of the statement operational too, and tells them apart by this name only.
    faulty = getattr(error.orig, "sqlite_errorname", None) == "SQLITE_ERROR"
    operational = isinstance(error, exc.OperationalError | exc.InterfaceError) and not faulty
    return operational or (isinstance(error, exc.DBAPIError) and error.connection_invalidated)


def _supported(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise SettingsError(["database_url: not a database URL"]) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise SettingsError([f"database_url: {parsed.drivername} is not supported; use sqlite or postgresql"])
    if parsed.get_backend_name() == "sqlite" and (parsed.database or ":memory:") == ":memory:":
        # Each connection would have a database of its own, and each process too.
        raise SettingsError(["database_url: SQLite needs a file, such as sqlite:///var/tessera.db"])
    return parsed


def _sqlite(url: URL, *, migrating: bool) -> Engine:
    pool: dict[str, Any] = {"poolclass": NullPool} if migrating else {"pool_size": _POOL_SIZE}
    patience = MIGRATION_PATIENCE if migrating else LOCK_TIMEOUT
    engine = create_engine(url, connect_args={"timeout": patience.total_seconds()}, **pool)

    @event.listens_for(engine, "do_connect")
    def make_folder(_dialect: object, _record: object, arguments: list[str], _options: object) -> None:
        try:
            Path(arguments[0]).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError([f"database_url: its folder cannot be made: {error.strerror}"]) from error

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  # a DBAPI connection
        connection.isolation_level = None  # BEGIN is ours, below: the module's own comes too late for reads
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased is not to be found in the file's free pages
        connection.execute(f"PRAGMA foreign_keys = {'OFF' if migrating else 'ON'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("tessera_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: URL, *, migrating: bool) -> Engine:
    limits = {
        "lock_timeout": LOCK_TIMEOUT,
        "statement_timeout": timedelta(0) if migrating else STATEMENT_TIMEOUT,
        "idle_in_transaction_session_timeout": _IDLE_TIMEOUT,
    }
    given = url.query.get("options", "")
    options = [given if isinstance(given, str) else " ".join(given), "-c timezone=UTC"]
    options += [f"-c {name}={limit // timedelta(milliseconds=1)}" for name, limit in limits.items()]
    pool: dict[str, Any] = {"poolclass": NullPool}
    if not migrating:
        seconds = CONNECT_TIMEOUT.total_seconds()
        pool = {"pool_size": _POOL_SIZE, "pool_timeout": seconds, "pool_pre_ping": True}
    try:
        return create_engine(
            url.difference_update_query(["options"]),
            connect_args={
                "options": " ".join(options).strip(),
                "connect_timeout": int(CONNECT_TIMEOUT.total_seconds()),
                # A network that swallows packets would otherwise hold a caller for many minutes.
                "tcp_user_timeout": STATEMENT_TIMEOUT // timedelta(milliseconds=1),
                "application_name": "tessera",
            },
            **pool,
        )
    except ImportError as error:
        wanted = "pip install 'tessera-personalization[postgresql]'"
        raise SettingsError([f"database_url: PostgreSQL needs its driver: {wanted}"]) from error
