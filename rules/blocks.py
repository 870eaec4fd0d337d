"""From places in a pool to blocks with their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from rules.acts import entries_for
from rules.arrange import Arrangement, Boosted
from rules.bits import mask_of
from rules.content import in_default_order
from rules.decision import Block, Reason
from rules.named_tuples import make

if TYPE_CHECKING:
    from rules.plan import Plan

_BY_SCORE = Reason("score")


def defaults_of(plan: Plan, excluded: frozenset[str], limit: int, locales: tuple[str, ...]) -> list[int]:
    """Places of the default's pool, in order: what is shown where nothing is left.

    Args:
        excluded: ids to leave out.
        locales: the document's, the default first.
    """
    slot, pool = plan.slot, plan.default
    if slot.default is None:
        return []
    visible = pool.all
    if slot.default_moves:
        visible = entries_for(pool, plan.facts, slot.default, slot.default_refs)
    variants = pool.variants(plan.now, plan.facts.tongue, locales, visible)
    order = in_default_order(slot, pool, variants)
    return [place for place in order if pool.entries[place].id not in excluded][:limit]


def blocks_of(
    plan: Plan, arrangement: Arrangement, defaults: Sequence[int], scores: Mapping[str, float]
) -> tuple[Block, ...]:
    """The blocks in order: what was placed, or the default where nothing was.

    Args:
        defaults: places of the default's pool.
        scores: of the model, by entry id, in [0, 1].
    """
    if defaults:
        entries = [plan.default.entries[place] for place in defaults]
        return tuple(
            Block(entry.id, position, 0.0, Reason("default"), entry.entry)
            for position, entry in enumerate(entries, start=1)
        )
    blocks = []
    totals, pinned, boosted, pool = arrangement.totals, arrangement.pinned, arrangement.boosted, plan.pool.entries
    model = plan.course.model.name
    for position, place in enumerate(arrangement.placed, start=1):
        entry = pool[place]
        if place in pinned:
            reason = pinned[place].pinned
        else:
            reason = _strongest(boosted, place)
            if model is not None and entry.id in scores:
                reason = reason._replace(model=model)
        blocks.append(make(Block, (entry.id, position, totals[place], reason, entry.entry)))
    return tuple(blocks)


def _strongest(boosted: Sequence[Boosted], place: int) -> Reason:
    """The reason by the actor whose boost of a place weighs most; the first of equals."""
    best, found = 0.0, _BY_SCORE
    for actor, by, entries in boosted:
        if entries >> place & 1:
            weight = by if by >= 0 else -by
            if weight > best:
                best, found = weight, actor.scored
    return found


class MadeOf(NamedTuple):
    """What a decision was made of; tells, when asked, what had an effect on it."""

    plan: Plan
    arrangement: Arrangement

    def rules(self) -> tuple[str, ...]:
        """Those that dropped a candidate, placed or boosted a block that is shown, gave a hint or model, or stopped."""
        outcome = self.plan.outcome
        acting = {drop.actor for drop in self.plan.drops if drop.actor is not None}
        acting.update(self.plan.course.givers)
        shown = mask_of(self.arrangement.placed, len(self.plan.pool.entries))
        acting.update(self.arrangement.pinned.values())
        acting.update(actor for actor, by, entries in self.arrangement.boosted if by and entries & shown)
        acting.update(actor for actor, _effect in self.plan.course.acts.models)
        if outcome.stopped:
            acting.update(islice((actor for actor in outcome.actors if actor.stops), 1))
        return tuple(actor.rule for actor in outcome.actors if actor.rule is not None and actor in acting)

    def exposed(self) -> tuple[str, ...]:
        """The experiments whose arm was not stopped."""
        stopped = {actor.experiment for actor in self.plan.outcome.stopped}
        return tuple(name for name, _arm in self.plan.outcome.arms if name not in stopped)

    def segments(self) -> tuple[str, ...]:
        """Every segment that the visitor holds."""
        return tuple(sorted(self.plan.facts.held))
