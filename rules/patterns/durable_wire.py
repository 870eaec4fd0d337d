"""What goes over the pipe between the supervisor and the process that holds the engine: length-prefixed msgpack."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

Fact = tuple[int, int, int]
"""What an engine is told of an event: code, doubled time, and the place of the event in its window."""
HEAD = 4
LARGEST = 64 * 1024 * 1024


class Load(msgspec.Struct, frozen=True, array_like=True, tag="load"):
    """Compile one more rule set. The answer is `Done`, with no rows."""

    text: str


class Ask(msgspec.Struct, frozen=True, array_like=True, tag="ask"):
    """Evaluate windows, one after the other: for each, (number of the rule set, facts). A `Done` answers each."""

    windows: tuple[tuple[tuple[int, tuple[Fact, ...]], ...], ...]


class Done(msgspec.Struct, frozen=True, array_like=True):
    """What was found: (number of the rule set, rule, places of its steps)."""

    rows: tuple[tuple[int, int, tuple[int, ...]], ...] = ()


Request = Load | Ask
_ENCODER = msgspec.msgpack.Encoder()
_REQUESTS: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_ANSWERS = msgspec.msgpack.Decoder(Done)


def framed(message: Request | Done) -> bytes:
    """A message with its length before it."""
    body = _ENCODER.encode(message)
    return len(body).to_bytes(HEAD, "big") + body


def length_of(head: bytes) -> int:
    """How long a message is. Raises ValueError where it is longer than any of ours."""
    length = int.from_bytes(head, "big")
    if length > LARGEST:
        raise ValueError(f"a message of {length} bytes; the largest has {LARGEST}")
    return length


def read_request(body: bytes) -> Request:
    """Raises ValueError where it is none."""
    return _REQUESTS.decode(body)


def read_done(body: bytes | Sequence[int]) -> Done:
    """Raises ValueError where it is none."""
    return _ANSWERS.decode(bytes(body))
