"""Maximal marginal relevance over the entries that no pin took."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .values import MISSING
from .visitor import Visitor

DEFAULT_TRADE_OFF = 0.7


def similarity(left: Any, right: Any) -> float:
    """The cosine of two sets, or the equality of two scalars; 0 where one is missing or of another kind."""
    if left is MISSING or right is MISSING or isinstance(left, list) != isinstance(right, list):
        return 0.0
    if not isinstance(left, list):
        return 1.0 if type(left) is type(right) and left == right else 0.0
    a, b = set(left), set(right)
    return len(a & b) / math.sqrt(len(a) * len(b)) if a and b else 0.0


def diversified(
    by: Mapping[str, Any] | None,
    rest: list[dict[str, Any]],
    points: Mapping[str, float],
    count: int,
    visitor: Visitor,
) -> list[dict[str, Any]]:
    """The first `count` of the ranked rest, each the best of its score less its likeness to those chosen."""
    if by is None:
        return rest[:count]
    trade_off = by.get("trade_off", DEFAULT_TRADE_OFF)
    chosen: list[dict[str, Any]] = []
    left = list(rest)
    while left and len(chosen) < count:
        worth = []
        for entry in left:
            value = visitor.looking_at(entry).value(by["by"])
            others = [visitor.looking_at(one).value(by["by"]) for one in chosen]
            likeness = max((similarity(value, other) for other in others), default=0.0)
            worth.append(trade_off * points[entry["id"]] - (1 - trade_off) * likeness)
        chosen.append(left.pop(worth.index(max(worth))))
    return chosen
