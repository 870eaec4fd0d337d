"""Decision tokens: what an answer was made of, signed, the same for everyone who gets that answer."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

FORMAT = "d1"
_MAC_BYTES = 16
LONGEST = 65_536
_json = msgspec.json.Encoder().encode


class BadTokenError(ValueError):
    """A token that was not made here, or that was changed."""


class DecisionTokens:
    """Makes and reads tokens. HMAC-SHA-256, cut to 128 bits; no visitor in it, so that a shared cache may keep it."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def make(self, version: int, slot: str, key: str, arms: Mapping[str, str]) -> str:
        """The token of one slot's answer."""
        payload = _encode(_json({"v": version, "s": slot, "k": key, "a": arms}))
        return f"{FORMAT}.{payload}.{_encode(self._mac(payload))}"

    def _mac(self, payload: str) -> bytes:
        return hmac.digest(self._key, f"{FORMAT}.{payload}".encode(), "sha256")[:_MAC_BYTES]

    def read(self, token: str) -> Mapping[str, Any]:
        """What a token says: `version`, `slot`, `key`, `arms`. Raises BadTokenError."""
        parts = token.split(".") if len(token) <= LONGEST else []
        if len(parts) != 3 or parts[0] != FORMAT or not token.isascii():
            raise BadTokenError("not a decision token")
        if not hmac.compare_digest(_encode(self._mac(parts[1])), parts[2]):
            raise BadTokenError("the signature does not match")
        body = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return {"version": body["v"], "slot": body["s"], "key": body["k"], "arms": body["a"]}


def _encode(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
