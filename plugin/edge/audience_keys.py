"""Keys and class cookies, as edges carry them: readable by whoever makes them, and signed against those who do not.

A key is `version.outcome`. Its signature keeps anyone from asking for what no visitor would be shown yet, such as a
sale whose rule begins next week. A class cookie is `class.epoch.mac`.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import NamedTuple

LONGEST_KEY = 1_000
LONGEST_COOKIE = 1_000
MOST_SLOTS = 50
_MAC_BYTES = 9
_KEY = re.compile(r"([0-9]{1,9})\.([A-Za-z0-9_-]{12,980})")
_COOKIE = re.compile(r"([A-Za-z0-9_-]{0,970})\.([0-9a-f]{12})\.([A-Za-z0-9_-]{12})")


class BadKeyError(ValueError):
    """Not a key, or a cookie, that was made here."""


class Key(NamedTuple):
    """A key read: the version of the rule set, and the text of the outcome."""

    version: int
    outcome: str


class AudienceKeys:
    """Makes and reads keys and class cookies: HMAC-SHA-256, cut to 72 bits."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def make(self, version: int, slot: str, outcome: str) -> str | None:
        """The key of a slot's outcome; None where it would be too long to be carried."""
        made = f"{version}.{_encode(self._mac('key', str(version), slot, outcome) + outcome.encode())}"
        return made if len(made) <= LONGEST_KEY else None

    def read(self, slot: str, key: str) -> Key:
        """Raises BadKeyError."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise BadKeyError("not a key")
        raw = _decode(match[2])
        try:
            outcome = raw[_MAC_BYTES:].decode()
        except UnicodeDecodeError as fault:
            raise BadKeyError("not a key") from fault
        if not hmac.compare_digest(raw[:_MAC_BYTES], self._mac("key", match[1], slot, outcome)):
            raise BadKeyError("the signature does not match")
        return Key(int(match[1]), outcome)

    def cookie(self, epoch: str, text: str) -> str | None:
        """The value of the cookie of a class; None where it would be too long."""
        payload = _encode(text.encode())
        made = f"{payload}.{epoch}.{_encode(self._mac('class', epoch, payload))}"
        return made if len(made) <= LONGEST_COOKIE else None

    def class_of(self, cookie: str, epoch: str) -> str:
        """The text of a class. Raises BadKeyError: forged, or of rules that told others apart."""
        match = _COOKIE.fullmatch(cookie)
        if match is None or not hmac.compare_digest(
            match[3].encode(), _encode(self._mac("class", match[2], match[1])).encode()
        ):
            raise BadKeyError("not a class cookie")
        if match[2] != epoch:
            raise BadKeyError("an outdated class cookie")
        try:
            return _decode(match[1]).decode()
        except UnicodeDecodeError as fault:
            raise BadKeyError("not a class cookie") from fault

    def _mac(self, *parts: str) -> bytes:
        return hmac.digest(self._key, "\0".join(("edge-1", *parts)).encode(), "sha256")[:_MAC_BYTES]


def joined(keys: Mapping[str, str]) -> str:
    """Keys by slot as the header `T-Key` carries them."""
    return ",".join(f"{slot}={key}" for slot, key in keys.items())


def split(header: str) -> dict[str, str]:
    """Keys by slot from the header `T-Key`. Raises BadKeyError."""
    items: Iterable[str] = header.split(",", MOST_SLOTS)
    found: dict[str, str] = {}
    for item in items:
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
        raise BadKeyError("not a key") from fault
