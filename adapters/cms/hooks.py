"""The webhook port: what a CMS sends when something changed, proven to come from it, and what it names.

A notice is a hint and nothing more: what it says of an entry is never believed, the entry is fetched. So a hook only
answers two questions: did this source send it, and which entries should be looked at. What it may say besides is how
new they are: an entry that is fetched in an older version than the one that was announced is fetched again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

MOST_VERSION = 10**18
"""No version that is a number is larger."""


class Notice(NamedTuple):
    """Something to look at.

    Attributes:
        id: of an entry, or of an asset or term that entries are made from; None: it is not known what changed, so the
            whole source is synced.
        locale: of the variant; None: any of them.
        content_type: in the source's own terms, to save requests; None where it does not say.
        version: that which what is published now has at least, of the kind that `SourceSpec.ordering` declares; None
            where it does not say, and of what is no longer published.
    """

    id: str | None
    locale: str | None = None
    content_type: str | None = None
    version: int | datetime | None = None


def version_in(value: object) -> int | datetime | None:
    """A version in a decoded body: a whole number, or a time as RFC 3339 writes it; None where it is neither.

    A version is a hint: one that is not understood is none, and the notice counts all the same.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= MOST_VERSION else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A request as it came.

    Attributes:
        path: with its query, as the CMS wrote it, for signatures that cover it.
        headers: by name in lower case; values as they came.
        body: raw.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Hook(Protocol):
    """One source's way to announce changes. Keeps no state; safe to share between threads."""

    def read(self, request: HookRequest, now: float) -> tuple[Notice, ...]:
        """What the request names; empty for what does not concern content, such as a test delivery.

        Args:
            now: seconds since the Unix epoch, for replay windows.
        Raises:
            Unsigned, Stale, Malformed: see there. Authentication is judged first, on the raw body, in constant time.
        """
        ...


class HookError(Exception):
    """Root of what is wrong with a request; the message carries no secret."""


class Unsigned(HookError):  # noqa: N818 - named for what it is
    """The signature or token is missing or wrong."""


class Stale(HookError):  # noqa: N818 - named for what it is
    """Signed too long ago, or for a time to come."""


class Malformed(HookError):  # noqa: N818 - named for what it is
    """It comes from the source, and cannot be understood: not JSON, or not of the documented form."""
