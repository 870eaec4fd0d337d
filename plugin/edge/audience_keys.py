"""Keys and class cookies, as edges carry them: sealed, so that only who made them can read or make them.

A key is `version.outcome`, with the version of its slot's rules, a class cookie `class.epoch.mac`. Both are the same
for the same outcome or class, so that caches share by them: AES-SIV (RFC 5297), with the slot and the version, or the
epoch, as associated data. Nobody reads from them which segments a visitor is in, and nobody makes one for what no
visitor would be shown yet, such as a sale whose rule begins next week. A key that is made just before the rules come
to something else says when: asked for a moment later, content would else be that of after and the rules those of
before, which nobody ever meant to be shown together.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

LONGEST_KEY = 1_000
LONGEST_COOKIE = 1_000
MOST_SLOTS = 50
_TAG_BYTES = 16
_MOST_KEPT = 4_096
_KEY = re.compile(r"([0-9]{1,20})\.([A-Za-z0-9_-]{22,990})")
_COOKIE = re.compile(r"([A-Za-z0-9_-]{1,960})\.([0-9a-f]{12})\.([A-Za-z0-9_-]{22})")


class BadKeyError(ValueError):
    """Not a key, or a cookie, that was made here."""


class Key(NamedTuple):
    """A key read.

    Attributes:
        version: of the rules of its slot.
        outcome: as text, JSON of a list.
        until: the instant from which the rules come to something else, in microseconds since the epoch; None: that was
            not near.
    """

    version: int
    outcome: str
    until: int | None = None


class AudienceKeys:
    """Makes and reads keys and class cookies."""

    def __init__(self, key: str) -> None:
        self._key = key
        # Outcomes and classes are few, and each is sealed and opened again and again.
        self.make = lru_cache(_MOST_KEPT)(self._make)
        self.read = lru_cache(_MOST_KEPT)(self._read)
        self.class_of = lru_cache(_MOST_KEPT)(self._class_of)

    @cached_property
    def _siv(self) -> AESSIV:
        # Loaded when an edge first asks: it is large, and most installations begin without an edge.
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # noqa: PLC0415

        return AESSIV(hashlib.blake2b(b"edge", key=hashlib.sha512(self._key.encode()).digest()).digest())

    def _make(self, version: int, slot: str, outcome: str, until: int | None = None) -> str | None:
        """The key of a slot's outcome; None where it would be too long to be carried."""
        text = outcome if until is None else f"{until}{outcome}"
        made = f"{version}.{_encode(self._seal(text, 'key', str(version), slot))}"
        return made if len(made) <= LONGEST_KEY else None

    def _read(self, slot: str, key: str) -> Key:
        """Raises BadKeyError."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise BadKeyError("not a key")
        until, bracket, rest = self._open(_decode(match[2]), "key", match[1], slot).partition("[")
        return Key(int(match[1]), bracket + rest, int(until) if until else None)

    def cookie(self, epoch: str, text: str, hour: int) -> str | None:
        """The value of the cookie of a class; None where it would be too long.

        Args:
            hour: since the epoch of the clock, when it is given.
        """
        sealed = self._seal(text, "class", epoch, str(hour))
        made = f"{_encode(sealed[_TAG_BYTES:])}.{epoch}.{_encode(sealed[:_TAG_BYTES])}"
        return made if len(made) <= LONGEST_COOKIE else None

    def _class_of(self, cookie: str, epoch: str, hour: int) -> str:
        """The text of a class.

        Raises:
            BadKeyError: forged, of rules that told others apart, or given before the hour that was the last.
        """
        match = _COOKIE.fullmatch(cookie)
        if match is None or match[2] != epoch:
            raise BadKeyError("not a class cookie of this epoch")
        sealed = _decode(match[3]) + _decode(match[1])
        try:
            return self._open(sealed, "class", epoch, str(hour))
        except BadKeyError:
            return self._open(sealed, "class", epoch, str(hour - 1))

    def _seal(self, text: str, *about: str) -> bytes:
        return self._siv.encrypt(text.encode(), [part.encode() for part in about])

    def _open(self, sealed: bytes, *about: str) -> str:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415

        try:
            return self._siv.decrypt(sealed, [part.encode() for part in about]).decode()
        except (InvalidTag, ValueError) as fault:
            raise BadKeyError("not made here") from fault


def joined(keys: Mapping[str, str]) -> str:
    """Keys by slot as the header `T-Key` carries them."""
    return ",".join(f"{slot}={key}" for slot, key in keys.items())


def split(header: str) -> dict[str, str]:
    """Keys by slot from the header `T-Key`. Raises BadKeyError."""
    found: dict[str, str] = {}
    for item in header.split(",", MOST_SLOTS):
        slot, equals, key = item.strip().partition("=")
        if not equals or slot in found or len(found) >= MOST_SLOTS:
            raise BadKeyError("not keys")
        found[slot] = key
    return found


def _encode(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as fault:
        raise BadKeyError("not made here") from fault
