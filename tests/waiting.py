"""Waiting for what other processes do, on a machine that may have much else to do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median

PATIENCE_S = 90.0
"""Before a test gives up. It claims nothing: what mostly takes a tenth of a second may take long on a busy machine."""
POLL_S = 0.02
_BURNT_S = 0.02


def until(
    holds: Callable[[], object],
    patience_s: float = PATIENCE_S,
    *,
    poll_s: float = POLL_S,
    said: Callable[[], object] = str,
) -> float:
    """Waits until something holds; the seconds that took. `said` is asked for what to tell where it never does."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < patience_s, f"it did not come to hold in {patience_s} s: {said()}"
        time.sleep(poll_s)
    return time.monotonic() - begun


def allowed(limit_s: float) -> float:
    """A limit in seconds of a machine that does nothing else, as it is on this one now.

    A promise of a second is kept or broken by the product where it has a processor; with three others that want the
    same one, nobody can keep it. Where nothing else runs, this is the limit itself.
    """
    queued = os.getloadavg()[0] / (os.cpu_count() or 1)
    return limit_s * max(1.0, queued, _slowness())


def _slowness() -> float:
    """How much longer a piece of work takes than the time that it has a processor."""
    begun, cpu = time.perf_counter(), time.thread_time()
    while time.thread_time() - cpu < _BURNT_S:
        pass
    return (time.perf_counter() - begun) / _BURNT_S


def publications_in_time(publish: Callable[[], float], *, median_s: float, longest_s: float) -> tuple[float, float]:
    """Twenty publications are served in time, each and mostly; `publish` makes one and tells the seconds that it took.

    Returns:
        The median, and the longest.
    """
    times: list[float] = []

    def round_() -> float:
        """How far from both limits, as a share of them."""
        times[:] = [publish() for _ in range(20)]
        return max(median(times) / median_s, max(times) / longest_s)

    in_time(1.0, round_)
    return median(times), max(times)


def in_time(limit_s: float, attempt: Callable[[], float], *, attempts: int = 3) -> None:
    """Something takes no longer than it is allowed, in one of a few attempts, each of which does it anew.

    A machine that does much else may be late at any time; a product that is late is so each time.
    """
    took: list[tuple[float, float]] = []
    while not took or took[-1][0] > took[-1][1]:
        assert len(took) < attempts, f"in {attempts} attempts it always took too long (seconds, allowed): {took}"
        took.append((attempt(), allowed(limit_s)))
