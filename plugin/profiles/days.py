"""Counts by day, of the newest 31 days (UTC). Whole numbers, so that no order of arrival shows."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from plugin.profiles.limits import DAYS_KEPT


class Days(msgspec.Struct, frozen=True, array_like=True):
    """Counts and sums by day.

    Attributes:
        newest: days since the epoch of the first count.
        counts: newest day first, without days before the oldest count.
        sums: of values, in thousandths; alike, and empty where no event had a value.
    """

    newest: int = 0
    counts: tuple[int, ...] = ()
    sums: tuple[int, ...] = ()

    def within(self, today: int, days: int) -> int:
        """The count of that many days up to today, which is one of them."""
        return _total(self.counts, self.newest - today, days)

    def sum_within(self, today: int, days: int) -> float:
        """The sum of values, likewise."""
        return _total(self.sums, self.newest - today, days) / 1_000


def add(days: Days, day: int, count: int = 1, thousandths: int = 0) -> Days:
    """With so many more on a day. What is 31 days older than the newest is left out."""
    place = days.newest - day
    if not thousandths and count > 0 and 0 <= place < len(days.counts):  # mostly: of a day that had some before
        counts = (*days.counts[:place], days.counts[place] + count, *days.counts[place + 1 :])
        return Days(days.newest, counts, days.sums)
    return merge(days, Days(day, (count,), (thousandths,) if thousandths else ()))


def merge(one: Days, other: Days) -> Days:
    """The sum of both."""
    if not one.counts:
        return other
    if not other.counts:
        return one
    newest = max(one.newest, other.newest)
    return Days(
        newest,
        _added(one.counts, newest - one.newest, other.counts, newest - other.newest),
        _added(one.sums, newest - one.newest, other.sums, newest - other.newest),
    )


def _added(one: Sequence[int], one_later: int, other: Sequence[int], other_later: int) -> tuple[int, ...]:
    """Two rows, each shifted to older days, added; cut after 31 days and before the last zeros."""
    length = min(max(len(one) + one_later, len(other) + other_later), DAYS_KEPT)
    row = [0] * length
    for part, later in ((one, one_later), (other, other_later)):
        for index, count in enumerate(part[: max(length - later, 0)]):
            row[index + later] += count
    while row and not row[-1]:
        row.pop()
    return tuple(row)


def _total(row: Sequence[int], ahead: int, days: int) -> int:
    """`ahead`: by how many days the row begins after today, below 0 where it begins before."""
    return sum(row[max(ahead, 0) : max(ahead + days, 0)])
