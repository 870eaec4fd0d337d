"""User tokens: how a site tells a browser's word from its own on who is logged in.

A compact JWS (RFC 7515) as every JWT library makes it, signed with HMAC-SHA-256 by the site's server with the setting
`user_token_key`: `sub` is the user's id, `exp` when it ends in seconds since the epoch. Nothing but HS256 is read,
whatever a token says of itself.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable

from plugin.errors import Forbidden
from plugin.profiles.identity import visitor_id

LONGEST = 4_096
_PARTS = 3


class UserTokens:
    """Reads user tokens."""

    def __init__(self, key: bytes | None, *, now_ms: Callable[[], int]) -> None:
        """Take the key; None: no token is any good."""
        self._key = key
        self._now_ms = now_ms

    def __repr__(self) -> str:
        return "UserTokens(...)"

    def user(self, token: str | None) -> str:
        """Whose token it is. Raises: Forbidden for all but a right one that is not over."""
        if self._key is None:
            raise Forbidden("No user_token_key is set, so that no user token can be checked.")
        if token is None:
            raise Forbidden("With a delivery key a user token is needed, signed by the site.")
        signed, _, signature = token.rpartition(".")
        parts = token.split(".")
        if len(token) > LONGEST or len(parts) != _PARTS or not token.isascii():
            raise Forbidden("The user token is not a compact JWS.")
        expected = hmac.digest(self._key, signed.encode(), "sha256")
        # Compared as octets: the last character of a signature has bits that stand for nothing.
        if not hmac.compare_digest(expected, _octets(signature) or b""):
            raise Forbidden("The user token is not signed with the key that is set here.")
        header, claims = _object(parts[0]), _object(parts[1])
        if header is None or header.get("alg") != "HS256" or "crit" in header:
            raise Forbidden("The user token is not signed by HS256, which alone is read here.")
        return self._subject(claims)

    def _subject(self, claims: dict[str, object] | None) -> str:
        subject = visitor_id(claims.get("sub")) if claims is not None else None
        ends, begins = _seconds(claims or {}, "exp"), _seconds(claims or {}, "nbf")
        if subject is None or ends is None:
            raise Forbidden("A user token says 'sub', the user's id, and 'exp', when it ends.")
        now_s = self._now_ms() / 1_000
        if now_s >= ends:
            raise Forbidden("The user token is over; have the site sign another.")
        if begins is not None and now_s < begins:
            raise Forbidden("The user token does not hold yet.")
        return subject


def _seconds(claims: dict[str, object], name: str) -> float | None:
    value = claims.get(name)
    return value if type(value) in (int, float) else None  # type: ignore[return-value]  # true is no number


def _object(part: str) -> dict[str, object] | None:
    octets = _octets(part)
    try:
        found = json.loads(octets) if octets is not None else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _octets(part: str) -> bytes | None:
    """Base64 for addresses, without padding, as JWS writes it."""
    try:
        return base64.b64decode(part.encode("ascii") + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
