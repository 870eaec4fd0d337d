"""What statements of both databases have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Connection, Text, any_, bindparam, func, literal, select
from sqlalchemy.dialects import sqlite

BATCH = 500  # rows of one statement; SQLite's oldest limit is 999 parameters

Item = TypeVar("Item")


def insert_into(tx: Connection, table: Any) -> Any:  # noqa: ANN401  # alike in both dialects, with no common type
    return _insert(tx.dialect.name, table)


def replace_in(tx: Connection, table: Any) -> Any:  # noqa: ANN401  # as above
    """An insert of whole rows, each in the place of the one of its key: made once, for that takes long."""
    return _replacing(tx.dialect.name, table)


@cache
def _replacing(dialect: str, table: Any) -> Any:  # noqa: ANN401  # as above
    return upsert(_insert(dialect, table), *(column.name for column in table.c if not column.primary_key))


def add_in(tx: Connection, table: Any) -> Any:  # noqa: ANN401  # as above
    """An insert of rows that leaves those alone whose key is there already: made once, as above."""
    return _adding(tx.dialect.name, table)


@cache
def _adding(dialect: str, table: Any) -> Any:  # noqa: ANN401  # as above
    return _insert(dialect, table).on_conflict_do_nothing()


def _insert(dialect: str, table: Any) -> Any:  # noqa: ANN401  # as above
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - loaded then; who has SQLite needs none of it

        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(new: Any, *names: str, only: Callable[[Any], Any] | None = None, **others: Any) -> Any:  # noqa: ANN401
    """An insert that puts these columns anew where the key is there already, as far as ``only`` of the new row says.

    ``others`` are columns with what they become.
    """
    fresh = new.excluded
    return new.on_conflict_do_update(
        index_elements=list(new.table.primary_key.columns),
        set_={name: fresh[name] for name in names} | others,
        where=None if only is None else only(fresh),
    )


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def among(tx: Connection, column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
    """Whether a column of text is one of many values, which go as one parameter: the statement stays the same."""
    if tx.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(Text)))
    return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))


class ByNames:
    """A statement about rows by a column of text that is one of many values, made once for each database.

    For what every batch of events asks: with `among`, making the statement costs more than its answer.
    """

    def __init__(self, make: Callable[[Callable[[ColumnElement[str]], ColumnElement[bool]]], Any]) -> None:
        """``make`` is given what says whether a column is one of the values."""
        self._make = make
        self._made: dict[str, Any] = {}

    def execute(self, tx: Connection, values: Collection[str], **others: object) -> Any:  # noqa: ANN401  # any rows
        """What the database answers of these values. ``others`` are further parameters of the statement."""
        name = tx.dialect.name
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._make(_is_any if name == "postgresql" else _is_each)
        names = list(values) if name == "postgresql" else json.dumps(list(values))
        return tx.execute(made, {"names": names, **others})


def _is_any(column: ColumnElement[str]) -> ColumnElement[bool]:
    return column == any_(bindparam("names", type_=ARRAY(Text)))


def _is_each(column: ColumnElement[str]) -> ColumnElement[bool]:
    return column.in_(select(func.json_each(bindparam("names", type_=Text)).table_valued("value").c.value))
