"""One engine in a process of its own: reads orders as lines of JSON, answers likewise. Only its engine is imported.

CPU time is that of the process, all of its threads included.
"""

from __future__ import annotations

import gc
import importlib
import json
import platform
import sys
import time
from typing import Any

from tests.peers import world

LOOP_TURNS = 200_000


def main(module: str, name: str) -> None:
    """Serve until the input ends."""
    engine = getattr(importlib.import_module(module), name)()
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.write(json.dumps(_do(engine, order.pop("do"), **order)) + "\n")
        sys.stdout.flush()
    if hasattr(engine, "close"):
        engine.close()


def _do(engine: Any, what: str, **order: Any) -> Any:
    match what:
        case "load":
            flags = world.flags()
            if order["everybody"]:
                flags = [world.Flag(one.name, one.tests, one.segment) for one in flags]
            engine.load(flags, world.segments())
            return {"versions": dict(engine.versions), "python": platform.python_version()}
        case "answer":
            numbers = range(order["first"], order["first"] + order["count"])
            return [engine.on(engine.ask(engine.native(world.visitor(number)))) for number in numbers]
        case _:
            return _timed(engine, order["first"], order["count"])


def _timed(engine: Any, first: int, count: int) -> dict[str, float]:
    """CPU µs a visitor, of visitors that were never met, and of a turn of a fixed loop before and after."""
    people = [engine.native(world.visitor(number)) for number in range(first, first + count)]
    ask = engine.ask
    gc.collect()
    gc.freeze()
    before = _loop_us()
    start = time.process_time_ns()
    for one in people:
        ask(one)
    spent = (time.process_time_ns() - start) / count / 1000
    after = _loop_us()
    gc.unfreeze()
    return {"cpu_us": spent, "loop_us": (before + after) / 2}


def _loop_us() -> float:
    """CPU µs of 500 turns of integer arithmetic, as in `tessera bench`."""
    start = time.process_time_ns()
    total = 0
    for turn in range(LOOP_TURNS):
        total += turn * turn % 7
    return (time.process_time_ns() - start) / 1000 / LOOP_TURNS * 500


if __name__ == "__main__":
    main(*sys.argv[1:])
