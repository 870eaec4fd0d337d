"""One statement for very many rows, handed to the driver as they are.

SQLAlchemy looks at every value of every row; for the few statements that every event goes through, that costs more
than the database does. They are compiled once for each database, and take rows as tuples. Values are not converted:
only integers, floats, bytes, booleans, None, and text that `storable_all` passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.pysqlite import dialect as pysqlite
from sqlalchemy.engine import Dialect

from plugin.errors import FieldError, ValidationFailed
from plugin.store.types import storable

Row = tuple[Any, ...]
_Form = tuple[str, Callable[[Row], Row], Row]


class Many:
    """A statement with parameters of these names, in the order in which rows have their values.

    ``make`` is given what makes an insert statement in the dialect, and makes the statement.
    """

    def __init__(self, names: Sequence[str], make: Callable[[Any], Any]) -> None:
        self._names = tuple(names)
        self._make = make
        self._forms: dict[str, _Form] = {}

    def execute(self, tx: Connection, rows: Sequence[Row]) -> int:
        """How many rows were written."""
        if not rows:
            return 0
        name = tx.dialect.name
        form = self._forms.get(name) or self._forms.setdefault(name, self._form(name))
        text, order, constants = form
        return tx.exec_driver_sql(text, [order(row + constants) for row in rows]).rowcount

    def _form(self, name: str) -> _Form:
        """The text, the order in which it wants values, and those that are always the same."""
        insert: Any = sqlite.insert
        dialect: Dialect = pysqlite()
        if name == "postgresql":
            from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - loaded then; who has SQLite needs none of it
            from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg  # noqa: PLC0415

            insert, dialect = postgresql.insert, psycopg(paramstyle="format")  # type: ignore[no-untyped-call]
        compiled = self._make(insert).compile(dialect=dialect, column_keys=list(self._names))
        constants = {key: value for key, value in compiled.params.items() if key not in self._names}
        known = [*self._names, *constants]
        places = [known.index(key) for key in compiled.positiontup]
        return compiled.string, itemgetter(*places), tuple(constants.values())


def storable_all(texts: Iterable[str | None]) -> None:
    """Raises: ValidationFailed where one of them cannot be held by both databases."""
    if not storable("".join(filter(None, texts))):
        raise ValidationFailed([FieldError("", "text with a NUL or a lone surrogate cannot be stored")])
