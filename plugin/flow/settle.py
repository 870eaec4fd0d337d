"""The second half: caps, pins, blend, diversity, defaults, from scores that were asked for in between. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from plugin.flow.stand_in import stand_in
from plugin.flow.types import Planned, Scores, Settled, SlotAsk, Step
from rules import Decision, Plan
from rules.horizon import fresh_for
from rules.named_tuples import make

DEGRADED_TTL_S = 5
"""What decides a slot instead of its model, its rules or the profile is kept for so long at most: it may soon be
better."""
UNFORESEEN = "its rules could not be evaluated"
_NO_SCORES: Mapping[str, float] = MappingProxyType({})
_NO_STEPS: Mapping[str, Step] = MappingProxyType({})


def settle(
    planned: Planned,
    scores: Scores,
    exposures: Mapping[str, Sequence[datetime]],
    *,
    longest_ttl_s: int,
    steps: Mapping[str, Step] = _NO_STEPS,
) -> Settled:
    """Settle every planned slot, in the order asked: with `unique`, an entry goes to the first that shows it.

    A slot whose rules fail in a way that nobody foresaw, here or when it was planned, shows its default, and the others
    are settled all the same.

    Args:
        scores: by slot; a slot without scores is decided by its rules alone.
        longest_ttl_s: how long an answer may be kept at most, in seconds.
        steps: of the slots whose model gave no scores.
    """
    visit, ruleset = planned.visit, planned.site.ruleset
    shown: set[str] = set()
    decisions: list[tuple[SlotAsk, Decision]] = []
    ttls: dict[str, int] = {}
    faults: dict[str, Exception] = {}
    for ask, plan in _in_order(planned) if planned.failed else planned.plans:
        exclude = (*ask.exclude, *shown) if visit.unique else ask.exclude
        fault: Exception | None = None
        if isinstance(plan, Exception):
            fault = plan
        else:
            try:
                decision = ruleset.settle(
                    plan,
                    scores=scores.get(ask.id, _NO_SCORES) if scores else _NO_SCORES,
                    exposures=exposures,
                    limit=ask.limit,
                    exclude=exclude,
                    explain=visit.explain,
                )
                ttls[ask.id] = fresh_for(plan, longest_ttl_s)
            except Exception as error:  # noqa: BLE001 - one slot must not take the others; the service logs it
                fault = error
        if fault is not None:
            faults[ask.id] = fault
            decision, rung = stand_in(ask, planned, exclude)
            steps = {**steps, ask.id: Step(rung, "slot", UNFORESEEN)}
        if steps and (step := steps.get(ask.id)) is not None:
            decision = lowered(decision, step)
            ttls[ask.id] = min(ttls.get(ask.id, longest_ttl_s), DEGRADED_TTL_S)
        if visit.unique:
            shown.update(block.id for block in decision.blocks)
        decisions.append((ask, decision))
    return make(Settled, (planned, tuple(decisions), ttls, steps, faults))


def briefly(settled: Settled) -> Settled:
    """The same, said to hold for no longer than what had to do without something."""
    return settled._replace(ttl_s={slot: min(ttl, DEGRADED_TTL_S) for slot, ttl in settled.ttl_s.items()})


def lowered(decision: Decision, step: Step) -> Decision:
    """A decision that says how far its slot came down.

    Ranked by rules that were to have a model beside them, a block is there for want of something better; a pin, an arm
    or last scores put it where they would have.
    """
    if step.rung == "rules":
        blocks = tuple(
            block._replace(reason=block.reason._replace(kind="degraded")) if block.reason.kind == "score" else block
            for block in decision.blocks
        )
        decision = decision._replace(blocks=blocks, notes=None)
    if decision.trace is not None:
        decision = decision._replace(trace={**decision.trace, "degraded": step.to_dict()})
    return decision


def _in_order(planned: Planned) -> Sequence[tuple[SlotAsk, Plan | Exception]]:
    places = {ask: place for place, ask in enumerate(planned.visit.asks)}
    return sorted((*planned.plans, *planned.failed), key=lambda pair: places[pair[0]])
