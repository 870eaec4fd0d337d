"""Precedence: only, hide, caps, pins, scores, ties, diversity. Pure; sets of entries are bit sets of a pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rules.actors import Actor, Outcome
from rules.acts import Acts
from rules.bits import iterate
from rules.diversify import feature_of, mmr_order
from rules.effects import Cap, Pin, UseModel
from rules.pool import Pool
from rules.slots import Slot

Exposures = Mapping[str, Sequence[datetime]]
_tuple = tuple.__new__  # what the constructor of a NamedTuple comes to, without a call in between: many are made


class Drop(NamedTuple):
    """Entries that something removed: a set of the pool, what kind of thing, and which actor."""

    entries: int
    kind: str
    actor: Actor | None = None


class Placed(NamedTuple):
    """An entry that has a place.

    Attributes:
        place: its bit in the pool.
        score: the blended score.
        pin: the actor that pinned it, if one did.
    """

    place: int
    score: float
    pin: Actor | None = None


class Arrangement(NamedTuple):
    """The blocks of a slot before they are written out, and what happened on the way.

    Attributes:
        placed: in order.
        drops: what a cap kept out.
        boosted: by place, who boosted and by how much.
        totals: by place, the blended scores.
        refused_pins: who would have pinned which place, and why it found no position.
    """

    placed: list[Placed]
    drops: list[Drop]
    boosted: dict[int, list[tuple[Actor, float]]]
    totals: dict[int, float]
    refused_pins: list[tuple[Actor, int, str]]


def eligible(acts: Sequence[Acts], candidates: int) -> tuple[int, list[Drop]]:
    """`only` intersects, then `hide` removes: what is left of the candidates, and what was dropped by whom."""
    drops: list[Drop] = []
    left = candidates
    for one in acts:
        for entries in one.only:
            dropped = left & ~entries
            if dropped:
                drops.append(Drop(dropped, "only", one.actor))
                left ^= dropped
    for one in acts:
        for entries in one.hide:
            dropped = left & entries
            if dropped:
                drops.append(Drop(dropped, "hide", one.actor))
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
    for actor in outcome.actors:
        if actor.models:
            break
    else:
        return slot.model
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
    acts: Sequence[Acts],
    left: int,
    pool: Pool,
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
    capped, own = 0, {}
    if exposures:
        capped = over_cap(slot.cap, pool, exposures, now) & left if slot.cap is not None else 0
        own = {
            id(one.actor): over_cap(one.actor.cap, pool, exposures, now) for one in acts if one.actor.cap is not None
        }
    boosted = _boosted(acts, left, own)
    totals = _totals(slot, left, pool, boosted, 1.0 if model.weight is None else model.weight, scores)
    # Places are numbered in the order of ties, and sorting is stable, the other way round too.
    ranked = sorted(totals, key=totals.__getitem__, reverse=True)
    pinned, refused = _pin(acts, ranked, left, capped, own, limit)
    if pinned or capped:
        taken = {place for place, _actor in pinned.values()}
        rest = [place for place in ranked if place not in taken and not capped >> place & 1]
    else:
        rest = ranked
    if slot.diversify is not None and limit > len(pinned):
        by = slot.diversify.by
        features = {place: feature_of(pool.entries[place].reading[by]) for place in rest}
        rest = mmr_order(rest, totals, features, slot.diversify.trade_off, limit - len(pinned))
    if not pinned:
        placed = [_tuple(Placed, (place, totals[place], None)) for place in rest[:limit]]
        return Arrangement(placed, [Drop(capped, "cap")] if capped else [], boosted, totals, refused)
    placed = []
    remaining = iter(rest)
    for position in range(1, limit + 1):
        if position in pinned:
            place, actor = pinned[position]
            placed.append(_tuple(Placed, (place, totals[place], actor)))
        elif (next_place := next(remaining, None)) is not None:
            placed.append(_tuple(Placed, (next_place, totals[next_place], None)))
    return Arrangement(placed, [Drop(capped, "cap")] if capped else [], boosted, totals, refused)


def _boosted(acts: Sequence[Acts], left: int, own: Mapping[int, int]) -> dict[int, list[tuple[Actor, float]]]:
    """By place, the boosts in the order in which they add up."""
    found: dict[int, list[tuple[Actor, float]]] = {}
    for one in acts:
        actor = one.actor
        for by, entries, places in one.boosts:
            hit = entries & left
            if own:
                hit &= ~own.get(id(actor), 0)
            for place in places if hit == entries else iterate(hit):
                there = found.get(place)
                if there is None:
                    found[place] = [(actor, by)]
                else:
                    there.append((actor, by))
    return found


def _totals(
    slot: Slot,
    left: int,
    pool: Pool,
    boosted: Mapping[int, list[tuple[Actor, float]]],
    weight: float,
    scores: Mapping[str, float],
) -> dict[int, float]:
    """By place, in the order of ties: rules weight x sum of boosts + model weight x score; doubles, summed in order."""
    entries, rules_weight = pool.entries, slot.rules_weight
    totals = dict.fromkeys(pool.places(left), 0.0)
    for place, boosts in boosted.items():
        total = 0.0
        for _actor, by in boosts:
            total += by
        totals[place] = rules_weight * total
    if scores:
        for place in totals:
            totals[place] += weight * scores.get(entries[place].id, 0.0)
    return totals


def _pin(
    acts: Sequence[Acts],
    ranked: Sequence[int],
    left: int,
    capped: int,
    own: Mapping[int, int],
    limit: int,
) -> tuple[dict[int, tuple[int, Actor]], list[tuple[Actor, int, str]]]:
    """Places by position, from 1; and the pins that found no place, with why."""
    pinned: dict[int, tuple[int, Actor]] = {}
    refused: list[tuple[Actor, int, str]] = []
    free = left
    for one in acts:
        for pin, entries in one.pins:
            matches = entries & free
            if own:
                matches &= ~own.get(id(one.actor), 0)
            if not pin.uncapped:
                matches &= ~capped
            if not matches:
                continue
            for place in _best(ranked, matches, pin):
                position = pin.position or 1
                while position in pinned:
                    position += 1
                if position > limit:
                    refused.append((one.actor, place, "beyond the limit"))
                    break
                pinned[position] = (place, one.actor)
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
