"""Diversity: maximal marginal relevance over a field of the entries."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

Feature = frozenset[Hashable] | Hashable


def feature_of(value: object) -> Feature:
    """What an entry's field says of it: the set of a list's items, or the value itself; None where missing."""
    if isinstance(value, list | tuple):
        return frozenset(item for item in value if isinstance(item, str | int | float))
    return value if isinstance(value, str | int | float) else None


def similarity(left: Feature, right: Feature) -> float:
    """Cosine of two sets as binary vectors, in [0, 1]; of two values, 1 where equal; 0 where one is missing."""
    if isinstance(left, frozenset) and isinstance(right, frozenset):
        common = len(left & right)
        return common / math.sqrt(len(left) * len(right)) if common else 0.0
    return 1.0 if left is not None and left == right else 0.0


def mmr_order(
    ranked: Sequence[int],
    scores: Mapping[int, float],
    features: Mapping[int, Feature],
    trade_off: float,
    limit: int,
) -> list[int]:
    """Order candidates by maximal marginal relevance.

    Args:
        ranked: candidates, best score first; ties go to the earlier one.
        scores: of each, unitless.
        features: of each, see `feature_of`.
        trade_off: lambda in [0, 1]; 1 keeps the order.
        limit: how many are wanted.
    Returns:
        min(limit, n) distinct candidates; the next is the one with the highest
        lambda * score - (1 - lambda) * (its largest similarity to one chosen before).
    Source: Carbonell & Goldstein, SIGIR 1998, doi:10.1145/290941.291025.

    Candidates with the same feature differ by score alone, so only the best of each feature is compared.

    >>> mmr_order([0, 1, 2], {0: .9, 1: .8, 2: .1}, {0: "a", 1: "a", 2: "b"}, 0.5, 2)
    [0, 2]
    """
    groups: dict[Feature, list[int]] = {}
    for candidate in reversed(ranked):
        groups.setdefault(features.get(candidate), []).append(candidate)
    rank = {candidate: place for place, candidate in enumerate(ranked)}
    nearest = dict.fromkeys(groups, 0.0)
    order: list[int] = []
    while groups and len(order) < limit:
        best: tuple[float, int, Feature] | None = None
        for feature, members in groups.items():
            candidate = members[-1]
            value = trade_off * scores[candidate] - (1 - trade_off) * nearest[feature]
            if best is None or (value, -rank[candidate]) > (best[0], -best[1]):
                best = (value, rank[candidate], feature)
        if best is None:
            break
        chosen = best[2]
        order.append(groups[chosen].pop())
        if not groups[chosen]:
            del groups[chosen]
        for feature in groups:
            nearest[feature] = max(nearest[feature], similarity(feature, chosen))
    return order
