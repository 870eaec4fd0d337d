"""Which states a purge of Varnish spares: numbers are compared by a regular expression."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from adapters.edge.varnish.purger import at_least

numbers = st.integers(0, 10**12) | st.integers(0, 1_200)


@given(numbers, numbers)
@example(0, 0)
@example(9, 10)
@example(99, 100)
@example(1_000, 999)
@example(1_099, 1_100)
def test_a_number_is_as_large_as_another_or_not(least: int, number: int) -> None:
    assert (re.fullmatch(at_least(least), str(number)) is not None) is (number >= least)


@given(numbers)
def test_what_is_no_number_is_never_as_large(least: int) -> None:
    for text in ("", f"0{least}", f"-{least}", f"{least}x", f" {least}", "x"):
        assert re.fullmatch(at_least(least), text) is None
