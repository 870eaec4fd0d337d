"""Tables from a value to the rows of an index that the value leaves possible."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, nextafter
from typing import Any, Protocol

from rules.bits import mask_of

Table = Callable[[Any], int]


class Cells(Protocol):
    """Rows by cell."""

    def __getitem__(self, cell: int, /) -> int: ...


_MOST_STORED = 256
_LARGEST_DIRECT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers from `low` to `high`; None: unbounded; each end included or not."""

    low: float | None
    low_in: bool
    high: float | None
    high_in: bool


class _Accepting:
    """Rows that need a value to be among some, and rows that need it not to be.

    A row that needs two such things at once is put into a further layer, so that within one layer a row has one need.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._layers: list[tuple[dict[object, list[int]], set[int]]] = []
        self._rejecting: dict[object, list[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._layers or self._rejecting)

    def add(self, operands: Sequence[object], number: int, *, accepts: bool) -> None:
        """A row that holds only for a value among the operands (`accepts`), or only for one that is not."""
        if not accepts:
            for operand in operands:
                self._rejecting.setdefault(operand, []).append(number)
            return
        layer = next((one for one in self._layers if number not in one[1]), None)
        if layer is None:
            layer = ({}, set())
            self._layers.append(layer)
        by_value, rows = layer
        rows.add(number)
        for operand in dict.fromkeys(operands):
            by_value.setdefault(operand, []).append(number)

    def _bases(self) -> list[tuple[int, dict[object, list[int]]]]:
        whole = (1 << self._size) - 1
        return [(whole ^ mask_of(rows, self._size), by_value) for by_value, rows in self._layers]


class ValueTable(_Accepting):
    """Tests of a scalar for equality."""

    def direct(self) -> tuple[dict[object, int], int] | None:
        """Every value that the rows name with the rows it leaves possible, and those for any other value.

        None where that would take more than a few megabytes; then `table` works the sets out when they are asked for.
        """
        named = set(self._rejecting).union(*(by_value for by_value, _rows in self._layers))
        if len(named) * self._size > _LARGEST_DIRECT * 8:
            return None
        possible = self.table()
        default = possible(object())
        return {value: possible(value) for value in named}, default

    def table(self) -> Table:
        """A dictionary look-up; sets of values seen are kept, as many as the rules name, up to a bound."""
        size, layers, rejecting = self._size, self._bases(), self._rejecting
        whole = (1 << size) - 1
        default = whole
        for base, _by_value in layers:
            default &= base
        named = set(rejecting).union(*(by_value for _base, by_value in layers))
        stored: dict[object, int] = {}

        def possible(value: object) -> int:
            if value not in named:
                return default
            found = stored.get(value)
            if found is None:
                found = whole
                for base, by_value in layers:
                    found &= base | mask_of(by_value.get(value, ()), size)
                if value in rejecting:
                    found &= whole ^ mask_of(rejecting[value], size)
                if len(stored) < _MOST_STORED:
                    stored[value] = found
            return found

        return possible


class ElementTable(_Accepting):
    """Tests of a list for what it contains."""

    def table(self) -> Table:
        """The union over the elements of what each allows, less what each forbids."""
        size, layers, rejecting = self._size, self._bases(), self._rejecting
        whole = (1 << size) - 1
        added = [(base, {value: mask_of(rows, size) for value, rows in by_value.items()}) for base, by_value in layers]
        removed = {value: mask_of(rows, size) for value, rows in rejecting.items()}

        def possible(elements: Sequence[object]) -> int:
            found = whole
            for base, by_value in added:
                layer = base
                for element in elements:
                    mask = by_value.get(element)
                    if mask is not None:
                        layer |= mask
                found &= layer
            if removed:
                for element in elements:
                    mask = removed.get(element)
                    if mask is not None:
                        found &= ~mask
            return found

        return possible

    def direct(self) -> list[tuple[int, Mapping[object, int]]] | None:
        """Where unions are all there is to it: what an empty list leaves possible, and what each element adds."""
        if self._rejecting:
            return None
        return [
            (base, {value: mask_of(rows, self._size) for value, rows in by_value.items()})
            for base, by_value in self._bases()
        ]


class RangeTable:
    """Tests of a number for an interval, by sorted thresholds.

    The line of numbers falls into cells: each threshold is one, and so is what lies between two. A row fails below its
    first cell and above its last, so the failing rows of a cell are a union from the right and one from the left.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._intervals: list[tuple[Interval, int]] = []
        self._never: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._intervals or self._never)

    def add(self, interval: Interval, number: int) -> None:
        """A row that holds for numbers in an interval only."""
        self._intervals.append((interval, number))

    def never(self, number: int) -> None:
        """A row that no value satisfies: it wants the attribute to be absent."""
        self._never.append(number)

    def cells(self) -> tuple[Sequence[float], Cells]:
        """Where cells begin, after the first, and the rows that each leaves possible.

        The cell of a number is how many beginnings are not above it: a threshold is one, and the next double after it
        another. Integers have to lie within LARGEST_INTEGER, where each is a double.
        """
        size = self._size
        lasting = ((1 << size) - 1) ^ mask_of(self._never, size)
        ends = {end for interval, _number in self._intervals for end in (interval.low, interval.high)}
        points = sorted(end for end in ends if end is not None)
        cell_of = {point: 2 * place + 1 for place, point in enumerate(points)}
        starts: list[tuple[int, int]] = []
        stops: list[tuple[int, int]] = []
        for interval, number in self._intervals:
            if interval.low is not None:
                starts.append((cell_of[interval.low] + (0 if interval.low_in else 1), number))
            if interval.high is not None:
                stops.append((cell_of[interval.high] - (0 if interval.high_in else 1), number))
        unions = _Unions(lasting, _Ladder([(-cell, number) for cell, number in starts], size), _Ladder(stops, size))
        beginnings = [beginning for point in points for beginning in (point, nextafter(point, inf))]
        count = len(beginnings) + 1
        if count * size > _LARGEST_DIRECT * 8:
            return beginnings, unions
        return beginnings, [unions[cell] for cell in range(count)]

    def table(self) -> Table:
        """A binary search and what the cell holds."""
        beginnings, cells = self.cells()
        return lambda value: cells[bisect_right(beginnings, value)]


class _Unions:
    """The rows that a cell leaves possible, worked out when asked: all cells together would take many megabytes."""

    def __init__(self, lasting: int, below: _Ladder, above: _Ladder) -> None:
        self._lasting = lasting
        self._below = below
        self._above = above

    def __getitem__(self, cell: int) -> int:
        return self._lasting & ~(self._below.under(-cell) | self._above.under(cell))


class _Ladder:
    """For each cell, the rows whose own cell is strictly lower."""

    def __init__(self, rungs: list[tuple[int, int]], size: int) -> None:
        rungs.sort()
        self._size = size
        self._cells = [cell for cell, _number in rungs]
        self._rows = [number for _cell, number in rungs]
        self._step = max(1, -(-len(rungs) // _MOST_STORED))
        self._stored = [0]
        mask = 0
        for place in range(0, len(rungs), self._step):
            mask |= mask_of(self._rows[place : place + self._step], size)
            self._stored.append(mask)

    def under(self, cell: int) -> int:
        """The rows whose cell is below this one."""
        count = bisect_right(self._cells, cell - 1)
        checkpoint, rest = divmod(count, self._step)
        mask = self._stored[checkpoint]
        if rest:
            for row in self._rows[count - rest : count]:
                mask |= 1 << row
        return mask
