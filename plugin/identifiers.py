"""Identifiers that sort by the time at which they were made."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from functools import lru_cache
from random import Random

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


def ulid(milliseconds: int, random_bits: Callable[[int], int]) -> str:
    """A ULID: 48 bits of milliseconds and 80 random bits, in 26 digits of Crockford's base 32.

    Source: https://github.com/ulid/spec.

    Args:
        milliseconds: since the Unix epoch.
        random_bits: gives a number of so many bits.
    """
    bits, two = random_bits(_RANDOM_BITS), _pairs()
    # Written out, for every decision has one.
    return (
        f"{two[milliseconds >> 40]}{two[milliseconds >> 30 & 1023]}{two[milliseconds >> 20 & 1023]}"
        f"{two[milliseconds >> 10 & 1023]}{two[milliseconds & 1023]}"
        f"{two[bits >> 70]}{two[bits >> 60 & 1023]}{two[bits >> 50 & 1023]}{two[bits >> 40 & 1023]}"
        f"{two[bits >> 30 & 1023]}{two[bits >> 20 & 1023]}{two[bits >> 10 & 1023]}{two[bits & 1023]}"
    )


class RandomBits:
    """Random bits for identifiers, which are no secrets: seeded by the system once a process, forked ones too."""

    def __init__(self) -> None:
        self._seed()
        os.register_at_fork(after_in_child=self._seed)

    def _seed(self) -> None:
        self._random = Random(secrets.randbits(256))

    def __call__(self, bits: int) -> int:
        """A number of so many bits."""
        return self._random.getrandbits(bits)


@lru_cache(maxsize=1)
def _pairs() -> tuple[str, ...]:
    """Every two digits, by their ten bits."""
    return tuple(high + low for high in _DIGITS for low in _DIGITS)
