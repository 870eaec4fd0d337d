"""The edge port: how a cache in front of the site is told which of its answers are no longer right.

Answers are stored under surrogate keys (of the entries, tags and sources that they were made from), and purged by
them. A purge is sent again and again until it succeeds, and once more later, for an answer that was being made while
the first was sent would be stored after it: so it must do no harm to purge the same keys twice. Adapters do not try
again by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

MOST_KEYS = 200
"""Of one call; an adapter whose cache takes fewer at once sends several requests."""
LONGEST_KEY = 1024
"""Characters of a key: no cache that we know takes longer ones."""


class Purger(Protocol):
    """One configured cache. Calls may block; they are bounded by the time-outs in its options."""

    def purge(self, keys: Sequence[str], *, hard: bool) -> None:
        """Purge what is stored under any of the keys.

        Args:
            keys: texts of 1 to `LONGEST_KEY` characters of printable ASCII, without spaces and commas. Callers give
                up to `MOST_KEYS`; adapters take any number.
            hard: nobody may get the old answer from now on. Otherwise it may be served while a new one is fetched.
        Raises:
            EdgeError: it is not known to have happened; the call is repeated later. Some keys may be purged.
        """
        ...

    def close(self) -> None:
        """Frees connections; safe to call twice."""
        ...


class State(NamedTuple):
    """How new what is published is: epochs of the rules and of the content, which only grow.

    Shared answers say theirs in the header `T-State`, as `rules.content`.
    """

    rules: int
    content: int


@runtime_checkable
class LatePurger(Protocol):
    """What a `Purger` may have besides, to spare what was made anew since a change was purged the first time."""

    def purge_late(self, keys: Sequence[str], *, hard: bool, state: State) -> None:
        """Purge once more, for answers that were being made when the first purge was sent.

        Args:
            keys, hard: as for `purge`.
            state: that holds the change. What says in `T-State` that it is of this state or of a later one may stay,
                and so may what is stale since a soft purge; what says nothing must go.
        Raises:
            EdgeError: as for `purge`.
        """
        ...


class EdgeError(Exception):
    """The purge failed. `str(error)` carries no secret, and says what to do where that is known.

    Attributes:
        retry_after: seconds that the cache asked to wait; None where it did not say.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class EdgeAuthError(EdgeError):
    """The cache does not let us purge: a secret, a token or a list of addresses has to be mended."""


class EdgeUnavailable(EdgeError):  # noqa: N818 - named for what happened
    """No answer, none in time, or that we shall come back later; it may pass by itself."""


class EdgeRefused(EdgeError):  # noqa: N818 - named for what happened
    """There was an answer, and it is not that the keys were purged; a setting has to be mended."""
