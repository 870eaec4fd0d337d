"""Sets of small integers as big integers: bit i is set where i is in the set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def mask_of(members: Iterable[int], size: int) -> int:
    """The set of `members`, each below `size`, in time proportional to both."""
    octets = bytearray((size + 7) // 8)
    for member in members:
        octets[member >> 3] |= 1 << (member & 7)
    return int.from_bytes(octets, "little")


def members_of(mask: int) -> list[int]:
    """The members in ascending order, in time proportional to the largest."""
    return [place for place, digit in enumerate(bin(mask)[:1:-1]) if digit == "1"]


def iterate(mask: int) -> Iterator[int]:
    """The members of a small set in ascending order."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def union(masks: Iterable[int]) -> int:
    """What is in any of these sets."""
    found = 0
    for mask in masks:
        found |= mask
    return found
