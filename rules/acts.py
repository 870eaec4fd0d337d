"""The effects of actors on one pool: which entries each selector takes, worked out once where no visitor is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rules.actors import Actor, Doing
from rules.bits import members_of
from rules.conditions import Condition
from rules.effects import Boost, Hide, Only, Pin, SetHints, UseModel
from rules.facts import Facts
from rules.pool import Pool

_MOST_MOVING = 4_096


class Keeping(NamedTuple):
    """Entries that an actor keeps (`only`) or removes (`hide`): a set of the pool."""

    actor: Actor
    entries: int


class Pinning(NamedTuple):
    """A pin, and the entries that it may place."""

    actor: Actor
    pin: Pin
    entries: int


class Boosting(NamedTuple):
    """A boost: how much, the set of entries, and the same as places."""

    actor: Actor
    by: float
    entries: int
    places: Sequence[int]


class Acts(NamedTuple):
    """What actors do to a pool, by kind; within each in their order."""

    only: list[Keeping]
    hide: list[Keeping]
    pins: list[Pinning]
    boosts: list[Boosting]
    hints: list[tuple[Actor, SetHints]]
    models: list[tuple[Actor, UseModel]]


_ONLY, _HIDE, _PINS, _BOOSTS, _HINTS, _MODELS = range(len(Acts._fields))


def acts_of(actors: Sequence[Actor], pool: Pool, facts: Facts) -> Acts:
    """What actors do to a pool, for one visitor, in their order."""
    known = pool.doing
    found: tuple[list[Any], ...] = ([], [], [], [], [], [])
    for actor in actors:
        doing = known.get(actor)
        if doing is None:
            doing = _moving(actor, pool, facts) if actor.moves else known.setdefault(actor, _doing(actor, pool, facts))
        for kind, one in doing:
            found[kind].append(one)
    return Acts._make(found)


def _moving(actor: Actor, pool: Pool, facts: Facts) -> Doing:
    """What one does whose selectors name the visitor or the moment; by the visitor's values it is kept."""
    if actor.ages:
        return _doing(actor, pool, facts)
    # An attribute's values are of one type, so that values which are equal select alike.
    key = (actor, *[facts[name] for name in actor.refs])
    found = pool.moving.get(key)
    if found is None:
        found = _doing(actor, pool, facts)
        if len(pool.moving) >= _MOST_MOVING:
            pool.moving.clear()
        pool.moving[key] = found
    return found


def _doing(actor: Actor, pool: Pool, facts: Facts) -> Doing:
    found: list[tuple[int, Any]] = []
    for effect in actor.effects:
        match effect:
            case Only():
                found.append((_ONLY, Keeping(actor, entries_for(pool, facts, effect.selector, effect.refs))))
            case Hide():
                found.append((_HIDE, Keeping(actor, entries_for(pool, facts, effect.selector, effect.refs))))
            case Pin():
                found.append((_PINS, Pinning(actor, effect, entries_for(pool, facts, effect.selector, effect.refs))))
            case Boost():
                entries = entries_for(pool, facts, effect.selector, effect.refs)
                found.append((_BOOSTS, Boosting(actor, effect.by, entries, members_of(entries))))
            case SetHints():
                found.append((_HINTS, (actor, effect)))
            case UseModel():
                found.append((_MODELS, (actor, effect)))
    return tuple(found)


def entries_for(pool: Pool, facts: Facts, selector: Condition, refs: tuple[str, ...]) -> int:
    """The entries of a pool that a selector takes, bound to one visitor and moment."""
    return pool.matching(selector, refs, tuple([facts[name] for name in refs]), facts.moment)
