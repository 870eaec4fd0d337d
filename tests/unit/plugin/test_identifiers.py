"""Identifiers that sort by time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from plugin.identifiers import ulid

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NOW = datetime(2016, 7, 30, 23, 54, 10, 259_000, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def at(now: datetime, bits: int = 0) -> str:
    return ulid(int(now.timestamp() * 1000), lambda _count: bits)


def value(text: str) -> int:
    number = 0
    for digit in text:
        number = number * 32 + CROCKFORD.index(digit)
    return number


def test_it_is_spelled_as_the_specification_says() -> None:
    """Its own example: 1469918176385 milliseconds are 01ARYZ6S41."""
    assert at(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1_469_918_176_385)) == "01ARYZ6S41" + "0" * 16


@given(INSTANTS, st.integers(0, 2**80 - 1))
def test_it_holds_the_milliseconds_and_all_random_bits(now: datetime, bits: int) -> None:
    text = at(now, bits)
    assert len(text) == 26
    milliseconds = int((now - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    assert abs((value(text) >> 80) - milliseconds) <= 1
    assert value(text) & (2**80 - 1) == bits


@given(INSTANTS, INSTANTS)
def test_later_ones_sort_after_earlier_ones(one: datetime, other: datetime) -> None:
    first, second = sorted([one, other])
    if second - first >= timedelta(milliseconds=2):
        assert at(first, 2**80 - 1) < at(second, 0)


def test_eighty_bits_are_asked_for() -> None:
    asked = []
    ulid(int(NOW.timestamp() * 1000), lambda count: asked.append(count) or 0)  # type: ignore[func-returns-value]
    assert asked == [80]


def test_those_of_one_millisecond_differ() -> None:
    source = random.Random(1)
    assert len({ulid(int(NOW.timestamp() * 1000), source.getrandbits) for _ in range(1000)}) == 1000
