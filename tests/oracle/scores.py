"""What each candidate scores, and its rank by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from .caps import is_over
from .conditions import selects
from .effects import Source, each
from .values import MISSING
from .visitor import Visitor

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def model_of(slot: dict[str, Any], counted: list[Source]) -> dict[str, Any]:
    """The model's settings: the first effect that sets a key wins, then the slot's."""
    settings: dict[str, Any] = {}
    for _, effect in each(counted, "model"):
        for key, value in effect["model"].items():
            settings.setdefault(key, value)
    return {**slot.get("blend", {}).get("model", {}), **settings}


def boosters(
    entry: Mapping[str, Any],
    counted: list[Source],
    visitor: Visitor,
    exposures: Mapping[str, Iterable[Any]],
) -> list[tuple[Source, float]]:
    """The boosts that an entry gets, in order; a rule's own cap keeps it from boosting what is over it."""
    return [
        (source, effect["by"])
        for source, effect in each(counted, "boost")
        if not is_over(source.cap, entry["id"], visitor, exposures) and selects(effect["boost"], visitor, entry)
    ]


def scored(
    slot: dict[str, Any],
    entries: Iterable[dict[str, Any]],
    counted: list[Source],
    visitor: Visitor,
    scores: Mapping[str, float],
    exposures: Mapping[str, Iterable[Any]],
) -> dict[str, float]:
    """By id: share of the rules x sum of their boosts + weight x the model's score."""
    share = slot.get("blend", {}).get("rules", 1)
    weight = model_of(slot, counted).get("weight", 1)
    found = {}
    for entry in entries:
        total = 0.0
        for _, by in boosters(entry, counted, visitor, exposures):
            total += by
        found[entry["id"]] = share * total + weight * scores.get(entry["id"], 0.0)
    return found


def ranked(entries: Iterable[dict[str, Any]], points: Mapping[str, float], visitor: Visitor) -> list[dict[str, Any]]:
    """Best first; ties: the newest `published_at` first, those without last, then the id by code point."""

    def newness(entry: dict[str, Any]) -> datetime:
        since = visitor.looking_at(entry).value("content.published_at")
        return LONG_AGO if since is MISSING else since

    by_id = sorted(entries, key=lambda entry: entry["id"])
    by_newness = sorted(by_id, key=newness, reverse=True)
    return sorted(by_newness, key=lambda entry: points[entry["id"]], reverse=True)
