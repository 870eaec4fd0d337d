"""The statements on records, apart from who runs them when."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from sqlite3 import Connection, Cursor
from typing import TypeAlias

from adapters.streams.local.file import NUMBER_BITS
from adapters.streams.port import Delivery, PartitionBacklog

Run: TypeAlias = Callable[..., Cursor]
"""`execute` of a connection."""

NUMBER = (1 << NUMBER_BITS) - 1


def claim(run: Run, partition: int) -> int:
    """Counts what was delivered before; gives the position before the first."""
    low = partition << NUMBER_BITS
    run(
        "UPDATE records SET attempts = attempts + 1 WHERE position BETWEEN ? AND"
        " (SELECT delivered FROM partitions WHERE partition = ?)",
        (low, partition),
    )
    run("UPDATE partitions SET delivered = 0 WHERE partition = ?", (partition,))
    return low


def following(run: Run, cursor: int, limit: int) -> tuple[list[Delivery], int]:
    """What comes after a position in its partition, and the position of the last."""
    rows = run(
        "SELECT position, payload, attempts, key FROM records WHERE position > ? AND position <= ?"
        " ORDER BY position LIMIT ?",
        (cursor, cursor | NUMBER, limit),
    ).fetchall()
    partition = cursor >> NUMBER_BITS
    found = [
        Delivery(partition, str(position & NUMBER), payload, tried + 1, key) for position, payload, tried, key in rows
    ]
    return found, rows[-1][0] if rows else cursor


def mark(connection: Connection, cursors: Collection[int]) -> None:
    """These, and what comes before them, were delivered."""
    connection.executemany(
        "UPDATE partitions SET delivered = max(delivered, ?) WHERE partition = ?",
        [(cursor, cursor >> NUMBER_BITS) for cursor in cursors],
    )


def position_of(partition: int, position: str) -> int | None:
    """None for what is no position of ours."""
    if not (position.isascii() and position.isdecimal() and len(position) < 16 and int(position) <= NUMBER):
        return None
    return partition << NUMBER_BITS | int(position)


def remove(connection: Connection, positions: Sequence[int]) -> int:
    """Gives how many there were."""
    among = json.dumps(positions)
    gone = connection.execute(
        "SELECT position >> ?, count(*), sum(length(payload) + length(key)) FROM records"
        " WHERE position IN (SELECT value FROM json_each(?)) GROUP BY 1",
        (NUMBER_BITS, among),
    ).fetchall()
    connection.execute("DELETE FROM records WHERE position IN (SELECT value FROM json_each(?))", (among,))
    connection.executemany(
        "UPDATE partitions SET count = count - ?, bytes = bytes - ? WHERE partition = ?",
        [(count, size, partition) for partition, count, size in gone],
    )
    return sum(count for _partition, count, _size in gone)


def backlog(run: Run, now_ms: int) -> tuple[PartitionBacklog, ...]:
    """Of every partition."""
    rows = run(
        "SELECT partition, count, bytes, (SELECT at FROM records WHERE position BETWEEN partition << :bits"
        " AND (partition << :bits) + :number ORDER BY position LIMIT 1) FROM partitions ORDER BY partition",
        {"bits": NUMBER_BITS, "number": NUMBER},
    ).fetchall()
    return tuple(
        PartitionBacklog(partition, count, size, 0.0 if at is None else max(now_ms - at, 0) / 1000)
        for partition, count, size, at in rows
    )
