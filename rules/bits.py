"""Sets of small integers as big integers: bit i is set where i is in the set."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import compress

_WORD = 64
_DENSE = 8
_SMALL = 1024
_ONES = bytes.maketrans(b"01", b"\0\1")


def mask_of(members: Iterable[int], size: int) -> int:
    """The set of `members`, each below `size`, in time proportional to both."""
    octets = bytearray((size + 7) // 8)
    for member in members:
        octets[member >> 3] |= 1 << (member & 7)
    return int.from_bytes(octets, "little")


def members_of(mask: int, size: int) -> list[int]:
    """The members in ascending order.

    Small sets by a table of what each octet holds, large ones word by word where few are set and by way of the binary
    digits where many are: each was measured the fastest there.
    """
    if size <= _SMALL:
        small: list[int] = []
        extend = small.extend
        for table, octet in zip(_tables(), mask.to_bytes((size + 7) >> 3, "little"), strict=False):
            if octet:
                extend(table[octet])
        return small
    if mask.bit_count() * _DENSE > size:
        digits = bin(mask)[:1:-1].encode()
        return list(compress(range(len(digits)), digits.translate(_ONES)))
    found: list[int] = []
    append = found.append
    base = -1
    for word in array("Q", mask.to_bytes((size + _WORD - 1) // _WORD * 8, "little")):
        rest = word
        while rest:
            lowest = rest & -rest
            append(base + lowest.bit_length())
            rest ^= lowest
        base += _WORD
    return found


@lru_cache(maxsize=1)
def _tables() -> tuple[tuple[tuple[int, ...], ...], ...]:
    """For the octets of a small set, by place and value, the members that it holds: 2 MB, made once."""
    within = [tuple(bit for bit in range(8) if octet >> bit & 1) for octet in range(256)]
    return tuple(tuple(tuple(base + bit for bit in bits) for bits in within) for base in range(0, _SMALL, 8))


def iterate(mask: int) -> Iterator[int]:
    """The members of a small set in ascending order."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
