"""Candidates to places: only, hide, cap, pins, score, diversity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .caps import is_over
from .conditions import selects
from .diversity import diversified
from .effects import Source, each
from .scores import ranked, scored
from .visitor import Visitor

Places = dict[int, tuple[dict[str, Any], Source | None]]


@dataclass(frozen=True)
class Placed:
    """One entry in the order; `source` made its pin (None: placed by score)."""

    entry: dict[str, Any]
    source: Source | None
    score: float


def arrange(
    slot: dict[str, Any],
    entries: list[dict[str, Any]],
    counted: list[Source],
    visitor: Visitor,
    scores: Mapping[str, float],
    exposures: Mapping[str, Iterable[Any]],
    limit: int,
) -> list[Placed]:
    """The entries in their order."""
    for _, effect in each(counted, "only"):
        entries = [entry for entry in entries if selects(effect["only"], visitor, entry)]
    for _, effect in each(counted, "hide"):
        entries = [entry for entry in entries if not selects(effect["hide"], visitor, entry)]
    points = scored(slot, entries, counted, visitor, scores, exposures)
    order = ranked(entries, points, visitor)
    capped = {entry["id"] for entry in order if is_over(slot.get("cap"), entry["id"], visitor, exposures)}

    places: Places = {}
    for source, effect in each(counted, "pin"):
        place_pins(places, source, effect, order, capped, visitor, exposures, limit)
    pinned = {entry["id"] for entry, _ in places.values()}
    rest = [entry for entry in order if entry["id"] not in pinned and entry["id"] not in capped]
    fill = diversified(slot.get("diversify"), rest, points, limit - len(places), visitor)
    for place in range(1, limit + 1):
        if place not in places and fill:
            places[place] = fill.pop(0), None
    arranged = [places[place] for place in sorted(places)]
    return [Placed(entry, source, points[entry["id"]]) for entry, source in arranged]


def place_pins(
    places: Places,
    source: Source,
    effect: dict[str, Any],
    order: list[dict[str, Any]],
    capped: set[str],
    visitor: Visitor,
    exposures: Mapping[str, Iterable[Any]],
    limit: int,
) -> None:
    """One pin: up to `max` of its best-ranked matches, from its position on, where a place is free."""
    taken = {entry["id"] for entry, _ in places.values()}
    matches = [
        entry
        for entry in order
        if entry["id"] not in taken
        and (entry["id"] not in capped or effect.get("uncapped") is True)
        and not is_over(source.cap, entry["id"], visitor, exposures)
        and selects(effect["pin"], visitor, entry)
    ]
    for entry in matches[: effect.get("max", 1)]:
        place = effect.get("position", 1)
        while place in places:
            place += 1
        if place > limit:
            return
        places[place] = entry, source
