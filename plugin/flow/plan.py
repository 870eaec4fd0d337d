"""The first half: facts, segments, candidates, eligibility, experiments. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from plugin.flow.types import Planned, Site, SlotAsk, Visit
from rules import Plan, UnknownSlotError
from rules.named_tuples import make
from rules.outcome_text import BadOutcomeError


def plan(visit: Visit, site: Site) -> Planned:
    """Plan every slot asked for.

    Those that there are not come back by name, and those whose rules fail in a way that nobody foresaw with their
    fault; the others are planned all the same.
    """
    ruleset = site.ruleset
    facts = ruleset.facts(visit.attributes, segments=visit.segments, now=visit.now, deny_unknown=visit.deny_unknown)
    plans: list[tuple[SlotAsk, Plan]] = []
    unknown: list[str] = []
    failed: list[tuple[SlotAsk, Exception]] = []
    for ask in visit.asks:
        try:
            plans.append((ask, ruleset.plan(ask.id, facts, site.content, arms=visit.arms or None)))
        except UnknownSlotError:
            unknown.append(ask.id)
        except Exception as fault:  # noqa: BLE001 - one slot must not take the others with it; the service logs it
            failed.append((ask, fault))
    return make(Planned, (visit, site, facts, tuple(plans), tuple(unknown), tuple(failed)))


def plan_written(visit: Visit, site: Site, outcomes: Mapping[str, str]) -> Planned:
    """Plan every slot asked for from its outcome, as `Ruleset.outcome_text` wrote it, and from nothing of a visitor.

    One that fails in a way that nobody foresaw comes back with its fault, as from `plan`.

    Raises:
        BadOutcomeError: an outcome is none of its slot.
        UnknownSlotError, KeyError: there is no such slot, or no outcome of it.
    """
    ruleset = site.ruleset
    plans: list[tuple[SlotAsk, Plan]] = []
    failed: list[tuple[SlotAsk, Exception]] = []
    for ask in visit.asks:
        outcome = outcomes[ask.id]
        try:
            plans.append((ask, ruleset.plan_written(ask.id, outcome, site.content, now=visit.now)))
        except (BadOutcomeError, UnknownSlotError):
            raise
        except Exception as fault:  # noqa: BLE001 - as above
            failed.append((ask, fault))
    return Planned(visit, site, ruleset.facts({}, now=visit.now), tuple(plans), (), tuple(failed))
