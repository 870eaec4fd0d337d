"""All that is kept of one source."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from plugin.profiles.days import Days
from plugin.profiles.decay import Decayed
from plugin.profiles.sessions import Sessions
from plugin.profiles.stamped import Stamped


class Consent(NamedTuple):
    """What a visitor said of a purpose.

    Attributes:
        allowed: the last word.
        time: when it was said, in milliseconds.
        id: of what said it.
        refused: when the purpose was last refused, 0 where it never was: what happened until then is not kept.
    """

    allowed: bool
    time: int
    id: str
    refused: int


class Total(NamedTuple):
    """How many events of a type there ever were, and the sum of their values in thousandths."""

    events: int = 0
    thousandths: int = 0


class SourceState(msgspec.Struct, frozen=True, array_like=True, tag=1, tag_field="format"):
    """What is kept of one source; equal for the same events in whatever order. The tag is the number of the format.

    Attributes:
        attributes: set from outside, by name without `profile.`.
        consent: by purpose.
        counters, days, totals: by event type; decaying, of the last 31 days, and of all time.
        interests: by topic.
        exposures: by entry, in seconds since the epoch, oldest first.
        preferences: see `plugin.profiles.preferences`.
        first_seen, last_seen: milliseconds since the epoch; 0 where nothing was seen.
        schema: the version of the rule set whose declarations the attributes were last checked by.
    """

    attributes: dict[str, Stamped] = {}
    consent: dict[str, Consent] = {}
    counters: Decayed = Decayed()
    days: dict[str, Days] = {}
    totals: dict[str, Total] = {}
    interests: Decayed = Decayed()
    sessions: Sessions = Sessions()
    exposures: dict[str, tuple[int, ...]] = {}
    preferences: dict[str, Stamped] = {}
    first_seen: int = 0
    last_seen: int = 0
    schema: int = 0

    def __repr__(self) -> str:
        return "SourceState(...)"  # it is somebody's


class BadStateError(ValueError):
    """Bytes that are no state of a format that is known."""


EMPTY = SourceState()
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SourceState)


def encode(state: SourceState) -> bytes:
    """A state as it is stored."""
    return _encoder.encode(state)


def decode(octets: bytes) -> SourceState:
    """A state as it was stored. Raises BadStateError."""
    try:
        return _decoder.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadStateError("not a state of a format that is known") from error
