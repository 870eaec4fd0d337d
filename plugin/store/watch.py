"""Whether anything was committed since somebody looked, for those who look many times a second.

SQLite counts the commits of others for each connection, and tells the number for a hundredth of what a statement
through SQLAlchemy costs. Every commit also writes to its log, so that even that is asked only where the log's time
moved. PostgreSQL has nothing as cheap: there everybody looks each time, by one connection that is kept for it.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, Select

from plugin.store.engine import glancing, translated

T = TypeVar("T")
_TICK_NS = 50_000_000
"""Two writes within a tick of the system's clock leave one time, so one of just now says nothing."""


class Watch:
    """One connection that nothing is written through. Safe to share between threads.

    Attributes:
        tells: whether this database can say so.
    """

    def __init__(self, engine: Engine, *, now_ns: Callable[[], int] = time.time_ns) -> None:
        """``now_ns``: the clock that files are stamped by, in nanoseconds since the epoch."""
        self._engine = engine
        self._now_ns = now_ns
        self.tells = engine.dialect.name == "sqlite"
        self._log = f"{engine.url.database}-wal"
        self._known: tuple[int | None, object] = (None, None)
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def mark(self) -> object | None:
        """Equal marks: nothing was committed in between. None: that cannot be told."""
        if not self.tells:
            return None
        at, known = self._written_at(), self._known
        if at is not None and at == known[0]:
            return known[1]
        with self._lock:
            try:
                held = self._connected()
                mark = held, held.connection.execute("PRAGMA data_version").fetchone()[0]
                self._known = (at, mark)  # the time was read first: what is written meanwhile has a later one
                return mark
            except self._engine.dialect.loaded_dbapi.Error:
                self._held = None
                return None

    def look(self, wanted: Select[Any]) -> Callable[[], Sequence[Any]]:
        """A statement without parameters, to be asked many times: gives its rows.

        It is asked by the connection that is held here: a transaction of SQLAlchemy's takes SQLite thirty times that,
        and of PostgreSQL it wants several round trips.
        """
        dialect = self._engine.dialect
        text = str(wanted.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        types = [column.type.dialect_impl(dialect) for column in wanted.selected_columns]
        values = [one.result_processor(dialect, None) for one in types]

        def ask() -> Sequence[Any]:
            rows = self._rows(text)
            if rows is None:  # once more, by a connection of the pool; what goes wrong is an error of ours then
                with glancing(self._engine) as tx:
                    return tx.execute(wanted).all()
            return [tuple([read(one) if read else one for read, one in zip(values, row, strict=True)]) for row in rows]

        return ask

    def _rows(self, text: str) -> Sequence[Any] | None:
        """None where that fails. Behind a server that does not answer nobody waits in line for the one who asked."""
        if not self._lock.acquire(blocking=self.tells):
            return None
        try:
            rows: Sequence[Any] = self._connected().connection.execute(text).fetchall()
            return rows
        except self._engine.dialect.loaded_dbapi.Error:
            self._held = None
            return None
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection; asked again, it connects anew."""
        with self._lock:
            self._held = None
            self._known = (None, None)

    def _written_at(self) -> int | None:
        try:
            at = os.stat(self._log).st_mtime_ns  # noqa: PTH116  # many times a second
        except OSError:
            return None
        return at if self._now_ns() - at > _TICK_NS else None

    def _connected(self) -> _Held:
        held = self._held
        if held is None:
            held = self._held = self._connect()
        return held

    def _connect(self) -> _Held:
        with translated():
            pooled = self._engine.raw_connection()
            connection = pooled.driver_connection
            pooled.detach()
        if not self.tells:
            connection.autocommit = True  # type: ignore[union-attr]  # of psycopg, whose text is prepared once used
        return _Held(connection)


class Kept(Generic[T]):
    """What a statement gave, read anew once anything was committed. Safe to share between threads."""

    def __init__(self, watch: Watch, read: Callable[[], T]) -> None:
        self._watch = watch
        self._read = read
        self._last: tuple[object, T] | None = None

    def __call__(self) -> T:
        """Raises: what reading raises."""
        mark, last = self._watch.mark(), self._last  # the mark comes first: what is committed meanwhile is seen later
        if mark is not None and last is not None and last[0] == mark:
            return last[1]
        found = self._read()
        self._last = (mark, found)
        return found


class _Held:
    """Closes its connection when nobody holds it any more."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401  # of the driver
        self.connection = connection
        weakref.finalize(self, connection.close)
