"""Random patterns and streams of events, from a source of randomness that the caller hands in.

Times and spans are few whole seconds, so that ties and exact ends are common; conditions overlap, so that one event
serves several steps.
"""

from __future__ import annotations

from random import Random
from typing import Any

import rules
from rules.patterns.letters import PatternSet, patterns_of
from rules.patterns.windows import Entry

TYPES = ("view", "cart", "purchase")
SPANS = ("1s", "2s", "3s", "5s", "8s")
MOMENT = 1_790_000_000_000


def step(random: Random) -> dict[str, Any]:
    made: dict[str, Any] = {"event": random.choice(TYPES)}
    if random.random() < 0.6:
        made["where"] = {"event.value": {"gte": random.randrange(3)}}
    return made


def chain(random: Random, most: int) -> dict[str, Any]:
    steps = [step(random) for _ in range(random.randint(1, most))]
    for one in steps[1:]:
        if random.random() < 0.4:
            one["within"] = random.choice(SPANS)
    made: dict[str, Any] = {"sequence": steps}
    if random.random() < 0.5:
        absent = step(random)
        steps.append({"absent": absent.pop("event"), "for": random.choice(SPANS[:3]), **absent})
    if random.random() < 0.5:
        made["within"] = random.choice(SPANS[3:])
    return made


def pattern(random: Random, most: int) -> dict[str, Any]:
    kind = random.random()
    if kind < 0.15:
        return {**step(random), "count": {"gte": random.randint(1, 4)}, "within": random.choice(SPANS)}
    if kind < 0.25:
        return {"any": [chain(random, most), chain(random, most)]}
    return chain(random, most)


def pattern_set(random: Random, size: int, most: int = 4) -> PatternSet:
    """So many segments, with sequences of at most so many steps."""
    segments: list[dict[str, Any]] = []
    for place in range(size):
        segments.append({"id": f"s{place}", "pattern": pattern(random, most)})
        if random.random() < 0.3:
            segments[-1]["lasts"] = random.choice(SPANS)
    return patterns_of(rules.load({"segments": segments}))


def stream(random: Random, patterns: PatternSet, size: int, seconds: int) -> list[Entry]:
    """The events of one visitor that have letters, at most so many, in no order."""
    found = []
    for number in range(random.randint(0, size)):
        time = MOMENT + 1000 * random.randrange(seconds) + random.choice((0, 0, 0, 1))
        letters = patterns.letters({"event.type": random.choice(TYPES), "event.value": random.randrange(4)}, None)
        if letters:
            found.append(Entry(time, f"{random.randrange(100)}-{number}", letters))
    return found
