"""What adapters may not reach for by themselves: clocks, sleep and chance, passed in where they are wired."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


def _silent() -> None:
    """Nobody waits."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Effects of time and chance.

    Attributes:
        now: seconds since the Unix epoch (wall clock).
        monotonic: seconds of a clock that never goes back; for deadlines and breakers.
        sleep: waits that many seconds.
        progress: told of every answer that came, so that somebody who waits can see that something happens.
        random: uniform in [0, 1); spreads retries, never decides anything a visitor sees.
    """

    now: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    random: Callable[[], float]
    progress: Callable[[], None] = _silent

    @classmethod
    def system(cls) -> Runtime:
        """The real clocks and generator of this machine."""
        return cls(time.time, time.monotonic, time.sleep, random.random)
