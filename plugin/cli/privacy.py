"""Why an answer for a slot belongs to one visitor alone."""

from __future__ import annotations

from collections.abc import Sequence

from rules import Ruleset


def reasons_for(ruleset: Ruleset) -> dict[str, Sequence[str]]:
    """By slot, what keeps shared caches from its answers; slots without such a thing are left out."""
    found = {slot: _reasons(ruleset, slot) for slot in ruleset.slots}
    return {slot: reasons for slot, reasons in found.items() if reasons}


def _reasons(ruleset: Ruleset, slot: str) -> list[str]:
    compiled = ruleset.compiled(slot)
    found = []
    if compiled.slot.cap is not None:
        found.append("it has a cap")
    if compiled.slot.model.per == "visitor":
        found.append(f"the model {compiled.slot.model.name!r} scores per visitor")
    for actor in compiled.actors:
        what = f"the rule {actor.rule!r}" if actor.rule is not None else f"the experiment {actor.experiment!r}"
        if actor.cap is not None:
            found.append(f"{what} has a cap")
        found += [f"{what} has a model score per visitor" for model in actor.models if model.per == "visitor"]
    return found
