"""From a set of rows, as a big integer, to what the rows stand for: the index's last and longest step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, compress
from operator import getitem
from typing import Generic, TypeVar

T = TypeVar("T")
_DENSE = 8
_FEW_OCTETS = 256
_ONES = bytes.maketrans(b"01", b"\0\1")
_MOST_KEPT = 64


class _Octet(dict[int, tuple[T, ...]]):
    """What the rows of one octet stand for, by its value; made when first met, for few of the 256 values ever are."""

    __slots__ = ("values_",)

    def __init__(self, values: Sequence[T]) -> None:
        super().__init__()
        self.values_ = values

    def __missing__(self, octet: int) -> tuple[T, ...]:
        found = tuple(value for bit, value in enumerate(self.values_) if octet >> bit & 1)
        if len(self) < _MOST_KEPT:
            self[octet] = found
        return found


class Picker(Generic[T]):
    """Gives the values of the rows in a set, in the order of the rows.

    Rows of equal values stand side by side; a value comes once, however many of its rows are in the set.
    """

    def __init__(self, rows: Sequence[int], values: Sequence[T]) -> None:
        """Prepare.

        Args:
            rows: the place among the values of what each row stands for, ascending.
            values: what rows stand for.
        """
        size = len(rows)
        self._values = [values[place] for place in rows]
        self._octets = (size + 7) // 8
        self._sparse = size // _DENSE
        self._places = [_Octet(self._values[start : start + 8]) for start in range(0, size, 8)]
        self._again = 0
        for number in range(1, size):
            if rows[number] == rows[number - 1]:
                self._again |= 1 << number

    def __call__(self, rows: int) -> list[T]:
        """The values of a set of rows."""
        if self._again & rows:
            rows = self._once(rows)
        if rows.bit_count() > self._sparse:  # then its binary digits are the faster way
            return list(compress(self._values, bin(rows)[:1:-1].encode().translate(_ONES)))
        if self._octets <= _FEW_OCTETS:
            return self._each(rows)
        octets = rows.to_bytes(self._octets, "little")
        # Only octets with a row in them are looked up, and no step of it is one of the interpreter's.
        some = map(getitem, compress(self._places, octets), octets.translate(None, b"\0"))
        return list(chain.from_iterable(some))

    def _each(self, rows: int) -> list[T]:
        """Bit by bit, from the highest: quickest where the set is a short number."""
        values, found = self._values, list[T]()
        while rows:
            number = rows.bit_length() - 1
            found.append(values[number])
            rows ^= 1 << number
        found.reverse()
        return found

    def _once(self, rows: int) -> int:
        """Of rows that stand for the same, the first."""
        later = earlier = rows
        while earlier := earlier << 1 & self._again:
            later &= ~earlier
        return later
