"""The effects of actors on one pool: which entries each selector takes, worked out once where no visitor is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rules.actors import Actor
from rules.bits import members_of
from rules.conditions import Condition
from rules.effects import Pin
from rules.facts import Facts
from rules.pool import Pool


class Boosting(NamedTuple):
    """A boost: how much, the set of entries, and the same as places."""

    by: float
    entries: int
    places: Sequence[int]


class Acts(NamedTuple):
    """What one actor does to a pool; sets of entries are bit sets."""

    actor: Actor
    only: tuple[int, ...]
    hide: tuple[int, ...]
    pins: tuple[tuple[Pin, int], ...]
    boosts: tuple[Boosting, ...]


def acts_of(actors: Sequence[Actor], pool: Pool, facts: Facts) -> list[Acts]:
    """What actors do to a pool, for one visitor, in their order."""
    known = pool.acts
    found = []
    for actor in actors:
        acts = known.get(id(actor))
        if acts is None:
            acts = _acts(actor, pool, facts)
            if not actor.moves:
                known[id(actor)] = acts
        found.append(acts)
    return found


def _acts(actor: Actor, pool: Pool, facts: Facts) -> Acts:
    def taken(selector: Condition, refs: tuple[str, ...]) -> int:
        return entries_for(pool, facts, selector, refs)

    boosts = []
    for boost in actor.boosts:
        entries = taken(boost.selector, boost.refs)
        boosts.append(Boosting(boost.by, entries, members_of(entries, len(pool.entries))))
    return Acts(
        actor,
        tuple(taken(effect.selector, effect.refs) for effect in actor.only),
        tuple(taken(effect.selector, effect.refs) for effect in actor.hide),
        tuple((pin, taken(pin.selector, pin.refs)) for pin in actor.pins),
        tuple(boosts),
    )


def entries_for(pool: Pool, facts: Facts, selector: Condition, refs: tuple[str, ...]) -> int:
    """The entries of a pool that a selector takes, bound to one visitor and moment."""
    return pool.matching(selector, refs, tuple(facts[name] for name in refs), facts.moment)
