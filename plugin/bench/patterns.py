"""Patterns: how many windows one worker evaluates a second, and what a visitor takes however much they do."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from statistics import median
from time import perf_counter, process_time

import rules
from plugin.bench.events_site import KINDS, document
from plugin.live.pattern_engine import PatternEngine
from plugin.profiles import fold, state
from plugin.profiles.events import Event
from plugin.profiles.reduce import reduce
from plugin.profiles.state import EMPTY, SourceState
from plugin.service.visitors.stage import Evaluation, Stage
from rules.patterns.letters import PatternSet, patterns_of
from rules.patterns.windows import Entry, Window

START_MS = 1_790_000_000_000
WINDOWS = (5, 20)
BATCH = 50
"""Windows evaluated together, about as many as a transaction of a busy worker has."""
VISITORS = 100
DAYS = 90
SAMPLES = 10
CAUGHT_UP = 50
"""Events of a visitor that a window takes at once."""
TOPICS = 20
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Speed:
    """Windows of so many events, each by all patterns: a second, and CPU µs of this process, without the engine's."""

    events: int
    per_s: float
    cpu_us: float


def speeds(patterns: int, rounds: int) -> list[Speed]:
    """By length of the windows, with the engine in its process; medians of the rounds, after one to warm up."""
    found = patterns_of(rules.load(document(patterns)))
    engine = PatternEngine(found)
    engine.start()
    try:
        evaluate = Evaluation(found, engine)
        return [_speed(evaluate, found, events, rounds) for events in WINDOWS]
    finally:
        engine.close()


def sizes(patterns: int, events: int) -> list[int]:
    """Bytes kept of a visitor (state, window and view) after each tenth of so many events in all, on average.

    The events are of `VISITORS` visitors in turn, over `DAYS` days; windows take them in batches, as a worker does that
    has much to catch up with. Each processor takes some of the visitors.
    """
    cores = len(os.sched_getaffinity(0))
    shares = [range(VISITORS)[place::cores] for place in range(cores)]
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        sampled = list(pool.map(_sizes, repeat(patterns), repeat(events), shares))
    return [sum(parts) // VISITORS for parts in zip(*sampled, strict=True)]


def _sizes(patterns: int, events: int, visitors: range) -> list[int]:
    """Bytes of these visitors together, after each tenth of the events of all."""
    found = patterns_of(rules.load(document(patterns)))
    stage = Stage(None, found, {}, Evaluation(found, None))
    sampled = [0] * SAMPLES
    for visitor in visitors:
        held, window, new, tenth = EMPTY, Window(), list[Entry](), 0
        for number in range(visitor, events, VISITORS):
            if number * SAMPLES // events > tenth:
                sampled[tenth] += _bytes(held, window)
                tenth += 1
            one = _event(number, visitor, START_MS + number * DAYS * _DAY_MS // events)
            entry = {"topics": [f"topic-{number % TOPICS}", f"topic-{number % 7}"]}
            letters = stage.letters(one, entry)
            if letters:
                new.append(Entry(one.time, one.id, letters))
            if len(new) == CAUGHT_UP:
                window = window.add(new, found.limits)
                new.clear()
            held = reduce(held, one, entry) or held
        sampled[tenth] += _bytes(held, window)
    return sampled


def _speed(evaluate: Evaluation, patterns: PatternSet, events: int, rounds: int) -> Speed:
    stage = Stage(None, patterns, {}, evaluate)
    walls, cpus = [], []
    for turn in range(rounds + 1):
        asked = [_window(stage, (turn * BATCH + one) * events, events) for one in range(BATCH)]
        wall, cpu = perf_counter(), process_time()
        evaluate(asked)
        walls.append(perf_counter() - wall)
        cpus.append(process_time() - cpu)
    return Speed(events, BATCH / median(walls[1:]), median(cpus[1:]) * 1e6 / BATCH)


def _window(stage: Stage, first: int, events: int) -> tuple[Window, int]:
    """So many events that patterns ask for, five minutes apart, and an instant just after them."""
    window, number, at = Window(), first, START_MS
    while len(window.entries) < events:
        one = _event(number, 0, at)
        letters = stage.letters(one, None)
        if letters:
            window, at = window.add([Entry(one.time, one.id, letters)], stage.patterns.limits), at + 300_000
        number += 1
    return window, at


def _event(number: int, visitor: int, at: int) -> Event:
    kind = KINDS[(number // VISITORS + visitor) % len(KINDS)]
    return Event(
        *(f"b-{number}", kind, f"{visitor:032x}", 1, f"u-{visitor}", at, at, b"", "personalization"),
        content_id=f"entry-{number * 7 % 200}",
        value=number % 90 if kind == "dwell" else None,
    )


def _bytes(held: SourceState, window: Window) -> int:
    source = "0" * 32
    view = fold.fold([(source, held)], uid="u" * 32, person=source, known=False, segments={})
    return len(state.encode(held)) + len(window.encode()) + len(fold.encode(view))
