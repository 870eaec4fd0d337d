"""Whether anything was committed since somebody looked, for those who look many times a second.

SQLite counts the commits of others for each connection, and tells the number for a hundredth of what a statement
through SQLAlchemy costs. PostgreSQL has nothing as cheap: there everybody looks each time.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine

from plugin.store.engine import translated

T = TypeVar("T")


class Watch:
    """One connection that nothing is written through. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tells = engine.dialect.name == "sqlite"
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def mark(self) -> object | None:
        """Equal marks: nothing was committed in between. None: that cannot be told."""
        if not self._tells:
            return None
        with self._lock:
            try:
                held = self._held
                if held is None:
                    held = self._held = self._connect()
                return held, held.connection.execute("PRAGMA data_version").fetchone()[0]
            except self._engine.dialect.loaded_dbapi.Error:
                self._held = None
                return None

    def close(self) -> None:
        """Close the connection; asked again, it connects anew."""
        with self._lock:
            self._held = None

    def _connect(self) -> _Held:
        with translated():
            pooled = self._engine.raw_connection()
            connection = pooled.driver_connection
            pooled.detach()
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
