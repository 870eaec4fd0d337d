"""What our own evaluator says, in the words of the specification."""

from __future__ import annotations

from typing import Any

import rules
from rules.keys import audience_key
from rules.locales import chosen


def expected(
    ruleset: rules.Ruleset, slot: str, facts: rules.Facts, content: rules.Content | None = None
) -> dict[str, Any]:
    """The outcome of a slot; with content the key is that of decisions over it."""
    compiled = ruleset.compiled(slot)
    outcome = compiled.outcome(facts)
    if content is not None:
        key = ruleset.plan(slot, facts, content).audience_key
    else:
        languages = chosen(facts["request.locale"], ruleset.document.locales)
        key = audience_key(compiled.slot, outcome, facts, audiences=None, locale=languages)
    hints: dict[str, Any] = {}
    for actor in outcome.actors:
        for name, hint in actor.hints.items():
            hints.setdefault(name, hint.value)
    return {
        "rules": [] if outcome.held_out else [rule.id for rule in compiled.holding(facts)],
        "arms": dict(outcome.arms),
        "hints": hints,
        "held_out": outcome.held_out,
        "key": key,
    }
