"""Sets of small integers as big integers: bit i is set where i is in the set."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import compress

_WORD = 64
_DENSE = 8
_ONES = bytes.maketrans(b"01", b"\0\1")


def mask_of(members: Iterable[int], size: int) -> int:
    """The set of `members`, each below `size`, in time proportional to both."""
    octets = bytearray((size + 7) // 8)
    for member in members:
        octets[member >> 3] |= 1 << (member & 7)
    return int.from_bytes(octets, "little")


def members_of(mask: int, size: int) -> list[int]:
    """The members in ascending order.

    Word by word where few are set, by way of the binary digits where many are: each was measured the faster there.
    """
    if mask.bit_count() * _DENSE > size:
        digits = bin(mask)[:1:-1].encode()
        return list(compress(range(len(digits)), digits.translate(_ONES)))
    words = array("Q")
    words.frombytes(mask.to_bytes((size + _WORD - 1) // _WORD * 8, "little"))
    found = []
    base = 0
    for word in words:
        rest = word
        while rest:
            lowest = rest & -rest
            found.append(base + lowest.bit_length() - 1)
            rest ^= lowest
        base += _WORD
    return found


def iterate(mask: int) -> Iterator[int]:
    """The members of a small set in ascending order."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
