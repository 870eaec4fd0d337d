"""The second half: caps, pins, blend, diversity, defaults, from scores that were asked for in between. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from plugin.flow.types import Planned, Scores, Settled, SlotAsk
from rules import Decision
from rules.horizon import fresh_for


def settle(
    planned: Planned, scores: Scores, exposures: Mapping[str, Sequence[datetime]], *, longest_ttl_s: int
) -> Settled:
    """Settle every planned slot, in the order asked: with `unique`, an entry goes to the first that shows it.

    Args:
        scores: by slot; a slot without scores is decided by its rules alone.
        longest_ttl_s: how long an answer may be kept at most, in seconds.
    """
    visit, ruleset = planned.visit, planned.site.ruleset
    shown: set[str] = set()
    decisions: list[tuple[SlotAsk, Decision]] = []
    ttls: dict[str, int] = {}
    for ask, plan in planned.plans:
        decision = ruleset.settle(
            plan,
            scores=scores.get(ask.id, {}),
            exposures=exposures,
            limit=ask.limit,
            exclude=(*ask.exclude, *shown) if visit.unique else ask.exclude,
            explain=visit.explain,
        )
        if visit.unique:
            shown.update(block.id for block in decision.blocks)
        decisions.append((ask, decision))
        ttls[ask.id] = fresh_for(plan, longest_ttl_s)
    return Settled(planned, tuple(decisions), ttls)
