"""From places in a pool to blocks with their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rules.actors import Actor
from rules.arrange import Arrangement, Placed
from rules.decision import Block, Reason

if TYPE_CHECKING:
    from rules.ruleset import Plan


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
    for position, placed in enumerate(arrangement.placed, start=1):
        entry = plan.pool.entries[placed.place]
        reason = _reason(plan, arrangement, placed, scores.get(entry.id))
        blocks.append(Block(entry.id, position, placed.score, reason, entry.entry))
    return tuple(blocks)


def _reason(plan: Plan, arrangement: Arrangement, placed: Placed, score: float | None) -> Reason:
    if placed.pin is not None:
        kind = "pin" if placed.pin.experiment is None else "experiment"
        return Reason(kind, placed.pin.rule, placed.pin.experiment, placed.pin.arm)  # type: ignore[arg-type]
    model = plan.model.name if score is not None else None
    strongest = _strongest(arrangement.boosted.get(placed.place, ()))
    if strongest is None:
        return Reason("score", model=model)
    return Reason("score", strongest.rule, strongest.experiment, strongest.arm, model)


def _strongest(boosts: Sequence[tuple[Actor, float]]) -> Actor | None:
    """The actor whose boost weighs most; the first of equals."""
    best: tuple[float, Actor] | None = None
    for actor, by in boosts:
        if by and (best is None or abs(by) > best[0]):
            best = (abs(by), actor)
    return best[1] if best else None


def effective_rules(plan: Plan, arrangement: Arrangement, givers: Sequence[Actor]) -> tuple[str, ...]:
    """The rules that had an effect: dropped a candidate, placed or boosted a shown block, gave a hint or model."""
    acting = {id(drop.actor) for drop in plan.drops if drop.actor is not None}
    acting.update(id(actor) for actor in givers)
    for placed in arrangement.placed:
        if placed.pin is not None:
            acting.add(id(placed.pin))
        acting.update(id(actor) for actor, by in arrangement.boosted.get(placed.place, ()) if by)
    acting.update(id(actor) for actor in plan.outcome.actors if actor.models)
    if plan.outcome.stopped:
        stopper = next(actor for actor in plan.outcome.actors if actor.stops)
        acting.add(id(stopper))
    return tuple(actor.rule for actor in plan.outcome.actors if actor.rule is not None and id(actor) in acting)
