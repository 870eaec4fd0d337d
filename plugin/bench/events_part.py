"""The part of the benchmark that is about events, as plain data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from plugin.bench.events import RATE_PER_S, Round, Seen, accept, redis_server, see, served
from plugin.bench.failures import Failures
from plugin.bench.memory import visitor_bytes

FULL = (5, 160, 10.0)
"""Rounds, batches in a round, seconds of a round in which events are looked for."""
QUICK = (1, 80, 4.0)
WARM_UP_S = 3.0


def measure(*, quick: bool, say: Callable[[str], None], failures: Failures) -> dict[str, Any]:
    """By stream: events accepted a second alone and while applying, and how soon one is seen; Redis where it is there,
    with what a visitor takes in it.

    Args:
        failures: told what could not be measured; its figures are missing.
    """
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as named:
        folder = Path(named)
        with redis_server(folder / "redis") as redis:
            for name, url in (("local", None), *((("redis", redis),) if redis else ())):
                found[name] = {}
                _measure_stream(found[name], name, url, folder, QUICK if quick else FULL, say, failures)
    return found


def _measure_stream(
    found: dict[str, Any],
    name: str,
    url: str | None,
    folder: Path,
    effort: tuple[int, int, float],
    say: Callable[[str], None],
    failures: Failures,
) -> None:
    """Put the figures of one stream into `found`; `url` is that of Redis."""
    rounds, batches, seconds = effort
    what = f"events, stream {name}: accepted in batches of 50, one process"
    say(what)
    with failures.of(what), served(folder / f"{name}-accepting", url, applies=False) as server:
        found["accepting"] = _rounds(accept(server, rounds, batches))
    with failures.of(f"{what}, while applying"), served(folder / f"{name}-both", url, applies=True) as server:
        found["accepting_and_applying"] = _rounds(accept(server, rounds, batches))
    what = f"events, stream {name}: seen in the next decision, at {RATE_PER_S} a second"
    say(what)
    with failures.of(what), served(folder / f"{name}-seen", url, applies=True) as server:
        see(server, WARM_UP_S)
        found["seen"] = _seen([see(server, seconds) for _ in range(rounds)])
    if url is not None:
        what = "memory of a visitor in Redis"
        say(what)
        with failures.of(what):
            found["bytes_a_visitor"] = round(visitor_bytes(url))


def _rounds(rounds: Sequence[Round]) -> dict[str, Any]:
    return {
        "events_per_s": round(median(one.per_s for one in rounds)),
        "cpu_us_an_event": round(median(one.cpu_us for one in rounds), 1),
        "loop_us": round(median(one.loop_us for one in rounds), 1),
        "rounds": [round(one.per_s) for one in rounds],
    }


def _seen(runs: Sequence[Seen]) -> dict[str, Any]:
    return {
        "median_ms": round(median(median(one.ms) for one in runs), 1),
        "p99_ms": round(median(one.ms[min(len(one.ms) - 1, len(one.ms) * 99 // 100)] for one in runs), 1),
        "probes": sum(len(one.ms) for one in runs),
        "events_per_s": round(median(one.per_s for one in runs)),
        "loop_us": round(median(one.loop_us for one in runs), 1),
        "rounds_ms": [round(median(one.ms), 1) for one in runs],
    }
