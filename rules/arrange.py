"""Precedence: only, hide, caps, pins, scores, ties, diversity. Pure; sets of entries are bit sets of a pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rules.actors import Actor, Outcome
from rules.bits import iterate, members_of
from rules.conditions import Condition
from rules.diversify import feature_of, mmr_order
from rules.effects import Cap, Pin, UseModel
from rules.facts import Facts
from rules.pool import Pool
from rules.slots import Slot

Exposures = Mapping[str, Sequence[datetime]]


@dataclass(frozen=True, slots=True)
class Drop:
    """Entries that something removed: a set of the pool, what kind of thing, and which actor."""

    entries: int
    kind: str
    actor: Actor | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry that has a place.

    Attributes:
        place: its bit in the pool.
        score: the blended score.
        pin: the actor that pinned it, if one did.
    """

    place: int
    score: float
    pin: Actor | None = None


@dataclass(slots=True)
class Arrangement:
    """The blocks of a slot before they are written out, and what happened on the way."""

    placed: list[Placed]
    drops: list[Drop]
    boosted: dict[int, list[tuple[Actor, float]]]
    totals: dict[int, float]
    refused_pins: list[tuple[Actor, int, str]] = field(default_factory=list)


class Matcher:
    """Matches the selectors of actors against a pool, their refs bound to one visitor."""

    def __init__(self, pool: Pool, facts: Facts) -> None:
        self.pool = pool
        self._facts = facts

    def __call__(self, selector: Condition, refs: tuple[str, ...]) -> int:
        if not refs:
            return self.pool.matching(selector)
        return self.pool.matching(selector, refs, tuple(self._facts[name] for name in refs))


def eligible(
    outcome: Outcome, candidates: int, matching: Callable[[Condition, tuple[str, ...]], int]
) -> tuple[int, list[Drop]]:
    """`only` intersects, then `hide` removes: what is left of the candidates, and what was dropped by whom."""
    drops: list[Drop] = []
    left = candidates
    for actor in outcome.actors:
        for effect in actor.only:
            dropped = left & ~matching(effect.selector, effect.refs)
            if dropped:
                drops.append(Drop(dropped, "only", actor))
                left ^= dropped
    for actor in outcome.actors:
        for hide in actor.hide:
            dropped = left & matching(hide.selector, hide.refs)
            if dropped:
                drops.append(Drop(dropped, "hide", actor))
                left ^= dropped
    return left, drops


def over_cap(cap: Cap, pool: Pool, exposures: Exposures, now: datetime) -> int:
    """The entries shown at least `per_visitor` times after now - within, up to now."""
    start = now - cap.within
    found = 0
    for name, instants in exposures.items():
        mask = pool.by_id.get(name)
        if mask and sum(start < instant <= now for instant in instants) >= cap.per_visitor:
            found |= mask
    return found


def model_of(slot: Slot, outcome: Outcome) -> UseModel:
    """The model of the blend: key by key, the first rule that says one wins, then the slot."""
    name, weight, per = None, None, None
    for actor in outcome.actors:
        for effect in actor.models:
            name = name if name is not None else effect.name
            weight = weight if weight is not None else effect.weight
            per = per if per is not None else effect.per
    base = slot.model
    return UseModel(
        name if name is not None else base.name,
        weight if weight is not None else base.weight,
        per if per is not None else base.per,
    )


def hints_of(outcome: Outcome) -> tuple[dict[str, Any], list[Actor]]:
    """The presentation hints, first wins key by key, and the actors that gave one."""
    found: dict[str, Any] = {}
    givers: list[Actor] = []
    for actor in outcome.actors:
        for effect in actor.hints:
            new = [(name, value) for name, value in effect.hints if name not in found]
            if new:
                found.update(new)
                givers.append(actor)
    return found, givers


def arrange(
    slot: Slot,
    outcome: Outcome,
    left: int,
    matcher: Matcher,
    *,
    model: UseModel,
    scores: Mapping[str, float],
    exposures: Exposures,
    limit: int,
    now: datetime,
) -> Arrangement:
    """Caps, scores, pins and the rest, over the entries that `only` and `hide` left.

    Args:
        left: those entries, a set of the pool.
        scores: of the model by entry id, in [0, 1]; a missing one is 0.
        limit: most blocks.
    """
    pool = matcher.pool
    capped = over_cap(slot.cap, pool, exposures, now) & left if slot.cap and exposures else 0
    drops = [Drop(capped, "cap")] if capped else []
    own = {
        id(actor): over_cap(actor.cap, pool, exposures, now)
        for actor in outcome.actors
        if actor.cap is not None and exposures
    }
    boosted: dict[int, list[tuple[Actor, float]]] = {}
    for actor in outcome.actors:
        for effect in actor.boosts:
            for place in iterate(matcher(effect.selector, effect.refs) & left & ~own.get(id(actor), 0)):
                boosted.setdefault(place, []).append((actor, effect.by))
    weight = 1.0 if model.weight is None else model.weight
    totals: dict[int, float] = {}
    entries = pool.entries
    for place in members_of(left, len(entries)):
        total = 0.0
        for _actor, by in boosted.get(place, ()):
            total += by
        totals[place] = slot.rules_weight * total + weight * scores.get(entries[place].id, 0.0)
    ranked = sorted(totals, key=lambda place: (-totals[place], place))
    pinned, refused = _pin(outcome, ranked, matcher, left, capped, own, limit)
    taken = {place for place, _actor in pinned.values()}
    rest = [place for place in ranked if place not in taken and not capped >> place & 1]
    wanted = limit - len(pinned)
    if slot.diversify is not None and wanted > 0:
        field_name = slot.diversify.by
        features = {place: feature_of(entries[place].reading[field_name]) for place in rest}
        rest = mmr_order(rest, totals, features, slot.diversify.trade_off, wanted)
    remaining = iter(rest)
    placed = []
    for position in range(1, limit + 1):
        if position in pinned:
            place, actor = pinned[position]
            placed.append(Placed(place, totals[place], actor))
        elif (place_or_none := next(remaining, None)) is not None:
            placed.append(Placed(place_or_none, totals[place_or_none]))
    return Arrangement(placed, drops, boosted, totals, refused)


def _pin(
    outcome: Outcome,
    ranked: Sequence[int],
    matcher: Matcher,
    left: int,
    capped: int,
    own: Mapping[int, int],
    limit: int,
) -> tuple[dict[int, tuple[int, Actor]], list[tuple[Actor, int, str]]]:
    """Places by position, from 1; and the pins that found no place, with why."""
    pinned: dict[int, tuple[int, Actor]] = {}
    refused: list[tuple[Actor, int, str]] = []
    free = left
    for actor in outcome.actors:
        for pin in actor.pins:
            matches = matcher(pin.selector, pin.refs) & free & ~own.get(id(actor), 0)
            if not pin.uncapped:
                matches &= ~capped
            if not matches:
                continue
            for place in _best(ranked, matches, pin):
                position = pin.position or 1
                while position in pinned:
                    position += 1
                if position > limit:
                    refused.append((actor, place, "beyond the limit"))
                    break
                pinned[position] = (place, actor)
                free ^= 1 << place
    return pinned, refused


def _best(ranked: Sequence[int], matches: int, pin: Pin) -> list[int]:
    found = []
    for place in ranked:
        if matches >> place & 1:
            found.append(place)
            if len(found) == pin.max:
                break
    return found
