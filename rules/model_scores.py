"""Scores as a caller hands them over."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real


def opinions(scores: Mapping[str, object]) -> dict[str, float]:
    """Those that a model gave, by entry id; None is no opinion, as if the entry were left out.

    Raises:
        ValueError: one is no finite number.
    """
    found = {}
    for name, score in scores.items():
        if score is None:
            continue
        try:
            value = math.nan if isinstance(score, bool) or not isinstance(score, Real) else float(score)
        except OverflowError:
            raise ValueError(f"the score of {name!r} is no finite number: it is too large") from None
        if not math.isfinite(value):
            raise ValueError(f"the score of {name!r} is no finite number: {score!r}")
        found[name] = value
    return found
