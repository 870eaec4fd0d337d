"""Surrogate keys on their way out: checked, so that none can end a header or name another, and cut into batches."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from adapters.edge.port import LONGEST_KEY, EdgeRefused

_KEY = re.compile(rf"[!-+\--~]{{1,{LONGEST_KEY}}}")


def checked(keys: Sequence[str]) -> list[str]:
    """The keys, each once.

    Raises:
        EdgeRefused: one is none; then nothing is sent.
    """
    for key in keys:
        if not _KEY.fullmatch(key):
            raise EdgeRefused(
                f"{key[:60]!a}: no surrogate key, which has 1 to {LONGEST_KEY} characters of printable ASCII without "
                "spaces and commas; nothing was purged"
            )
    return list(dict.fromkeys(keys))


def batches(keys: Sequence[str], *, most: int, most_chars: int = 1_000_000) -> Iterator[list[str]]:
    """All keys in order, up to `most` at a time, which joined by single separators have up to `most_chars`."""
    batch: list[str] = []
    length = 0
    for key in keys:
        if batch and (len(batch) == most or length + 1 + len(key) > most_chars):
            yield batch
            batch, length = [], 0
        length += len(key) + bool(batch)
        batch.append(key)
    if batch:
        yield batch
