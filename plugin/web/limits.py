"""Rate limits: a token bucket for each key, in this process."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import Lock

from plugin.errors import RateLimited
from plugin.web.services import Rate


class Buckets:
    """Buckets by the names of known callers, so there are only as many as keys."""

    def __init__(self, rate: Rate | None, monotonic: Callable[[], float]) -> None:
        """``rate`` None: no limit. ``monotonic`` gives seconds."""
        self._rate = rate
        self._monotonic = monotonic
        self._lock = Lock()
        self._levels: dict[str, tuple[float, float]] = {}  # tokens left, as of when

    def take(self, key: str, tokens: int = 1) -> None:
        """Take one token, or several.

        Raises:
            RateLimited: none is left, and none is taken; says in how many seconds there is one. Somebody who takes
                several may owe some of them afterwards.
        """
        rate = self._rate
        if rate is None:
            return
        with self._lock:
            now = self._monotonic()
            level, since = self._levels.get(key, (float(rate.burst), now))
            level = min(float(rate.burst), level + (now - since) * rate.per_s)
            if level < 1.0:
                self._levels[key] = (level, now)
                raise RateLimited(max(1, math.ceil((1.0 - level) / rate.per_s)))
            self._levels[key] = (level - tokens, now)
