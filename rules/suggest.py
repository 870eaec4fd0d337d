"""The nearest right word."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_LONGEST = 80
_LEAST_RATIO = 0.6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None where none is near; ties go to the first in code point order."""
    if len(word) > _LONGEST:
        return None
    folded = word.casefold()
    best: tuple[float, str] | None = None
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(folded)
    letters = frozenset(folded)
    for candidate in sorted(set(known)):
        if letters.isdisjoint(candidate.casefold()):
            continue
        matcher.set_seq1(candidate.casefold())
        if matcher.real_quick_ratio() < _LEAST_RATIO or matcher.quick_ratio() < _LEAST_RATIO:
            continue
        ratio = matcher.ratio()
        if ratio >= _LEAST_RATIO and (best is None or ratio > best[0]):
            best = (ratio, candidate)
    return best[1] if best else None
