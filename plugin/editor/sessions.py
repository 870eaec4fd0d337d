"""Sessions of editors: a signed cookie with the key's name, its scopes and an end, and never the key.

The cookie says all there is to know, so that every worker process reads it alike; nothing is kept on the server.
Logging out removes it from the browser; a copy taken before that is good until its end.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)
_RENEWED_AFTER = timedelta(minutes=10)
_LONGEST_COOKIE = 4_096


@dataclass(frozen=True, slots=True)
class Session:
    """Who is logged in.

    Attributes:
        name: of the key: the author in histories.
        scopes: what it may do.
        began: when they logged in; seconds since 1970.
        ends: when the session does, unless it is used before.
        nonce: random; forms of this session are signed with it.
    """

    name: str
    scopes: frozenset[str]
    began: int
    ends: int
    nonce: str

    def may(self, scope: str) -> bool:
        """Whether the key has this right."""
        return scope in self.scopes


class Sessions:
    """Makes and reads the cookies, and the tokens in forms that no other site can know."""

    def __init__(self, key: str, clock: Callable[[], datetime], new_nonce: Callable[[], str]) -> None:
        self._cookie_key = _derived(key, b"tessera editor session 1")
        self._form_key = _derived(key, b"tessera editor form 1")
        self._clock = clock
        self._new_nonce = new_nonce

    def begin(self, name: str, scopes: Iterable[str]) -> Session:
        """A new session."""
        now = self._now()
        return Session(name, frozenset(scopes), now, now + int(IDLE.total_seconds()), self._new_nonce())

    def renewed(self, session: Session) -> Session | None:
        """The session with a later end; None where that is not due, or it has lasted long enough."""
        ends = min(self._now() + int(IDLE.total_seconds()), session.began + int(LONGEST.total_seconds()))
        if ends - session.ends < _RENEWED_AFTER.total_seconds():
            return None
        return Session(session.name, session.scopes, session.began, ends, session.nonce)

    def write(self, session: Session) -> str:
        """The value of the cookie."""
        body = {
            "name": session.name,
            "scopes": sorted(session.scopes),
            "began": session.began,
            "ends": session.ends,
            "nonce": session.nonce,
        }
        payload = urlsafe_b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()
        return f"{payload}.{self._sign(self._cookie_key, payload)}"

    def read(self, cookie: str | None) -> Session | None:
        """The session of a cookie; None where there is none, it was not made here, or it is over."""
        if not cookie or len(cookie) > _LONGEST_COOKIE or not cookie.isascii():
            return None
        payload, _, signature = cookie.partition(".")
        if not hmac.compare_digest(self._sign(self._cookie_key, payload), signature):
            return None
        try:
            body = json.loads(urlsafe_b64decode(payload))
            found = Session(body["name"], frozenset(body["scopes"]), body["began"], body["ends"], body["nonce"])
        except (Base64Error, ValueError, LookupError, TypeError):  # signed here, by a version that wrote it otherwise
            return None
        return found if self._now() < found.ends else None

    def form_token(self, nonce: str) -> str:
        """What a form must bring back."""
        return self._sign(self._form_key, nonce)

    def is_form_token(self, nonce: str, token: str) -> bool:
        """Whether a form was made for the holder of the nonce."""
        return hmac.compare_digest(self.form_token(nonce).encode(), token.encode(errors="replace"))

    def _now(self) -> int:
        return int(self._clock().timestamp())

    @staticmethod
    def _sign(key: bytes, text: str) -> str:
        return hmac.new(key, text.encode(), sha256).hexdigest()


def _derived(key: str, use: bytes) -> bytes:
    """A key for one use alone, so that what is signed for one is worth nothing for another."""
    return hmac.digest(key.encode(), use, "sha256")
