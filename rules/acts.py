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

_MOST_MOVING = 4_096


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
            acts = (
                _moving(actor, pool, facts) if actor.moves else known.setdefault(id(actor), _acts(actor, pool, facts))
            )
        found.append(acts)
    return found


def _moving(actor: Actor, pool: Pool, facts: Facts) -> Acts:
    """The acts of one whose selectors name the visitor or the moment; by the visitor's values they are kept."""
    if actor.ages:
        return _acts(actor, pool, facts)
    # An attribute's values are of one type, so that values which are equal select alike.
    key = (id(actor), *[facts[name] for name in actor.refs])
    found = pool.moving.get(key)
    if found is None:
        found = _acts(actor, pool, facts)
        if len(pool.moving) >= _MOST_MOVING:
            pool.moving.clear()
        pool.moving[key] = found
    return found


def _acts(actor: Actor, pool: Pool, facts: Facts) -> Acts:
    def taken(selector: Condition, refs: tuple[str, ...]) -> int:
        return entries_for(pool, facts, selector, refs)

    boosts = []
    for boost in actor.boosts:
        entries = taken(boost.selector, boost.refs)
        boosts.append(Boosting(boost.by, entries, members_of(entries)))
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
