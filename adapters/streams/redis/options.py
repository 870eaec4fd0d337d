"""Checked options of the Redis stream; see `adapters.streams.redis`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from adapters.options import OptionReader
from adapters.redis_url import wrong_with
from adapters.streams.local.file import LocalOptions
from adapters.streams.port import MOST_BYTES, MOST_PARTITIONS, MOST_RECORDS, PARTITIONS, StreamOptionsError

Durable = Literal["fsync", "spool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisOptions:
    """Times in seconds; the URL may hold a password and is not shown."""

    url: str = field(repr=False)
    durable: Durable
    trusted: bool
    prefix: str
    group: str
    partitions: int
    max_records: int
    max_bytes: int
    timeout_s: float
    connect_timeout_s: float
    spool: LocalOptions


def read_options(options: Mapping[str, object]) -> RedisOptions:
    """Raises `StreamOptionsError` naming every option that is wrong."""
    take = OptionReader(options)
    url = take.required_text("url")
    if url and (wrong := wrong_with(url)):
        take.complain("url", wrong)
    prefix = take.text("prefix", "tessera") or "tessera"
    if set(prefix) & set("{}") or not prefix.isprintable():
        take.complain("prefix", "want printable characters without { and }")
    partitions = take.whole("partitions", PARTITIONS, low=1, high=MOST_PARTITIONS)
    made = RedisOptions(
        url=url,
        durable=cast(Durable, take.choice("durable", "fsync", ("fsync", "spool"))),
        trusted=take.flag("trusted", False),
        prefix=prefix,
        group=take.text("group", "tessera") or "tessera",
        partitions=partitions,
        max_records=take.whole("max_records", 1_000_000, low=MOST_RECORDS, high=1_000_000_000),
        max_bytes=take.whole("max_bytes", 1 << 30, low=MOST_BYTES, high=1 << 40),
        timeout_s=take.number("timeout_s", 2.0, low=0.5, high=60),
        connect_timeout_s=take.number("connect_timeout_s", 1.0, low=0.01, high=60),
        spool=LocalOptions(
            file=Path(take.required_text("spool")),
            partitions=partitions,
            max_records=take.whole("spool_max_records", 1_000_000, low=MOST_RECORDS, high=1_000_000_000),
            max_bytes=take.whole("spool_max_bytes", 1 << 30, low=MOST_BYTES, high=1 << 40),
            max_file_bytes=take.whole("spool_max_file_bytes", 4 << 30, low=1 << 20, high=1 << 42),
            busy_timeout_s=5.0,
        ),
    )
    if problems := take.problems():
        raise StreamOptionsError(problems)
    return made
