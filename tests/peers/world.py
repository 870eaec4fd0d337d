"""A hundred flags and their visitors, in no engine's own form. Every engine's process reads it: standard library alone.

Everything comes from seeds; `VERSION` says which generator made it, and answers compare only where it is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

VERSION = 1
FLAGS = 100
MISSING = 0.08
"""The share of visitors of whom an attribute is not known."""

_CODES = "FR DE GB US ES IT NL BE CH AT PL PT SE NO DK FI IE CZ CA BR JP IN AU MX"
COUNTRIES = tuple(_CODES.split())
DEVICES = ("mobile", "desktop", "tablet", "tv", "other")
PLANS = ("free", "pro", "team", "enterprise")
CAMPAIGNS = tuple(f"campaign-{number:02}" for number in range(30))
TEXTS: Mapping[str, Sequence[str]] = {
    "country": COUNTRIES,
    "device": DEVICES,
    "plan": PLANS,
    "campaign": CAMPAIGNS,
}
"""The first values are the frequent ones."""
NUMBERS: Mapping[str, float] = {"visits": 12, "spend": 300, "cart": 60}
"""Attributes with their means; the values are whole and exponentially distributed."""
SHARES = (10, 20, 25, 50, 50, 75, 90, 100)


@dataclass(frozen=True, slots=True)
class Test:
    """One condition: `is` (a boolean), `in`, `not_in` (texts), `from`, `below`, `between` (numbers; both ends in)."""

    attribute: str
    op: str
    values: tuple[str | int | bool, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """On where all tests hold, the visitor is in one of the segments (none: nothing is asked), and in the share.

    Attributes:
        percent: of those who meet the rest; None or 100: all. Each engine has a hash of its own.
    """

    name: str
    tests: tuple[Test, ...]
    segment: str | None = None
    percent: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether all engines must agree for each visitor, and not only on how many."""
        return self.percent in (None, 100)


Segments = Mapping[str, tuple[Test, ...]]


def segments() -> Segments:
    """Named groups: all tests must hold."""
    random = Random(f"segments {VERSION}")
    return {f"segment-{number}": tuple(_tests(random, 2)) for number in range(10)}


def flags(count: int = FLAGS) -> list[Flag]:
    """Flags with one to three tests, a third with a segment, a fifth with a share."""
    random = Random(f"flags {VERSION}")
    found = []
    names = list(segments())
    for number in range(count):
        segment = random.choice(names) if random.random() < 1 / 3 else None
        percent = random.choice(SHARES) if random.random() < 1 / 5 else None
        most = 1 if segment else 2
        tests = tuple(_tests(random, random.randint(1, most + 1)))
        found.append(Flag(f"flag-{number:03}", tests, segment, percent))
    return found


def visitor(number: int) -> dict[str, str | int | bool]:
    """What is known of one; always the same for a number."""
    random = Random(f"visitor {VERSION} {number}")
    found: dict[str, str | int | bool] = {"id": f"v-{number:06}"}
    for name, values in TEXTS.items():
        if random.random() >= MISSING:
            found[name] = values[min(int(random.expovariate(4 / len(values))), len(values) - 1)]
    for name, mean in NUMBERS.items():
        if random.random() >= MISSING:
            found[name] = int(random.expovariate(1 / mean))
    if random.random() >= MISSING:
        found["new"] = random.random() < 0.3
    return found


def _tests(random: Random, count: int) -> list[Test]:
    """Tests of different attributes: half on country and device, as sites have them."""
    left = ["country", "country", "device", "device", "plan", "campaign", *NUMBERS, "new"]
    found = []
    for _number in range(count):
        name = random.choice(left)
        left = [one for one in left if one != name]
        found.append(_test(random, name))
    return found


def _test(random: Random, name: str) -> Test:
    if name == "new":
        return Test(name, "is", (random.random() < 0.5,))
    if name in NUMBERS:
        limit = max(1, int(random.expovariate(1 / NUMBERS[name])))
        op = random.choice(("from", "below", "between"))
        return Test(name, op, (limit, limit * 3) if op == "between" else (limit,))
    values = TEXTS[name]
    most = min(4, len(values) - 1)
    chosen = tuple(sorted({random.choice(values) for _ in range(random.randint(1, most))}))
    return Test(name, "not_in" if random.random() < 0.2 else "in", chosen)
