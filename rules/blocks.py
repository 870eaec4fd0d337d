"""From places in a pool to blocks with their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rules.actors import Actor
from rules.arrange import Arrangement
from rules.decision import Block, Reason

if TYPE_CHECKING:
    from rules.plan import Plan

_BY_SCORE = Reason("score")
_tuple = tuple.__new__  # as in `arrange`


def blocks_of(
    plan: Plan, arrangement: Arrangement, defaults: Sequence[int], scores: Mapping[str, float]
) -> tuple[Block, ...]:
    """The blocks in order: what was placed, or the default where nothing was."""
    if defaults:
        entries = [plan.default.entries[place] for place in defaults]
        return tuple(
            Block(entry.id, position, 0.0, Reason("default"), entry.entry)
            for position, entry in enumerate(entries, start=1)
        )
    blocks = []
    boosted, pool = arrangement.boosted, plan.pool.entries
    for position, placed in enumerate(arrangement.placed, start=1):
        entry = pool[placed.place]
        if placed.pin is not None:
            reason = placed.pin.pinned
        else:
            strongest = _strongest(boosted.get(placed.place, ()))
            reason = strongest.scored if strongest is not None else _BY_SCORE
            if plan.model.name is not None and entry.id in scores:
                reason = reason._replace(model=plan.model.name)
        blocks.append(_tuple(Block, (entry.id, position, placed.score, reason, entry.entry)))
    return tuple(blocks)


def _strongest(boosts: Sequence[tuple[Actor, float]]) -> Actor | None:
    """The actor whose boost weighs most; the first of equals."""
    best, found = 0.0, None
    for actor, by in boosts:
        weight = by if by >= 0 else -by
        if weight > best:
            best, found = weight, actor
    return found


class MadeOf(NamedTuple):
    """What a decision was made of; tells, when asked, what had an effect on it."""

    plan: Plan
    arrangement: Arrangement

    def rules(self) -> tuple[str, ...]:
        """Those that dropped a candidate, placed or boosted a block that is shown, gave a hint or model, or stopped."""
        outcome = self.plan.outcome
        acting = {id(drop.actor) for drop in self.plan.drops if drop.actor is not None}
        acting.update(id(actor) for actor in self.plan.course.givers)
        for placed in self.arrangement.placed:
            if placed.pin is not None:
                acting.add(id(placed.pin))
            acting.update(id(actor) for actor, by in self.arrangement.boosted.get(placed.place, ()) if by)
        acting.update(id(actor) for actor in outcome.actors if actor.models)
        if outcome.stopped:
            acting.add(id(next(actor for actor in outcome.actors if actor.stops)))
        return tuple(actor.rule for actor in outcome.actors if actor.rule is not None and id(actor) in acting)

    def exposed(self) -> tuple[str, ...]:
        """The experiments whose arm was not stopped."""
        stopped = {actor.experiment for actor in self.plan.outcome.stopped}
        return tuple(name for name, _arm in self.plan.outcome.arms if name not in stopped)

    def segments(self) -> tuple[str, ...]:
        """Every segment that the visitor holds."""
        return tuple(sorted(self.plan.facts.held))
