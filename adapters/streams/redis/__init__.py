"""A stream in Redis Streams, for workers on several machines.

Needs Redis 7.0 or newer (or what speaks its language: XAUTOCLAIM, scripts). One stream a partition, one consumer group;
what a reader holds when it dies is claimed by the next one; what is acknowledged is removed.

`durable` says what an accepted record rests on:

- "fsync" (default): the server, which has to sync every append to its disk (`appendonly yes`, `appendfsync always`).
  That is checked at the start and whenever the server comes back. Where it may not be asked, `trusted` = true says so.
  While it cannot be reached, or does not keep its word, the spool takes the records and a thread sends them on later.
- "spool": a file on this machine. Records go there first, are sent on within milliseconds, and stay in the file until
  a reader has acknowledged them: the server may lose its memory.

The spool is a stream of the adapter `local` (see there); processes of one machine may share it, and it must outlive
them: what is in it is sent by the next process that opens it. A record that was on its way in an outage may be
delivered twice.

Options: `url` and `spool` (a file), both required; `durable`, `trusted` (false), `prefix` and `group` ("tessera"),
`partitions` (16), `max_records` (1,000,000) and `max_bytes` (1 GiB) that may wait in Redis, `spool_max_records`,
`spool_max_bytes`, `spool_max_file_bytes` (as those of `local`), `timeout_s` (2) for each answer, `connect_timeout_s`
(1).
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.runtime import Runtime
from adapters.streams.redis.options import RedisOptions, read_options
from adapters.streams.redis.stream import RedisStream

__all__ = ["RedisOptions", "RedisStream", "build"]


def build(options: Mapping[str, object], runtime: Runtime) -> RedisStream:
    """Raises `StreamOptionsError` naming every option that is wrong, `StreamDown` where the spool cannot be opened.

    A server that cannot be reached is no error: the spool takes what is appended.
    """
    return RedisStream(read_options(options), runtime)
