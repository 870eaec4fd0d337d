"""How often what is read of the clock can flip."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rules.conditions import Ago, Condition, Ref, Test, walk

NEVER_STILL = timedelta(0)
_MINUTE, _QUARTER = timedelta(minutes=1), timedelta(minutes=15)
_STEPS = {"time.now": NEVER_STILL, "time.of_day": _MINUTE}


def clock_step(conditions: Iterable[Condition], refs: Iterable[str], recurs: bool) -> timedelta | None:
    """How often what reads the clock can flip: zero where at any moment, None where never.

    Args:
        refs: the attributes that selectors name.
        recurs: whether some schedule has recurring hours, or is in the visitor's zone.
    """
    steps = [_QUARTER] if recurs else []
    names = set(refs)
    for condition in conditions:
        for leaf in walk(condition):
            if not isinstance(leaf, Test):
                continue
            names.add(leaf.attribute)
            if isinstance(leaf.operand, Ref):
                names.add(leaf.operand.name)
            elif isinstance(leaf.operand, Ago):
                steps.append(NEVER_STILL)
    steps.extend(_STEPS.get(name, _QUARTER) for name in names if name.startswith("time."))
    return min(steps, default=None)
