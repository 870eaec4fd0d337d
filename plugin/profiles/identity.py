"""Visitor ids as keyed hashes. The id itself is used here and goes no further."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from plugin.profiles.limits import LONGEST_VISITOR_ID

_BYTES = 16
_BAD = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SOURCE = re.compile(r"[0-9a-f]{32}")
_RANDOM = re.compile(
    r"[0-9a-f]{32,64}|[0-9A-F]{32,64}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
)


class Identity(NamedTuple):
    """What stands for a visitor id.

    Attributes:
        source: 32 hexadecimal digits, under which everything is kept; moves when keys are rotated.
        key_version: of the newest key in it.
        uid: 32 hexadecimal digits, on which arms and `percent` hash; never moves.
    """

    source: str
    key_version: int
    uid: str


class Hasher:
    """Keyed BLAKE2b (RFC 7693) of 128 bits. Every key hashes what the one before it made: re-keying needs no ids.

    So every key that ever was is needed to hash an id. An old key that leaks is of no use without the newest.
    """

    def __init__(self, keys: Sequence[tuple[int, str | bytes]], uid_key: str | bytes) -> None:
        """Take the keys.

        Args:
            keys: version and secret, oldest first; versions rise.
            uid_key: of the uid; it stays as long as experiments are to keep their arms.
        Raises:
            ValueError: there is no key, a key is empty, or versions do not rise.
        """
        versions = [version for version, _secret in keys]
        if not keys or sorted(set(versions)) != versions:
            raise ValueError("keys are given oldest first, each with a version of its own")
        if not uid_key or not all(secret for _version, secret in keys):
            raise ValueError("a key is not empty")
        self._keys = [(version, _keyed(secret, b"source:")) for version, secret in keys]
        self._uids = _keyed(uid_key, b"uid:")
        self.version = versions[-1]

    def __repr__(self) -> str:
        return f"Hasher(version={self.version})"

    def source(self, raw: str) -> str:
        """The source of an id that `visitor_id` has let through. Raises ValueError for any other."""
        return self._lifted(_checked(raw).encode(), self._keys)

    def uid(self, raw: str) -> str:
        """The uid of an id, likewise."""
        return _mac(self._uids, _checked(raw).encode())

    def identity(self, raw: str) -> Identity:
        """Source and uid of an id. Raises ValueError where it is none."""
        octets = _checked(raw).encode()
        return Identity(self._lifted(octets, self._keys), self.version, _mac(self._uids, octets))

    def names(self, raw: str) -> tuple[tuple[str, int], ...]:
        """The source of an id by every key, the newest first, each with the version of its key; else as `source`."""
        octets = _checked(raw).encode()
        found = [(self._lifted(octets, self._keys[: place + 1]), key[0]) for place, key in enumerate(self._keys)]
        return tuple(reversed(found))

    def lift(self, source: str, from_version: int) -> str:
        """A source of older keys as it is with all. Raises ValueError for what is no source, or an unknown version."""
        if not _SOURCE.fullmatch(source):
            raise ValueError("not a source")
        if all(version != from_version for version, _secret in self._keys):
            raise ValueError(f"there is no key of version {from_version}")
        return self._lifted(source.encode(), [key for key in self._keys if key[0] > from_version]) or source

    def _lifted(self, octets: bytes, keys: Sequence[tuple[int, blake2b]]) -> str:
        made = ""
        for _version, keyed in keys:
            if made:
                octets = made.encode()
            made = _mac(keyed, octets)
        return made


def visitor_id(raw: object) -> str | None:
    """A visitor id without blanks around it, or None: it has 1 to 128 characters, none of them a control.

    The context step reads ids in the same way, so that decisions and events mean the same visitor.
    """
    if type(raw) is not str or len(raw) > LONGEST_VISITOR_ID:
        return None
    text = raw.strip(" \t")
    if not text.isprintable() and _BAD.search(text):
        return None
    return text or None


def is_guessable(raw: str) -> bool:
    """Whether a visitor id could be guessed, such as the number of a customer or an address.

    All can but random ones: 128 bits or more as hexadecimal digits, as `tessera.js` makes them, and random UUIDs.
    """
    text = visitor_id(raw) or ""
    # A number with zeros before it is of the form, and not random.
    return _RANDOM.fullmatch(text) is None or max(map(text.count, set(text))) * 3 > len(text)


def _checked(raw: str) -> str:
    text = visitor_id(raw)
    if text is None:
        raise ValueError("not a visitor id")  # it may be somebody's name: it is not repeated
    return text


def _keyed(secret: str | bytes, prefix: bytes) -> blake2b:
    """What is ready to hash a message that begins so; a key has 64 bytes at most."""
    key = secret.encode() if isinstance(secret, str) else secret
    return blake2b(prefix, digest_size=_BYTES, key=key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest())


def _mac(keyed: blake2b, message: bytes) -> str:
    # An eighth of the time of HMAC, and this is done for every request.
    made = keyed.copy()
    made.update(message)
    return made.hexdigest()
