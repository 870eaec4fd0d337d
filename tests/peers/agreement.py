"""Whether all engines say the same: exactly, flag by flag; of shares, by how many of those who meet the rest are in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from tests.peers.world import Flag

_SIGMAS = 4.0
Answers = Sequence[Sequence[str]]
"""For each visitor the flags that are on."""


def differences(flags: Sequence[Flag], ours: Answers, theirs: Answers) -> list[str]:
    """Where another engine answers otherwise, of the flags that ask for no share."""
    exact = {flag.name for flag in flags if flag.is_exact}
    found = []
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        found.extend(
            f"visitor {number}, {name}: {'on' if name in other else 'off'}, and ours says otherwise"
            for name in sorted((set(mine) ^ set(other)) & exact)
        )
    return found


def unlikely_shares(flags: Sequence[Flag], meeting: Answers, answers: Answers) -> list[str]:
    """Where a share is not the one asked for, or reaches somebody who does not meet the rest.

    Args:
        meeting: for each visitor the flags that would be on if all shares were 100.
    """
    found = []
    for flag in flags:
        if flag.is_exact or flag.percent is None:
            continue
        eligible = sum(flag.name in one for one in meeting)
        inside = sum(flag.name in one for one in answers)
        beyond = sum(flag.name in one and flag.name not in met for one, met in zip(answers, meeting, strict=True))
        share = flag.percent / 100
        off = abs(inside - eligible * share)
        if beyond or off > _SIGMAS * math.sqrt(eligible * share * (1 - share)) + 1:
            found.append(f"{flag.name}: {inside} of {eligible} are on at {flag.percent}%, {beyond} of others")
    return found


def masks(flags: Sequence[Flag], answers: Answers) -> list[str]:
    """Answers of the exact flags in short: hexadecimal, bit i is the i-th of them."""
    places = {flag.name: place for place, flag in enumerate(flag for flag in flags if flag.is_exact)}
    return [f"{sum(1 << places[name] for name in one if name in places):x}" for one in answers]


def shares(flags: Sequence[Flag], meeting: Answers, by_engine: Mapping[str, Answers]) -> dict[str, dict[str, int]]:
    """How many each engine took in, beside how many meet the rest, to be read."""
    return {
        flag.name: {
            "percent": flag.percent,
            "meeting": sum(flag.name in one for one in meeting),
            **{name: sum(flag.name in one for one in answers) for name, answers in by_engine.items()},
        }
        for flag in flags
        if flag.percent is not None and not flag.is_exact
    }
