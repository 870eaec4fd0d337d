"""What was live when: the log of states against which answers are judged. Instants are seconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Span(Generic[T]):
    """A state, from when it can have been seen first until its successor surely was there.

    Attributes:
        number: its place in the history.
    """

    number: int
    value: T
    since: float
    until: float = inf


class History(Generic[T]):
    """States one after another, each live until the change to the next was confirmed."""

    def __init__(self, first: T) -> None:
        """`first` was there before anything else happened."""
        self._spans = [Span(0, first, -inf)]

    def __len__(self) -> int:
        return len(self._spans)

    def __iter__(self) -> Iterator[Span[T]]:
        return iter(self._spans)

    @property
    def last(self) -> T:
        """The state that every later change starts from."""
        return self._spans[-1].value

    def add(self, value: T, began: float, ended: float) -> None:
        """The change to it was sent at `began`, and confirmed at `ended`."""
        self._spans[-1] = replace(self._spans[-1], until=ended)
        self._spans.append(Span(len(self._spans), value, began))

    def live(self, began: float, ended: float, staleness: float) -> list[Span[T]]:
        """Those that somebody may be shown between two instants where answers may be so old; the newest first."""
        return [one for one in reversed(self._spans) if one.since <= ended and one.until + staleness >= began]
