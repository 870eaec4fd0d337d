"""A stream in a SQLite file of its own, with nothing beside it to run.

Several processes of one machine may share the file; it must lie on a local disk. An append is durable when SQLite has
written its log through to the disk (WAL, synchronous FULL); appends of several threads share one commit. The file, and
its folder where that has to be made, are for their owner alone.

Options: `file` (required), `partitions` (16), `max_records` (1,000,000) and `max_bytes` (1 GiB) that may wait,
`max_file_bytes` (4 GiB, after which the disk counts as full), `busy_timeout_s` (5) for another process that writes.
The number of partitions can be changed only while nothing waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from adapters.options import OptionReader
from adapters.runtime import Runtime
from adapters.streams.local.file import LocalOptions
from adapters.streams.local.stream import LocalStream
from adapters.streams.port import MOST_BYTES, MOST_PARTITIONS, MOST_RECORDS, PARTITIONS, StreamOptionsError

__all__ = ["LocalOptions", "LocalStream", "build"]


def build(options: Mapping[str, object], runtime: Runtime) -> LocalStream:
    """Raises `StreamOptionsError` naming every option that is wrong, `StreamDown` where the file cannot be opened."""
    take = OptionReader(options)
    made = LocalOptions(
        file=Path(take.required_text("file")),
        partitions=take.whole("partitions", PARTITIONS, low=1, high=MOST_PARTITIONS),
        max_records=take.whole("max_records", 1_000_000, low=MOST_RECORDS, high=1_000_000_000),
        max_bytes=take.whole("max_bytes", 1 << 30, low=MOST_BYTES, high=1 << 40),
        max_file_bytes=take.whole("max_file_bytes", 4 << 30, low=1 << 20, high=1 << 42),
        busy_timeout_s=take.number("busy_timeout_s", 5.0, low=0.01, high=60),
    )
    if problems := take.problems():
        raise StreamOptionsError(problems)
    return LocalStream(made, runtime)
