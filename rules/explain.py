"""The trace of a decision: the same values that made it, told in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rules.actors import Actor
from rules.arrange import Arrangement, Drop
from rules.bits import iterate
from rules.conditions import (
    Absent,
    Ago,
    All,
    AnyOf,
    Condition,
    InSegment,
    Not,
    Percent,
    Reading,
    Ref,
    Test,
    compile_condition,
)
from rules.decision import Block
from rules.facts import Facts

if TYPE_CHECKING:
    from rules.plan import Plan

_HIDDEN = frozenset({"request.ip"})


def trace_of(
    plan: Plan,
    arrangement: Arrangement,
    blocks: Sequence[Block],
    excluded: int,
    scores: Mapping[str, float],
    fallback: bool,
) -> dict[str, object]:
    """Every rule with the truth of each of its conditions, every candidate with why it was kept or dropped."""
    return {
        "now": plan.now.isoformat(),
        "zone": str(plan.facts.visitor_zone),
        "held_out": plan.outcome.held_out,
        "segments": sorted(plan.facts.held),
        "rules": list(_rules(plan)),
        "experiments": list(_experiments(plan)),
        "candidates": list(_candidates(plan, arrangement, blocks, excluded, scores, fallback)),
        "refused_pins": [
            {"by": _actor(actor), "id": plan.pool.entries[place].id, "why": why}
            for actor, place, why in arrangement.refused_pins
        ],
        "model": {"name": plan.model.name, "weight": plan.model.weight, "per": plan.model.per},
        "mistyped": sorted(set(plan.facts.mistyped)),
        "fallback": fallback,
    }


def _rules(plan: Plan) -> Iterator[dict[str, object]]:
    applied = {actor.rule for actor in plan.outcome.actors}
    stopped = {actor.rule for actor in plan.outcome.stopped}
    zone = plan.compiled.zone
    for rule in plan.compiled.rules:
        holds = compile_condition(rule.when, zone)(plan.facts)
        on = plan.facts.is_on(rule.schedule)
        if plan.outcome.held_out:
            status = "held out"
        elif rule.id in applied:
            status = "applied"
        elif rule.id in stopped:
            status = "stopped"
        else:
            status = "off schedule" if holds and not on else "does not hold"
        yield {
            "id": rule.id,
            "name": rule.name,
            "priority": rule.priority,
            "status": status,
            "on_schedule": on,
            "holds": holds,
            "condition": truth(rule.when, plan.facts, zone),
        }


def _experiments(plan: Plan) -> Iterator[dict[str, object]]:
    arms = dict(plan.outcome.arms)
    stopped = {actor.experiment for actor in plan.outcome.stopped}
    for one in plan.compiled.experiments:
        yield {
            "id": one.id,
            "arm": arms.get(one.id),
            "exposed": one.id in arms and one.id not in stopped,
            "on_schedule": plan.facts.is_on(one.schedule),
            "condition": truth(one.when, plan.facts, plan.compiled.zone),
        }


def _candidates(
    plan: Plan,
    arrangement: Arrangement,
    blocks: Sequence[Block],
    excluded: int,
    scores: Mapping[str, float],
    fallback: bool,
) -> Iterator[dict[str, object]]:
    dropped: dict[int, Drop] = {}
    for drop in (*plan.drops, Drop(excluded, "exclude")):
        for place in iterate(drop.entries):
            dropped[place] = drop
    capped = {place for drop in arrangement.drops for place in iterate(drop.entries)}
    positions = {} if fallback else {place: index for index, place in enumerate(arrangement.placed, start=1)}
    for place, entry in enumerate(plan.pool.entries):
        drop_or_none = dropped.get(place)
        if drop_or_none is None and place not in arrangement.totals:
            continue  # never visible here: a selector with refs to the visitor did not take it
        row: dict[str, object] = {"id": entry.id, "locale": entry.locale, "kept": place in positions}
        if place in positions:
            row |= {"why": "shown", "position": positions[place]}
        elif drop_or_none is not None:
            row["why"] = drop_or_none.kind
            if drop_or_none.actor is not None:
                row["by"] = _actor(drop_or_none.actor)
        else:
            row["why"] = "cap" if place in capped else "beyond the limit"
        if place in arrangement.totals:
            row["score"] = {
                "total": arrangement.totals[place],
                "boosts": [
                    {"by": _actor(actor), "amount": by}
                    for actor, by, entries in arrangement.boosted
                    if entries >> place & 1
                ],
                "model": scores.get(entry.id),
            }
        yield row
    if fallback:
        for block in blocks:
            yield {
                "id": block.id,
                "locale": block.locale,
                "kept": True,
                "why": "default",
                "position": block.position,
            }


def _actor(actor: Actor) -> dict[str, str | None]:
    if actor.rule is not None:
        return {"rule": actor.rule}
    return {"experiment": actor.experiment, "arm": actor.arm}


def truth(condition: Condition, reading: Facts, zone: ZoneInfo) -> dict[str, object]:
    """The tree of a condition with the truth of each part and the value seen. Values never include the IP address."""
    holds = compile_condition(condition, zone)(reading)
    match condition:
        case All(items):
            return {"all": [truth(item, reading, zone) for item in items], "holds": holds}
        case AnyOf(items):
            return {"any": [truth(item, reading, zone) for item in items], "holds": holds}
        case Not(item):
            return {"not": truth(item, reading, zone), "holds": holds}
        case InSegment(names):
            held = [name for name in names if name in reading.held]
            return {"segment": list(names), "held": held, "holds": holds}
        case Test():
            return _test_truth(condition, reading, holds)


def _test_truth(test: Test, reading: Facts, holds: bool) -> dict[str, object]:
    seen: object
    if isinstance(test.operand, Percent):
        position = reading.bucket(test.operand.salt)
        seen = None if position is None else position / 100
    else:
        seen = _shown(test.attribute, reading)
    found: dict[str, object] = {
        "attribute": test.attribute,
        "test": test.op,
        "value": _operand(test.operand, reading),
        "seen": seen,
        "holds": holds,
    }
    if seen is None:
        found["missing"] = _why_missing(test.attribute, reading)
    return found


def _why_missing(name: str, reading: Facts) -> str:
    raw = reading.attributes.get(name)
    if raw is None:
        return "not known"
    attribute = reading.attribute(name)
    if attribute is not None and reading.refused(attribute):
        return f"no consent for {attribute.purpose}"
    return "hidden" if name in _HIDDEN else "of another type"


def _shown(name: str, reading: Reading) -> object:
    return None if name in _HIDDEN else plain(reading[name])


def _operand(operand: object, reading: Reading) -> object:
    match operand:
        case Ref(name):
            return {"ref": name, "seen": _shown(name, reading)}
        case Ago(duration):
            return {"ago": f"{int(duration.total_seconds())}s"}
        case Percent(salt, gte, lt):
            return {"gte": gte, "lt": lt, "salt": salt}
        case Absent():
            return None
    return plain(operand)


def plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return value
