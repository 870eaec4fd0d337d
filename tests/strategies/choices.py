"""Choices that shrink: towards the first value, the shorter list, and absence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


@cache
def upto(most: int) -> st.SearchStrategy[int]:
    """Integers from 0, the same strategy each time."""
    return st.integers(0, most)


class Choices:
    """Draws from short lists, with one primitive strategy underneath."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def number(self, most: int) -> int:
        """From 0 to `most`."""
        return self._draw(upto(most)) if most else 0

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

    def several(self, maker: Callable[[Choices], T], least: int, most: int) -> list[T]:
        """A list of things made one by one."""
        return [maker(self) for _ in range(least + self.number(most - least))]
