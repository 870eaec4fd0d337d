"""Schedules around one turn of the clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .choices import Choices
from .vocabulary import WEEKDAYS

LONG_AGO, FAR_AHEAD = "2020-01-01", "2031-06-01T12:00:00Z"


def recurrence(pick: Choices) -> dict[str, Any]:
    """`on:`, with nights among the hours."""
    made: dict[str, Any] = {}
    form = pick.number(2)
    if form != 1:
        made["hours"] = [pick.one([22, 0, 4, 18, 23]), pick.one([4, 22, 0, 23, 6])]
    if form != 0:
        made["weekdays"] = pick.some(["sat", "sun", "fri", *WEEKDAYS[:4]], most=4)
    return made


def schedule(pick: Choices, turn: Sequence[str]) -> dict[str, Any]:
    """Usually none; else `from`, `until`, `on`, `timezone` in some company."""
    if not pick.percent(35):
        return {}
    edge = pick.one(turn)
    made: dict[str, Any] = pick.one(
        [
            {"from": edge},
            {"until": edge},
            {"from": edge, "until": FAR_AHEAD},
            {"from": LONG_AGO, "until": edge},
            {},
        ]
    )
    if not made or pick.percent(20):
        made = {**made, "on": recurrence(pick)}
    return {**made, "timezone": "visitor"} if pick.percent(30) else made
