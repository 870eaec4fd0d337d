"""The stream port: records wait here, durably and in order, between being accepted and being applied.

A stream has a fixed number of partitions. All records of one visitor lie in one partition (`partition_of`), in the
order in which they were appended. Who reads a partition is settled elsewhere, by a lease whose fencing token is
checked where the effect is written; a stream only promises that nothing unacknowledged is lost. Records may be
delivered again: what applies them has to know those it has met.

A reader's round: `claim` once for each lease, then `read`, apply, `ack`. After `StreamDown` from `read` or `ack`:
`claim` again, and everything unacknowledged is delivered again.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

PARTITIONS = 16
"""The number of partitions where the settings do not say another."""
MOST_PARTITIONS = 1024
MOST_RECORDS = 1_000
"""Of one `append`."""
MOST_PAYLOAD_BYTES = 1 << 20
"""Of one record."""
MOST_BYTES = 8 << 20
"""Of one `append`, payloads and keys."""
MOST_KEY_CHARACTERS = 128


def partition_of(key: str, partitions: int = PARTITIONS) -> int:
    """The partition of a key, in [0, partitions): the same in every process, on every machine, for ever."""
    return zlib.crc32(key.encode()) % partitions


@dataclass(frozen=True, slots=True)
class Record:
    """What is appended.

    Attributes:
        partition: in [0, partitions); by `partition_of(key)`.
        key: whose it is, 1 to 128 characters of printable ASCII (a visitor's source hash): what `drop` goes by.
        payload: 0 to 1 MiB, not looked into.
    """

    partition: int
    key: str = field(repr=False)
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is read.

    Attributes:
        position: names the record within its partition, until it is acknowledged; opaque.
        attempts: how often it was delivered, this time included. Where it was delivered and a new `claim` came before
            its acknowledgement, it is above 1: a record at which a reader dies again and again shows by that.
        key: as it was appended.
    """

    partition: int
    position: str
    payload: bytes = field(repr=False)
    attempts: int
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PartitionBacklog:
    """What waits in one partition, delivered or not.

    Attributes:
        count: records.
        bytes: of payloads and keys.
        oldest_s: seconds since the oldest was appended, 0 where there is none.
    """

    partition: int
    count: int
    bytes: int
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits altogether.

    Attributes:
        partitions: in order; empty where the stream's server cannot be asked just now.
        spooled: records in the local spool of this machine, those that are kept there until they are acknowledged too.
        degraded: why records take the long way through the spool, or cannot be read; None where all is well.
            Carries no secret.
    """

    partitions: tuple[PartitionBacklog, ...]
    spooled: int = 0
    degraded: str | None = None

    @property
    def count(self) -> int:
        """Records in all partitions."""
        return sum(one.count for one in self.partitions)


class Stream(Protocol):
    """One configured stream. Every method may be called from several threads at once, and by several processes."""

    @property
    def partitions(self) -> int: ...

    def append(self, records: Sequence[Record]) -> None:
        """Appends all or none; on return they are durable. No records: nothing.

        Raises:
            StreamFull: too much waits already; none was appended.
            StreamDiskFull: none is claimed durable.
            StreamDown: none is claimed durable. An outage in the midst of it may leave records that will be read all
                the same.
            RecordTooLarge: a record, or all together, are over the limits above; none was appended.
            ValueError: a partition or key that there cannot be.
        """
        ...

    def claim(self, partition: int, owner: str) -> None:
        """Begins to read a partition: all that is not acknowledged, whoever read it before, is delivered (again).

        Args:
            owner: names the reader, 1 to 128 characters of printable ASCII; no two living processes share one.
        Raises:
            StreamDown: see there.
        """
        ...

    def read(self, partitions: Collection[int], *, limit: int, wait_s: float) -> list[Delivery]:
        """The next records of each partition, in order within it, each once for each claim.

        Args:
            partitions: claimed ones; reading several at once costs little more than reading one.
            limit: most records of each partition, > 0.
            wait_s: how long to wait for the first record where there is none; 0 not at all.
        Raises:
            NotClaimed: a partition was not claimed through this object.
            StreamDown: see there.
        """
        ...

    def ack(self, partition: int, positions: Collection[str]) -> None:
        """Applied: these are removed, now or soon. Unknown positions, and those removed before, do no harm.

        That need not be durable: after a crash in between, whoever claims next may get them again.

        Raises:
            StreamDown, StreamDiskFull: some or all may be delivered again.
        """
        ...

    def wait(self, seen: int, timeout_s: float) -> int:
        """Blocks until something was appended since `seen`, at most `timeout_s`; gives what to pass next time.

        0 returns at once. May return early for no reason. Never raises for an outage: it waits through it.
        """
        ...

    def backlog(self) -> Backlog:
        """How much waits.

        Raises:
            StreamDown: the stream's own file cannot be read. An unreachable server is told in the answer.
        """
        ...

    def scan(self, keys: Collection[str]) -> Iterator[Record]:
        """Every record of these keys that waits, delivered or not, in order within its partition; perhaps one twice.

        Raises:
            StreamDown: not all could be seen.
        """
        ...

    def drop(self, keys: Collection[str]) -> int:
        """Removes every record of these keys, delivered or not; gives how many.

        A reader may hold some in memory, a spool of another machine may hold some, and others are being appended:
        what applies records has to refuse those of an erased visitor.

        Raises:
            StreamDown, StreamDiskFull: some may be left; call again.
        """
        ...

    def ping(self) -> None:
        """Returns if the stream can be read and appended to now; raises `StreamDown` otherwise."""
        ...

    def close(self) -> None:
        """Ends threads, wakes who waits, frees connections; calls after it raise `StreamDown`. Safe to call twice."""
        ...


class StreamError(Exception):
    """Root of the tree; `str(error)` carries no secret and nothing of a record.

    StreamError
     ├─ StreamOptionsError  settings are wrong; nothing was opened
     ├─ RecordTooLarge      the caller's records are over the port's limits
     ├─ NotClaimed          read before claimed
     ├─ StreamFull          too much waits: try later
     └─ StreamDown          unreachable, failing, locked, closed
         ├─ StreamDiskFull  no room to write
         └─ StreamDamaged   the file is no stream, or broken
    """


class StreamOptionsError(StreamError):
    """Every bad option at once.

    Attributes:
        problems: "place: what is wrong".
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class RecordTooLarge(StreamError):  # noqa: N818 - named for what happened
    """Over `MOST_PAYLOAD_BYTES`, `MOST_RECORDS` or `MOST_BYTES`."""


class NotClaimed(StreamError):  # noqa: N818 - named for what happened
    """`read` of a partition without a `claim`."""


class StreamFull(StreamError):  # noqa: N818 - named for what happened
    """Too many records or bytes wait.

    Attributes:
        retry_after_s: seconds after which to try again, > 0.
    """

    def __init__(self, message: str, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class StreamDown(StreamError):  # noqa: N818 - named for what happened
    """The stream cannot do it now; `str(error)` says why."""


class StreamDiskFull(StreamDown):
    """The disk is full, or the file has reached its own limit."""


class StreamDamaged(StreamDown):
    """The file is damaged, or not a stream of this version."""
