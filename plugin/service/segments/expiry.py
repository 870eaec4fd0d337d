"""Takes out of segments whose time is over. Requests do not wait for it: they look at the end of each membership."""

from __future__ import annotations

from collections.abc import Callable

from plugin.ports import SegmentLists

EVERY_S = 2.0


class SegmentExpiry:
    """Sweeps: who is over leaves, with an entry in the log of entries and exits. Several at once do no harm."""

    def __init__(self, lists: SegmentLists, *, now_ms: Callable[[], int], limit: int = 2_000) -> None:
        self._lists = lists
        self._now_ms = now_ms
        self._limit = limit

    def step(self) -> bool:
        """Take out some; whether there may be more. Raises: ServiceUnavailable."""
        return self._lists.expire(now=self._now_ms(), limit=self._limit) == self._limit
