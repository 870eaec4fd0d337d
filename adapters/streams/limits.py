"""What every adapter holds records and names against, so that one refuses what another would."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.streams.port import (
    MOST_BYTES,
    MOST_KEY_CHARACTERS,
    MOST_PAYLOAD_BYTES,
    MOST_RECORDS,
    Record,
    RecordTooLarge,
)


def size_of(record: Record) -> int:
    """What it counts for, in bytes: payload and key."""
    return len(record.payload) + len(record.key)


def check_records(records: Sequence[Record], partitions: int) -> int:
    """Returns what they count for together.

    Raises:
        RecordTooLarge, ValueError: see `Stream.append`.
    """
    if len(records) > MOST_RECORDS:
        raise RecordTooLarge(f"{len(records)} records at once; {MOST_RECORDS} are the most")
    total = 0
    for place, record in enumerate(records):
        if not 0 <= record.partition < partitions:
            raise ValueError(f"records[{place}]: partition {record.partition} is not in 0 to {partitions - 1}")
        check_name(f"records[{place}]: key", record.key)
        if len(record.payload) > MOST_PAYLOAD_BYTES:
            raise RecordTooLarge(
                f"records[{place}]: a payload of {len(record.payload)} bytes; {MOST_PAYLOAD_BYTES} are the most"
            )
        total += size_of(record)
    if total > MOST_BYTES:
        raise RecordTooLarge(f"{total} bytes at once; {MOST_BYTES} are the most")
    return total


def check_name(what: str, name: str) -> None:
    """Raises ValueError for a key or owner that is not 1 to 128 characters of printable ASCII."""
    if not (0 < len(name) <= MOST_KEY_CHARACTERS and name.isascii() and name.isprintable()):
        raise ValueError(f"{what} is not 1 to {MOST_KEY_CHARACTERS} characters of printable ASCII")


def check_partition(partition: int, partitions: int) -> None:
    """Raises ValueError for a partition that there is not."""
    if not 0 <= partition < partitions:
        raise ValueError(f"partition {partition} is not in 0 to {partitions - 1}")
