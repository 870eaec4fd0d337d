"""Choices that shrink: towards the first value, the shorter list, and absence.

A value is read from a block of bytes that Hypothesis draws at once, and each item of it from a slice of its own.
So making one costs a few milliseconds, no two examples of a run are alike (Hypothesis mutates what is made of
many draws, and then five examples of six repeat the one before), and a change in one item moves no other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Choices:
    """Reads choices from bytes; beyond their end every choice is the simplest."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def part(self, size: int) -> Choices:
        """The choices of one item: the next so many bytes."""
        start = self._at
        self._at += size
        return Choices(self._data[start : self._at])

    def number(self, most: int) -> int:
        """From 0 to `most`, at most 255."""
        return self._byte() * (most + 1) >> 8

    def one(self, values: Sequence[T]) -> T:
        """One of them; the first is the simplest."""
        return values[self.number(len(values) - 1)]

    def some(self, values: Sequence[T], least: int = 1, most: int = 3) -> list[T]:
        """Distinct ones, in any order."""
        left = list(values)
        count = least + self.number(min(most, len(left)) - least)
        return [left.pop(self.number(len(left) - 1)) for _ in range(count)]

    def percent(self, share: int) -> bool:
        """True in about so many of a hundred; shrinks to False."""
        return self.number(99) >= 100 - share

    def make(self, makers: Sequence[Callable[[Choices], T]]) -> T:
        """What one of the makers makes; the first is the simplest."""
        return self.one(makers)(self)

    def several(self, maker: Callable[[Choices], T], least: int, most: int, size: int) -> list[T]:
        """Things made one by one, each from its own bytes; what follows does not depend on how many."""
        count = least + self.number(most - least)
        parts = [self.part(size) for _ in range(most)]
        return [maker(part) for part in parts[:count]]


def made_from(size: int, maker: Callable[[Choices], T]) -> st.SearchStrategy[T]:
    """A strategy of one draw."""
    return st.binary(min_size=size, max_size=size).map(lambda data: maker(Choices(data)))
