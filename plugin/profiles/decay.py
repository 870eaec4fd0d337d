"""Weights that halve with time, kept so that the order in which they are added does not matter.

Forward decay (Cormode, Shkapenyuk, Srivastava, Xu: ICDE 2009): instead of shrinking old weights, new ones are added
larger, as of a landmark. The landmark stands at whole multiples of sixteen half-lives and moves with the newest event;
then weights are divided by a power of two, which is exact. So sums differ between orders by rounding alone, and what is
read is rounded beyond that.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ldexp

import msgspec

from plugin.profiles.limits import DAY_MS

HALF_LIVES = 16
DECIMALS = 6


class Decayed(msgspec.Struct, frozen=True, array_like=True):
    """Weights by name, as of the instant `cell` x 16 half-lives after the epoch.

    Two of the same events are equal but for the last bits of their weights.
    """

    half_life_ms: int = 7 * DAY_MS
    cell: int = 0
    weights: dict[str, float] = {}

    @property
    def landmark_ms(self) -> int:
        """The instant as of which the weights are given."""
        return self.cell * HALF_LIVES * self.half_life_ms

    def at(self, name: str, now_ms: int) -> float:
        """A weight at an instant, rounded to six decimals; 0 where there is none."""
        weight = self.weights.get(name)
        return round(weight * self.factor(now_ms), DECIMALS) if weight else 0.0

    def factor(self, now_ms: int) -> float:
        """What a weight is multiplied by to be that of an instant."""
        return float(2.0 ** ((self.landmark_ms - now_ms) / self.half_life_ms))


def add(decayed: Decayed, amounts: Mapping[str, float], time_ms: int, half_life_ms: int) -> Decayed:
    """With these amounts added at an instant."""
    decayed = _with_half_life(decayed, half_life_ms, time_ms)
    span = HALF_LIVES * half_life_ms
    cell = time_ms // span
    if decayed.weights and decayed.cell > cell:
        cell = decayed.cell
    weights = dict(_weights_at(decayed, cell))
    factor = 2.0 ** ((time_ms - cell * span) / half_life_ms)
    for name, amount in amounts.items():
        weights[name] = weights.get(name, 0.0) + amount * factor
    return Decayed(half_life_ms, cell, weights)


def merge(one: Decayed, other: Decayed) -> Decayed:
    """The sum of both."""
    if not other.weights:
        return one
    if not one.weights:
        return other
    other = _with_half_life(other, one.half_life_ms, other.landmark_ms)
    cell = max(one.cell, other.cell)
    weights = dict(_weights_at(one, cell))
    for name, weight in _weights_at(other, cell).items():
        weights[name] = weights.get(name, 0.0) + weight
    return Decayed(one.half_life_ms, cell, weights)


def strongest(decayed: Decayed, most: int) -> Decayed:
    """The `most` that are furthest from nothing; of equal ones the first by name."""
    if len(decayed.weights) <= most:
        return decayed
    kept = sorted(decayed.weights.items(), key=lambda item: (-abs(item[1]), item[0]))[:most]
    return Decayed(decayed.half_life_ms, decayed.cell, dict(kept))


def without(decayed: Decayed, names: frozenset[str]) -> Decayed:
    """Those of other names."""
    if names.isdisjoint(decayed.weights):
        return decayed
    kept = {name: weight for name, weight in decayed.weights.items() if name not in names}
    return Decayed(decayed.half_life_ms, decayed.cell if kept else 0, kept)


def _weights_at(decayed: Decayed, cell: int) -> dict[str, float]:
    """The weights as of a later cell; what is too small for a double is gone."""
    if cell == decayed.cell or not decayed.weights:
        return decayed.weights
    exponent = max(-HALF_LIVES * (cell - decayed.cell), -10_000)
    return {name: moved for name, weight in decayed.weights.items() if (moved := ldexp(weight, exponent))}


def _with_half_life(decayed: Decayed, half_life_ms: int, time_ms: int) -> Decayed:
    """After a change of settings: the same weights at this instant, halving at the other pace from there."""
    if decayed.half_life_ms == half_life_ms:
        return decayed
    if not decayed.weights:
        return Decayed(half_life_ms)
    span = HALF_LIVES * half_life_ms
    cell = time_ms // span
    factor = decayed.factor(time_ms) * 2.0 ** ((time_ms - cell * span) / half_life_ms)
    return Decayed(half_life_ms, cell, {name: weight * factor for name, weight in decayed.weights.items()})
