"""Content, scores and exposures around one instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from .choices import Choices
from .vocabulary import CONTENT_TAGS, IDS, PRICES, REGIONS, TOPICS, TYPES

NEAR = [
    timedelta(days=-1),
    timedelta(0),
    timedelta(seconds=1),
    timedelta(days=-1, seconds=1),
    timedelta(hours=-1),
]

ENTRY_BYTES = 20
CONTENT_BYTES = 2 + 12 * ENTRY_BYTES


def moments(now: datetime) -> list[str]:
    """Texts of instants around now, with an offset and without, two of them equal."""
    return [
        (now - timedelta(days=30)).isoformat(),
        now.isoformat(),
        now.replace(tzinfo=None).isoformat(),
        (now + timedelta(seconds=1)).isoformat(),
    ]


def entry(pick: Choices, place: int, now: datetime, locales: Sequence[str]) -> dict[str, Any]:
    """One entry; most fields may be missing. The simplest differ by place, so that they are several."""
    name = IDS[(place + pick.number(len(IDS) - 1)) % len(IDS)]
    made: dict[str, Any] = {"id": name, "type": pick.one(TYPES)}
    if pick.percent(50):
        made["locale"] = pick.one(locales)
    if pick.percent(50):
        made["tags"] = pick.some(CONTENT_TAGS, least=0, most=2)
    if pick.percent(40):
        made["published_at"] = pick.one([*moments(now), None])
    if pick.percent(10):
        made["expires_at"] = pick.one([*moments(now), None])
    if pick.percent(60):
        made["region"] = pick.one([*REGIONS, None])
    if pick.percent(60):
        made["topics"] = pick.some(TOPICS, least=0)
    if pick.percent(40):
        made["price"] = pick.one(PRICES)
    return made


def content(pick: Choices, now: datetime, locales: Sequence[str]) -> list[dict[str, Any]]:
    """Up to twelve entries; of one id and locale there is one."""
    made: dict[tuple[str, str | None], dict[str, Any]] = {}
    for place in range(0 if pick.percent(5) else pick.one([2, 6, 9, 12])):
        one = entry(pick.part(ENTRY_BYTES), place, now, locales)
        made.setdefault((one["id"], one.get("locale")), one)
    return list(made.values())


def scores(pick: Choices) -> dict[str, float] | None:
    """Some ids have a score, with ties."""
    if not pick.percent(60):
        return None
    return {name: pick.one([0.5, 0.0, 1.0, 0.1, 0.25, 0.9]) for name in pick.some(IDS, most=6)}


def exposures(pick: Choices, now: datetime) -> dict[str, list[datetime]] | None:
    """When ids were shown: at the edges of the caps' windows."""
    if not pick.percent(60):
        return None
    return {name: [now + delta for delta in pick.some(NEAR)] for name in pick.some(IDS, most=5)}
