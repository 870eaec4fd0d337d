"""Precedence: only, hide, caps, pins, scores, ties, diversity. Pure; sets of entries are bit sets of a pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from rules.actors import Actor
from rules.acts import Acts, Boosting, Pinning
from rules.diversify import feature_of, mmr_order
from rules.effects import Cap, Pin, UseModel
from rules.named_tuples import make
from rules.pool import Pool
from rules.slots import Slot

Exposures = Mapping[str, Sequence[datetime]]


class Drop(NamedTuple):
    """Entries that something removed: a set of the pool, what kind of thing, and which actor."""

    entries: int
    kind: str
    actor: Actor | None = None


class Boosted(NamedTuple):
    """Entries whose score an actor raised: a set of the pool."""

    actor: Actor
    by: float
    entries: int


class Arrangement(NamedTuple):
    """The blocks of a slot before they are written out, and what happened on the way.

    Attributes:
        placed: places of the pool, in order.
        pinned: by place, the actor that pinned it.
        drops: what a cap kept out.
        boosted: who boosted what by how much, in the order in which it adds up.
        totals: by place, the blended scores.
        refused_pins: who would have pinned which place, and why it found no position.
    """

    placed: list[int]
    pinned: dict[int, Actor]
    drops: list[Drop]
    boosted: list[Boosted]
    totals: dict[int, float]
    refused_pins: list[tuple[Actor, int, str]]


def eligible(acts: Acts, candidates: int) -> tuple[int, tuple[Drop, ...]]:
    """`only` intersects, then `hide` removes: what is left of the candidates, and what was dropped by whom."""
    drops: list[Drop] = []
    left = candidates
    for actor, entries in acts.only:
        dropped = left & ~entries
        if dropped:
            drops.append(Drop(dropped, "only", actor))
            left ^= dropped
    for actor, entries in acts.hide:
        dropped = left & entries
        if dropped:
            drops.append(Drop(dropped, "hide", actor))
            left ^= dropped
    return left, tuple(drops)


def over_cap(cap: Cap, pool: Pool, exposures: Exposures, now: datetime) -> int:
    """The entries shown at least `per_visitor` times after now - within, up to now."""
    start = now - cap.within
    found = 0
    for name, instants in exposures.items():
        mask = pool.by_id.get(name)
        if mask and sum(start < instant <= now for instant in instants) >= cap.per_visitor:
            found |= mask
    return found


def model_of(slot: Slot, acts: Acts) -> UseModel:
    """The model of the blend: key by key, the first rule that says one wins, then the slot."""
    if not acts.models:
        return slot.model
    name, weight, per = None, None, None
    for _actor, effect in acts.models:
        name = name if name is not None else effect.name
        weight = weight if weight is not None else effect.weight
        per = per if per is not None else effect.per
    base = slot.model
    return UseModel(
        name if name is not None else base.name,
        weight if weight is not None else base.weight,
        per if per is not None else base.per,
    )


def hints_of(acts: Acts) -> tuple[dict[str, Any], list[Actor]]:
    """The presentation hints, first wins key by key, and the actors that gave one."""
    found: dict[str, Any] = {}
    givers: list[Actor] = []
    for actor, effect in acts.hints:
        new = [(name, value) for name, value in effect.hints if name not in found]
        if new:
            found.update(new)
            givers.append(actor)
    return found, givers


def arrange(
    slot: Slot,
    actors: Sequence[Actor],
    acts: Acts,
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
        actors: those who act; some have caps of their own.
        left: those entries, a set of the pool.
        scores: of the model by entry id, in [0, 1]; a missing one is 0.
        limit: most blocks.
    """
    capped, own = 0, {}
    if exposures:
        capped = over_cap(slot.cap, pool, exposures, now) & left if slot.cap is not None else 0
        own = {actor: over_cap(actor.cap, pool, exposures, now) for actor in actors if actor.cap is not None}
    totals, boosted = _boost(acts.boosts, left, pool, own, slot.rules_weight)
    if scores:
        entries, weight = pool.entries, 1.0 if model.weight is None else model.weight
        for place in totals:
            totals[place] += weight * scores.get(entries[place].id, 0.0)
    # Places are numbered in the order of ties, and sorting is stable, the other way round too.
    rest = sorted(totals, key=totals.__getitem__, reverse=True)
    positions, pinned, refused = _pin(acts.pins, rest, left, capped, own, limit) if acts.pins else ({}, {}, [])
    if pinned or capped:
        rest = [place for place in rest if place not in pinned and not capped >> place & 1]
    if slot.diversify is not None and limit > len(pinned):
        by = slot.diversify.by
        features = {place: feature_of(pool.entries[place].reading[by]) for place in rest}
        rest = mmr_order(rest, totals, features, slot.diversify.trade_off, limit - len(pinned))
    drops = [Drop(capped, "cap")] if capped else []
    placed = _filled(positions, rest, limit) if positions else rest[:limit]
    return make(Arrangement, (placed, pinned, drops, boosted, totals, refused))


def _boost(
    boosts: Sequence[Boosting], left: int, pool: Pool, own: Mapping[Actor, int], rules_weight: float
) -> tuple[dict[int, float], list[Boosted]]:
    """By place, in the order of ties: rules weight x sum of boosts, doubles, summed in order; and what was boosted."""
    totals = dict.fromkeys(pool.places(left), 0.0)
    boosted = []
    hits = 0
    for actor, by, entries, places in boosts:
        hit = entries & left
        if own:
            hit &= ~own.get(actor, 0)
        for place in places if hit == entries else pool.places(hit):
            totals[place] += by
        hits |= hit
        boosted.append(make(Boosted, (actor, by, hit)))
    if rules_weight != 1.0:
        for place in pool.places(hits):
            totals[place] *= rules_weight
    return totals, boosted


def _pin(
    pins: Sequence[Pinning],
    ranked: Sequence[int],
    left: int,
    capped: int,
    own: Mapping[Actor, int],
    limit: int,
) -> tuple[dict[int, int], dict[int, Actor], list[tuple[Actor, int, str]]]:
    """Places by position, from 1; by place, who pinned it; and the pins that found no place, with why."""
    positions: dict[int, int] = {}
    pinned: dict[int, Actor] = {}
    refused: list[tuple[Actor, int, str]] = []
    free = left
    for actor, pin, entries in pins:
        matches = entries & free
        if own:
            matches &= ~own.get(actor, 0)
        if capped and not pin.uncapped:
            matches &= ~capped
        if not matches:
            continue
        for place in _best(ranked, matches, pin):
            position = pin.position or 1
            while position in positions:
                position += 1
            if position > limit:
                refused.append((actor, place, "beyond the limit"))
                break
            positions[position] = place
            pinned[place] = actor
            free ^= 1 << place
    return positions, pinned, refused


def _best(ranked: Sequence[int], matches: int, pin: Pin) -> list[int]:
    found = []
    for place in ranked:
        if matches >> place & 1:
            found.append(place)
            if len(found) == pin.max:
                break
    return found


def _filled(positions: Mapping[int, int], rest: Sequence[int], limit: int) -> list[int]:
    """The pinned in their positions, and between them the rest in its order."""
    placed = []
    remaining = iter(rest)
    for position in range(1, limit + 1):
        place = positions.get(position)
        if place is None:
            place = next(remaining, None)
        if place is not None:
            placed.append(place)
    return placed
