"""Durations as editors write them: `30s`, `15m`, `2h`, `7d`, `4w`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

_FORM = re.compile(r"([1-9][0-9]{0,8})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
LONGEST = timedelta(days=3660)


def parse_duration(text: object) -> timedelta:
    """Raises ValueError with a sentence for the editor where the text is no duration above zero and up to ten years."""
    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if not found:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, such as 30s, 15m, 2h, 7d or 4w")
    seconds = int(found[1]) * _SECONDS[found[2]]
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than ten years")
    return timedelta(seconds=seconds)


def ago(operand: object) -> timedelta | None:
    """The duration of `{ago: 7d}`, or None where the operand is an instant. Raises ValueError for a bad duration."""
    if isinstance(operand, Mapping) and set(operand) == {"ago"}:
        return parse_duration(operand["ago"])
    return None
