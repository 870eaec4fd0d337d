"""Whether anything was committed since somebody looked, for those who look many times a second.

SQLite counts the commits of others for each connection, and tells the number for a hundredth of what a statement
through SQLAlchemy costs. (The time of its log says nothing: a commit is seen only once that is on the disk.) PostgreSQL
has nothing as cheap: there everybody looks each time, by one connection that is kept for it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, Select

from plugin.store.engine import glancing, translated

T = TypeVar("T")


class Watch:
    """One connection that nothing is written through. Safe to share between threads.

    Attributes:
        tells: whether this database can say so.
    """

    def __init__(self, engine: Engine) -> None:
        """Connects on first use."""
        self._engine = engine
        self.tells = engine.dialect.name == "sqlite"
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def mark(self) -> object | None:
        """Equal marks: nothing was committed in between. None: that cannot be told."""
        if not self.tells:
            return None
        with self._lock:
            try:
                held = self._connected()
                return held, held.connection.execute("PRAGMA data_version").fetchone()[0]
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
