"""Whose arm a rule stops is not exposed, and so shares no key with those whose arm acts, though both see the same."""

from __future__ import annotations

from typing import Any

import pytest

import rules

NOW = "2026-11-24T12:00:00Z"
TONE = {"set": {"presentation.tone": "warm"}}
FIRST = {"id": "first", "slot": "s", "priority": 9, "then": [TONE]}


@pytest.mark.parametrize(
    "then", [[{"stop": True}], [TONE, {"stop": True}]], ids=["stops", "sets what is set and stops"]
)
def test_who_is_exposed_is_told_by_the_key(then: list[dict[str, Any]]) -> None:
    stopping = {"id": "second", "slot": "s", "priority": 5, "when": {"geo.country": "FR"}, "then": then}
    control = {"id": "e", "slot": "s", "priority": 1, "arms": [{"id": "control", "weight": 1, "then": []}]}
    ruleset = rules.load({"version": 1, "slots": [{"id": "s"}], "rules": [FIRST, stopping], "experiments": [control]})
    content = ruleset.prepare([])
    keys = set()
    for country, exposed in (("FR", ()), ("DE", ("e",))):
        facts = ruleset.facts({"geo.country": country, "visitor.id": "v"}, now=NOW)
        plan = ruleset.plan("s", facts, content)
        written = ruleset.plan_written("s", ruleset.outcome_text(plan, content), content, now=facts.moment)
        decisions = [ruleset.settle(one, scores={}, exposures={}) for one in (plan, written)]
        assert [one.exposed for one in decisions] == [exposed, exposed]
        assert [one.arms for one in decisions] == [{"e": "control"}] * 2
        keys |= {one.audience_key for one in decisions}
        assert decisions[0].rules[:1] == decisions[1].rules[:1] == ("first",)
    assert len(keys) == 2
