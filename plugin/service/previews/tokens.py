"""Preview links: which drafts, for which visitor, until when; signed, so that nobody makes or prolongs one."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from plugin.errors import FieldError, Forbidden, Unauthorized, ValidationFailed
from plugin.flow.types import SlotAsk

FORMAT = "p1"
LONGEST = 6_000
"""Characters: what browsers, proxies and servers take in an address, with room for the rest of it."""
LONGEST_LIFE = timedelta(days=7)
_PURPOSE = b"tessera preview links"


@dataclass(frozen=True, slots=True)
class DraftRef:
    """A draft in the terms of its source; `locale` and `type` as in `Source.draft`."""

    source: str
    id: str
    locale: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a link shows.

    Attributes:
        entries: whose drafts stand in for what is published.
        slots: what is asked for where the request names none.
        attributes: facts of the visitor, flat, by name; they win over what the request tells.
        at: the moment of the decision; None: the moment of the request.
        author: the name of the key that made the link.
    """

    entries: tuple[DraftRef, ...]
    slots: tuple[SlotAsk, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict, repr=False)
    segments: tuple[str, ...] = ()
    arms: Mapping[str, str] = field(default_factory=dict)
    visitor_id: str | None = None
    at: datetime | None = None
    issued_at: datetime
    expires_at: datetime
    author: str = ""


class PreviewTokens:
    """Makes and reads tokens: HMAC-SHA-256 with a key of their own, derived from the one that signs all tokens."""

    def __init__(self, key: str) -> None:
        self._key = hmac.digest(key.encode(), _PURPOSE, "sha256")

    def make(self, preview: Preview) -> str:
        """The token of a preview.

        Raises:
            ValidationFailed: it says more than fits into an address.
        """
        body = {
            "e": [[one.source, one.id, one.locale, one.type] for one in preview.entries],
            "s": [[one.id, one.limit, list(one.exclude)] for one in preview.slots],
            "f": dict(preview.attributes),
            "g": list(preview.segments),
            "a": dict(preview.arms),
            "v": preview.visitor_id,
            "t": _seconds(preview.at),
            "i": _seconds(preview.issued_at),
            "x": _seconds(preview.expires_at),
            "b": preview.author,
        }
        payload = _encode(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
        token = f"{FORMAT}.{payload}.{_encode(self._mac(payload))}"
        if len(token) > LONGEST:
            detail = f"the link would have {len(token):,} characters, and {LONGEST:,} is the most; say less in it"
            raise ValidationFailed([FieldError("", detail)])
        return token

    def read(self, token: str, now: datetime) -> Preview:
        """What a token says.

        Raises:
            Unauthorized: it was not made here, or was changed.
            Forbidden: it was, and is over.
        """
        parts = token.split(".") if len(token) <= LONGEST and token.isascii() else []
        if len(parts) != 3 or parts[0] != FORMAT or not hmac.compare_digest(_encode(self._mac(parts[1])), parts[2]):
            raise Unauthorized("The preview link is not valid.")
        found = _preview(json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))))
        if now >= found.expires_at:
            raise Forbidden("The preview link has expired; make a new one.")
        return found

    def _mac(self, payload: str) -> bytes:
        return hmac.digest(self._key, f"{FORMAT}.{payload}".encode(), "sha256")


def bucket_of(token: str) -> str:
    """One of 4,096 names for limits: links share them, so that there are never more."""
    return "preview-" + hashlib.sha256(token.encode()).hexdigest()[:3]


def _preview(body: Mapping[str, Any]) -> Preview:
    issued, expires = _instant(body["i"]), _instant(body["x"])
    if issued is None or expires is None:
        raise Unauthorized("The preview link is not valid.")
    return Preview(
        entries=tuple(DraftRef(*one) for one in body["e"]),
        slots=tuple(SlotAsk(name, limit, tuple(exclude)) for name, limit, exclude in body["s"]),
        attributes=body["f"],
        segments=tuple(body["g"]),
        arms=body["a"],
        visitor_id=body["v"],
        at=_instant(body["t"]),
        issued_at=issued,
        expires_at=expires,
        author=body["b"],
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _encode(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
