"""Deterministic buckets: the same salt and id give the same number in every process and language."""

from __future__ import annotations

import mmh3

BUCKETS = 10_000
ALGORITHM = "murmur3-32-v1"
"""Named in golden cases and exports: another algorithm would reassign every visitor."""


def bucket(salt: str, identifier: str) -> int:
    """An integer from 0 to 9,999: MurmurHash3 (x86, 32 bits, seed 0) of salt, NUL and id in UTF-8, scaled.

    Integer arithmetic alone, so that no rounding differs between implementations. Lone surrogates, which UTF-8
    cannot carry, are hashed as question marks.
    """
    return bucket_of(head_of(salt), encoded(identifier))


def encoded(text: str) -> bytes:
    """A text as it is hashed."""
    return text.encode("utf-8", "replace")


def head_of(salt: str) -> bytes:
    """What is hashed before an id, for those who hash many ids with one salt, or one id with many."""
    return encoded(salt) + b"\0"


def bucket_of(head: bytes, identifier: bytes) -> int:
    """The bucket, of parts that are encoded already."""
    return (mmh3.hash(head + identifier, 0, False) * BUCKETS) >> 32


def arm_of(position: int, weights: tuple[int, ...]) -> int:
    """The index of the first weight whose cumulative sum c has `position * total < c * 10_000`. Raises ValueError."""
    total = sum(weights)
    scaled = position * total
    cumulative = 0
    for index, weight in enumerate(weights):
        cumulative += weight
        if scaled < cumulative * BUCKETS:
            return index
    raise ValueError("the weights sum to nothing")
