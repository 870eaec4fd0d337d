"""Dictionaries of what was worked out before, bounded."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def keep(known: dict[K, V], key: K, value: V, most: int) -> None:
    """Keep a value. At `most` of them it begins anew: keys that somebody made up must not keep out all others."""
    if len(known) >= most:
        known.clear()
    known[key] = value
