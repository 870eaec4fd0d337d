"""The edge port: how a cache in front of the site is told which of its answers are no longer right.

Answers are stored under surrogate keys (of the entries, tags and sources that they were made from), and purged by
them. A purge is sent again and again until it succeeds, and once more later, for an answer that was being made while
the first was sent would be stored after it: so it must do no harm to purge the same keys twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

MOST_KEYS = 200
"""Of one call; an adapter whose cache takes fewer at once sends several requests."""


class Purger(Protocol):
    """One configured cache. Calls may block; they are bounded by the time-outs in its options."""

    def purge(self, keys: Sequence[str], *, hard: bool) -> None:
        """Purge what is stored under any of the keys.

        Args:
            keys: 1 to `MOST_KEYS` texts of printable ASCII, without spaces and commas.
            hard: nobody may get the old answer from now on. Otherwise it may be served while a new one is fetched.
        Raises:
            EdgeError: it is not known to have happened; the call is repeated later.
        """
        ...

    def close(self) -> None:
        """Frees connections; safe to call twice."""
        ...


class EdgeError(Exception):
    """The purge failed. `str(error)` carries no secret.

    Attributes:
        retry_after: seconds that the cache asked to wait; None where it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)
