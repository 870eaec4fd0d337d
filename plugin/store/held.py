"""A connection that each thread holds, for the one look-up that every request makes.

SQLAlchemy's way from a statement to a row costs ten times what SQLite takes for it. Here the statement is compiled
once, and a look-up is one call of the driver, outside of any transaction.
"""

from __future__ import annotations

import threading
import weakref
from typing import Any

from sqlalchemy import Engine, Select

from plugin.errors import ServiceUnavailable
from plugin.store.engine import translated


class HeldQuery:
    """A statement with one parameter, of the name ``key``, that gives one row or none."""

    def __init__(self, engine: Engine, wanted: Select[Any], *, beside: HeldQuery | None = None) -> None:
        """Compile it. ``beside``: another whose connections it shares."""
        self._engine = engine
        self._postgresql = engine.dialect.name == "postgresql"
        self._failures = engine.dialect.loaded_dbapi.Error
        self._text = str(wanted.compile(dialect=engine.dialect))
        self._place: _Place = beside._place if beside is not None else _Place()

    def one(self, key: str) -> Any:  # noqa: ANN401  # a row of the driver
        """Raises: ServiceUnavailable where the database is out of reach or busy."""
        failures = self._failures
        mine = self._place.threads
        held: _Held | None = getattr(mine, "held", None)
        if held is not None:
            try:
                return self._ask(held, key)
            except failures:
                mine.held = None  # the server may have ended it meanwhile
        try:
            held = self._connect()
            found = self._ask(held, key)
        except failures as error:
            if getattr(error, "sqlite_errorname", None) == "SQLITE_ERROR":
                raise  # a fault of the statement
            raise ServiceUnavailable("The database is busy or out of reach.", retry_after_s=1) from error
        mine.held = held
        return found

    def close(self) -> None:
        """Close the connections of all threads; asked again, they connect anew."""
        self._place.threads = threading.local()

    def _ask(self, held: _Held, key: str) -> Any:  # noqa: ANN401  # as above
        return held.connection.execute(self._text, {"key": key} if self._postgresql else (key,)).fetchone()

    def _connect(self) -> _Held:
        with translated():
            pooled = self._engine.raw_connection()
            connection = pooled.driver_connection
            pooled.detach()  # the pool is for those who give back
        if self._postgresql:
            connection.autocommit = True  # type: ignore[union-attr]  # of psycopg, whose text is prepared once used
        return _Held(connection)


class _Place:
    """What the threads hold."""

    def __init__(self) -> None:
        self.threads = threading.local()


class _Held:
    """Closes its connection when nobody holds it any more: the thread ended, or the store was closed."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401  # of the driver
        self.connection = connection
        weakref.finalize(self, connection.close)
