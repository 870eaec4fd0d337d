"""Precedence of versions, by Semantic Versioning 2.0.0, lenient in how many numbers there are."""

from __future__ import annotations

import re
from functools import lru_cache

VersionKey = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]

_IDENTIFIER = r"[0-9A-Za-z-]+"
_FORM = re.compile(
    rf"v?([0-9]{{1,18}}(?:\.[0-9]{{1,18}})*)(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?"
)
_LONGEST = 256
_RELEASE: tuple[tuple[int, int, str], ...] = ((2, 0, ""),)  # sorts after every pre-release identifier


@lru_cache(maxsize=4096)
def version_key(text: str) -> VersionKey | None:
    """A key that sorts by precedence, or None where the text is no version.

    A leading `v` is ignored, missing parts count as 0, further numeric parts are compared, build metadata is not.
    Source: https://semver.org/spec/v2.0.0.html, item 11.
    """
    found = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if not found:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    if found[2] is None:
        return tuple(numbers), _RELEASE
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in found[2].split("."))
    return tuple(numbers), parts
