"""The first half: facts, segments, candidates, eligibility, experiments. Pure."""

from __future__ import annotations

from plugin.flow.types import Planned, Site, SlotAsk, Visit
from rules import Plan, UnknownSlotError


def plan(visit: Visit, site: Site) -> Planned:
    """Plan every slot asked for; those that there are not come back by name, the others are planned all the same."""
    ruleset = site.ruleset
    facts = ruleset.facts(visit.attributes, segments=visit.segments, now=visit.now, deny_unknown=visit.deny_unknown)
    plans: list[tuple[SlotAsk, Plan]] = []
    unknown: list[str] = []
    for ask in visit.asks:
        try:
            plans.append((ask, ruleset.plan(ask.id, facts, site.content, arms=visit.arms or None)))
        except UnknownSlotError:
            unknown.append(ask.id)
    return Planned(visit, site, facts, tuple(plans), tuple(unknown))
