"""What statements of both databases have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

BATCH = 500  # rows of one statement; SQLite's oldest limit is 999 parameters

Item = TypeVar("Item")


def insert_into(tx: Connection, table: Any) -> Any:  # noqa: ANN401  # alike in both dialects, with no common type
    return (postgresql if tx.dialect.name == "postgresql" else sqlite).insert(table)


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
