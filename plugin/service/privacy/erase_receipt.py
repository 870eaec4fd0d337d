"""What is said of an erasure: what went, what is pending and until when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from plugin.ports import Receipt
from plugin.profiles.readable import instant
from plugin.service.visitors.known import REMEMBERED_MS

DAY_MS = 86_400_000


_IDS_MS = 9 * DAY_MS
LOGS, STREAM, COPIES = "logs", "stream", "copies"
STEPS = (LOGS, STREAM, COPIES)
"""What follows the transaction in which fences go up and rows go, in order."""
_LEFT = {
    LOGS: ("events, and entries to and exits from segments", "they go in steps; a worker goes on with it"),
    STREAM: ("events that wait to be applied", "they are refused when they are; a worker looks again"),
    COPIES: ("copies of the profile in Redis", "they go as soon as Redis can be reached"),
}


class State(msgspec.Struct):
    """What a receipt holds. It names nobody.

    Attributes:
        at: the newest fence; what was received until then is refused.
        until: how long that is so.
        left: the steps that are to be done still.
        linked: how many ids were erased, that which was named among them.
        removed: how many rows went, by table, and records of the stream.
    """

    at: int
    until: int
    left: list[str] = msgspec.field(default_factory=lambda: list(STEPS))
    linked: int = 0
    removed: dict[str, int] = {}

    def add(self, counts: Mapping[str, int]) -> None:
        """Count what went."""
        self.removed = dict(Counter(self.removed) + Counter(counts))

    def encode(self) -> str:
        """As it is stored."""
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True, slots=True)
class Pending:
    """What is not gone yet. ``until`` None: until what ``why`` says."""

    what: str
    until: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """A receipt, as it is shown."""

    id: str
    done: bool
    requested: str
    repeated: str | None
    finished: str | None
    linked: int
    removed: Mapping[str, int]
    pending: Sequence[Pending]
    outside: Sequence[Pending]


def decode(text: str) -> State:
    """What `State.encode` gave."""
    return msgspec.json.decode(text, type=State)


def shown(receipt: Receipt, now: int, *, redis: bool) -> Erasure:
    """A receipt as it reads now."""
    state = decode(receipt.state)
    pending = [Pending(_LEFT[step][0], None, _LEFT[step][1]) for step in state.left]
    timed = (
        (
            "profiles that other processes remember",
            state.at + REMEMBERED_MS,
            "they are used only while neither Redis nor the database can be read",
        ),
        (
            "digests of event ids",
            state.at + _IDS_MS,
            "keyed digests, which name nobody: they keep an event that is sent again from being applied again",
        ),
        (
            "the fence, and events in flight",
            state.until,
            "spools of other machines and dead letters that cannot be read may hold events from before: the fence, a "
            "keyed hash and an instant, refuses them",
        ),
    )
    pending += [Pending(what, instant(until), why) for what, until, why in timed if now < until]
    return Erasure(
        id=receipt.id,
        done=not state.left,
        requested=instant(receipt.requested),
        repeated=instant(state.at) if state.at != receipt.requested else None,
        finished=instant(receipt.finished) if receipt.finished is not None else None,
        linked=state.linked,
        removed=state.removed,
        pending=pending,
        outside=_outside(redis=redis),
    )


def _outside(*, redis: bool) -> list[Pending]:
    """What Tessera cannot reach."""
    found = [
        Pending("backups, logs and replicas of the databases", None, "they are the site's: by its own schedule"),
        Pending("ids that editors wrote into rules as members", None, "rules are edited and published by people"),
    ]
    if redis:
        found.append(Pending("the append-only file of Redis", None, "until Redis rewrites it (BGREWRITEAOF)"))
    return found
