"""An event as it goes through the stream."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

BOT = 1
"""The client is a robot: the event is logged, and has no effect."""
PREFETCH = 2
"""The page was fetched ahead and perhaps never seen: logged, without effect."""
TOKEN_REFUSED = 4
"""It brought a decision token that was not made here or with a key that is gone; taken as if it brought none."""
UNPROVEN = 8
"""A browser sent it without a user token: of a visitor whose id is reserved for the site it has no effect. Only on its
way: it is not logged."""
_MARKED = BOT | PREFETCH
_DIGEST_BYTES = 16


class Decided(msgspec.Struct, frozen=True, array_like=True):
    """What a decision token says of the answer that a visitor saw: the rule set's version, slot, audience key, arms."""

    ruleset: int
    slot: str
    key: str
    arms: dict[str, str] = {}


class Event(msgspec.Struct, frozen=True, array_like=True, tag=1, tag_field="format"):
    """One thing that a visitor did. The tag is the number of the format.

    Attributes:
        id: given by the sender, 1 to 64 of `[A-Za-z0-9._:-]`.
        source: see `plugin.profiles.identity`, as are `key_version` and `uid`.
        time: when it happened; milliseconds since the epoch, UTC, as is `received`, when it was accepted.
        digest: of what the sender said, 16 bytes: the same id with another digest is another event's.
        value: seconds of a dwell, percent of a scroll, stars of a rating, amount of a purchase.
        purpose: why it may be kept.
        consent: what the request said of that purpose: True, False, or None where it said nothing.
        flags: of BOT, PREFETCH, TOKEN_REFUSED and UNPROVEN.
        decided: what its decision token said, or None.
    """

    id: str
    type: str
    source: str
    key_version: int
    uid: str
    time: int
    received: int
    digest: bytes
    purpose: str
    content_id: str | None = None
    slot: str | None = None
    value: float | None = None
    properties: dict[str, object] | None = None
    decision_id: str | None = None
    decided: Decided | None = None
    flags: int = 0
    consent: bool | None = None

    @property
    def has_effect(self) -> bool:
        """Whether it says anything of the visitor: those of robots and of pages fetched ahead do not."""
        return not self.flags & _MARKED

    def __repr__(self) -> str:
        return f"Event(id={self.id!r}, type={self.type!r}, time={self.time})"


class BadEventError(ValueError):
    """Bytes that are no event of a format that is known."""


_encoder = msgspec.msgpack.Encoder()
_sorted_json = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.msgpack.Decoder(Event)


def encode(event: Event) -> bytes:
    """An event for the stream."""
    return _encoder.encode(event)


def decode(octets: bytes) -> Event:
    """An event from the stream. Raises BadEventError."""
    try:
        return _decoder.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadEventError("not an event of a format that is known") from error


def canonical(properties: Mapping[str, object]) -> bytes:
    """Properties in one way of writing them. Raises UnicodeEncodeError where a text holds half a surrogate pair."""
    return _sorted_json.encode(properties)


def digest_of(said: tuple[object, ...]) -> bytes:
    """The digest of what a sender said: plain values in a fixed order."""
    return blake2b(_encoder.encode(said), digest_size=_DIGEST_BYTES).digest()
