"""The webhook port: what a CMS sends when something changed, proven to come from it, and what it names.

A notice is a hint and nothing more: what it says of an entry is never believed, the entry is fetched. So a hook only
answers two questions: did this source send it, and which entries should be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Notice(NamedTuple):
    """Something to look at.

    Attributes:
        id: of an entry, or of an asset or term that entries are made from; None: it is not known what changed, so the
            whole source is synced.
        locale: of the variant; None: any of them.
        content_type: in the source's own terms, to save requests; None where it does not say.
    """

    id: str | None
    locale: str | None = None
    content_type: str | None = None


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
