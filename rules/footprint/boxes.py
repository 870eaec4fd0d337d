"""How large the union of products of sets is, without walking through their elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod

from rules.bits import union
from rules.footprint.states import Budget

_MOST_COMPARED = 64
"""Boxes up to which it is looked which of them lie within others: that takes time by the square of their number."""


def united(boxes: set[tuple[int, ...]], budget: Budget) -> int | None:
    """How many elements these products of sets have together; None where that is too much work.

    Args:
        boxes: each a set for every dimension, as many in all.
        budget: of steps.
    """
    left = {sets for sets in boxes if all(sets)}
    if len(left) <= _MOST_COMPARED:
        left = {one for one in left if not any(one is not other and _within(one, other) for other in left)}
    if len(left) <= 1:
        return sum(prod(one.bit_count() for one in sets) for sets in left)
    if not budget.take(len(left) * len(next(iter(left)))):
        return None
    columns = list(zip(*left, strict=True))
    kinds = [len(set(column)) for column in columns]
    times: int = prod(column[0].bit_count() for column, count in zip(columns, kinds, strict=True) if count == 1)
    chosen = max(range(len(columns)), key=lambda place: kinds[place])
    others = [place for place, count in enumerate(kinds) if count > 1 and place != chosen]
    rest = [tuple([sets[place] for place in others]) for sets in left]
    size = 0
    for atom, which in _atoms(columns[chosen]):
        if not budget.take(len(which)):
            return None
        found = united({rest[number] for number in which}, budget) if others else 1
        if found is None:
            return None
        size += atom * found
    return times * size


def _within(one: Sequence[int], other: Sequence[int]) -> bool:
    return all(not mine & ~its for mine, its in zip(one, other, strict=True))


def _atoms(sets: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Elements by the sets that they are in: how many, and the places of these."""
    known: list[tuple[int, tuple[int, ...]]] = [(union(sets), ())]
    for place, one in enumerate(sets):
        split = []
        for mask, which in known:
            split += [(mask & one, (*which, place)), (mask & ~one, which)]
        known = [found for found in split if found[0]]
    return ((mask.bit_count(), which) for mask, which in known)
