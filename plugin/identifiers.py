"""Identifiers that sort by the time at which they were made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


def ulid(clock: Callable[[], datetime], random_bits: Callable[[int], int]) -> str:
    """A ULID: 48 bits of milliseconds and 80 random bits, in 26 digits of Crockford's base 32.

    Source: https://github.com/ulid/spec.
    """
    number = (int(clock().timestamp() * 1000) << _RANDOM_BITS) | random_bits(_RANDOM_BITS)
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))
