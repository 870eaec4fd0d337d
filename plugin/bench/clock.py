"""Timing: each call by itself, contenders in turn, and beside them a fixed loop that shows how fast the machine was."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter_ns
from typing import Any, TypeAlias

Call: TypeAlias = Callable[[int], Any]
"""What is timed: it gets the number of the call, so that no two calls need be alike."""

REFERENCE_TURNS = 500
LOOP_TURNS = 51
_OVERHEAD_SAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Timing:
    """Of one contender: µs a call, the timer's own cost taken off, over so many calls."""

    median_us: float
    p99_us: float
    calls: int

    def to_dict(self) -> dict[str, float]:
        """For JSON: µs with two decimals."""
        return {"median_us": round(self.median_us, 2), "p99_us": round(self.p99_us, 2), "calls": self.calls}


def reference(_number: int) -> int:
    """The fixed loop: integer arithmetic in the interpreter, and nothing else."""
    total = 0
    for turn in range(REFERENCE_TURNS):
        total += turn * turn % 7
    return total


def loop_us() -> float:
    """What the fixed loop takes now, in µs: the median of some turns."""
    times = []
    for number in range(LOOP_TURNS):
        start = perf_counter_ns()
        reference(number)
        times.append(perf_counter_ns() - start)
    return median(times) / 1000


def compare(
    contenders: Mapping[str, Call], *, rounds: int, calls: int | Mapping[str, int], first: int = 0
) -> dict[str, Timing]:
    """Time contenders in turn, so that what else the machine does falls on all of them alike.

    Args:
        contenders: by name; each is called once before the first round.
        rounds: how often each gets its turn.
        calls: in one turn; by name where a slow one shall make fewer.
        first: the number of the first call.
    Returns:
        By name, medians and 99th percentiles over all calls.
    """
    samples: dict[str, list[int]] = {name: [] for name in contenders}
    numbers = dict.fromkeys(contenders, first)
    for name, call in contenders.items():
        call(numbers[name])
    with frozen_garbage():
        overhead = _overhead()
        for _round in range(rounds):
            for name, call in contenders.items():
                number = numbers[name]
                many = calls if isinstance(calls, int) else calls[name]
                times = samples[name]
                for one in range(number, number + many):
                    start = perf_counter_ns()
                    call(one)
                    times.append(perf_counter_ns() - start)
                numbers[name] = number + many
    return {name: _timing(times, overhead) for name, times in samples.items()}


def _timing(times: Sequence[int], overhead: float) -> Timing:
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return Timing(max(0.0, median(ordered) - overhead) / 1000, max(0.0, p99 - overhead) / 1000, len(ordered))


def _overhead() -> float:
    """What the timer and an empty call cost, in ns."""
    times = []
    empty: Call = lambda number: number  # noqa: E731 - the shape of what is timed, with nothing in it
    for one in range(_OVERHEAD_SAMPLES):
        start = perf_counter_ns()
        empty(one)
        times.append(perf_counter_ns() - start)
    return median(times)


@contextmanager
def frozen_garbage() -> Iterator[None]:
    """What was loaded is out of the collector's sight, as in a serving process; collection itself stays on."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
