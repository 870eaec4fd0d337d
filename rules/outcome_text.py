"""Outcomes as text: all that a slot's decision is made of beside content and clock, short enough for a header.

A decision made from the text sees nothing else of the visitor, so what a cache keeps under it cannot depend on more.
Texts are as many as audience keys: what is written is what those are hashes of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rules.actors import Outcome, Written, telling
from rules.attributes import Type
from rules.compiled import CompiledSlot
from rules.effects import canonical
from rules.facts import Facts
from rules.pool import Pool
from rules.values import READERS

_NOTHING: Sequence[Any] = ([], [], "", [], {})


class BadOutcomeError(ValueError):
    """The text is not of an outcome that the slot has."""


def names_read(compiled: CompiledSlot) -> tuple[str, ...]:
    """The attributes whose values outcomes of a slot may carry, sorted."""
    return tuple(sorted({*compiled.reads, *compiled.slot.select_refs, *compiled.slot.default_refs}))


def write(compiled: CompiledSlot, outcome: Outcome, facts: Facts, *, pool: Pool, order: str | None) -> str:
    """The text of an outcome: canonical JSON, what is empty at its end left out.

    Args:
        order: the visitor's languages as far as the content tells them apart, as `Ground.order` gives them.
    """
    places = compiled.places
    acting = [places[actor] for actor in telling(outcome.actors)]
    arms = [compiled.arm_places[pair] for pair in outcome.arms]
    held = sorted(facts.held.intersection(pool.audiences)) if pool.audiences else []
    used = {name for actor in outcome.actors for name in actor.refs}
    used.update(compiled.slot.select_refs, compiled.slot.default_refs)
    values = {name: value for name in sorted(used) if (value := facts[name]) is not None}
    parts: list[object] = [acting, arms, order or "", held, values]
    while parts and not parts[-1]:
        parts.pop()
    return canonical(parts)


def read(compiled: CompiledSlot, text: str, types: Mapping[str, Type]) -> Written:
    """An outcome from its text.

    Args:
        types: of the attributes that selectors of the slot name.
    Raises:
        BadOutcomeError: it is none of this slot.
    """
    try:
        parts = json.loads(text)
        if not isinstance(parts, list) or len(parts) > len(_NOTHING):
            raise BadOutcomeError("not an outcome")
        acting, arms, order, held, values = [*parts, *_NOTHING[len(parts) :]]
        actors = [compiled.actors[place] for place in map(_place, acting)]
        pairs = tuple(compiled.arm_pairs[place] for place in map(_place, arms))
        stopped = [arm for arm in map(compiled.arms.__getitem__, pairs) if arm not in actors]
        typed = {name: READERS[types[name]](_plain(value)) for name, value in values.items()}
        return Written(
            text,
            Outcome(actors, stopped, pairs, False),
            tuple(order.split(">")) if order else (),
            frozenset(map(str, held)),
            {name: value for name, value in typed.items() if value is not None},
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as fault:
        raise BadOutcomeError("not an outcome of this slot") from fault


def _plain(value: object) -> object:
    """Places on Earth are pairs, which JSON writes as lists."""
    return tuple(value) if isinstance(value, list) else value


def _place(value: object) -> int:
    if type(value) is not int or value < 0:
        raise BadOutcomeError("not a place")
    return value
