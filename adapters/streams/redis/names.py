"""The keys in Redis. They share one hash tag, so that a cluster keeps them on one node, where scripts need them.

{PREFIX}:stream:N    records of partition N, a stream; fields k (key), p (payload), o (place in a spool, if from one)
{PREFIX}:sizes       a hash: count and bytes of all, bytes of each partition
{PREFIX}:bell        a stream of one entry, rung by every append
{PREFIX}:partitions  how many there are
{PREFIX}:done:ID     what of the spool ID was acknowledged, a list
"""

from __future__ import annotations

import re

_ID = re.compile(r"\d{1,16}-\d{1,16}")
_SEQUENCE_BITS = 20


class Names:
    """Every key that one stream uses."""

    def __init__(self, prefix: str, partitions: int) -> None:
        base = f"{{{prefix}}}:"
        self.streams = tuple(f"{base}stream:{partition}" for partition in range(partitions))
        self.partition = {name.encode(): partition for partition, name in enumerate(self.streams)}
        self.sizes = f"{base}sizes"
        self.bell = f"{base}bell"
        self.partitions = f"{base}partitions"
        self.done = f"{base}done:"


def is_id(position: str) -> bool:
    """Whether it is the id of an entry."""
    return _ID.fullmatch(position) is not None


def token_of(entry: str) -> int:
    """A number for an entry of the bell; its id is a time in milliseconds and a number within it."""
    at, _dash, number = entry.partition("-")
    return int(at) << _SEQUENCE_BITS | min(int(number), (1 << _SEQUENCE_BITS) - 1)


def entry_of(token: int) -> str:
    """The id that `token_of` made a number of."""
    return f"{token >> _SEQUENCE_BITS}-{token & ((1 << _SEQUENCE_BITS) - 1)}"
