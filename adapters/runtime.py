"""What adapters may not reach for by themselves: clocks, sleep and chance, passed in where they are wired."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Runtime:
    """Effects of time and chance.

    Attributes:
        now: seconds since the Unix epoch (wall clock).
        monotonic: seconds of a clock that never goes back; for deadlines and breakers.
        sleep: waits that many seconds.
        random: uniform in [0, 1); spreads retries, never decides anything a visitor sees.
    """

    now: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]

    @classmethod
    def system(cls) -> Runtime:
        """The real clocks and generator of this machine."""
        return cls(time.time, time.monotonic, time.sleep, random.random)
