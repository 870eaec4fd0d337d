"""A rule that only sets what others set before it makes no audience of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rules

NOW = "2026-11-24T12:00:00Z"
FIRST = {"id": "first", "slot": "s", "priority": 2, "then": [{"set": {"presentation.tone": "warm"}}]}
SECOND = {"id": "second", "slot": "s", "priority": 1, "when": {"geo.country": "FR"}}
BEATEN = {"set": {"presentation.tone": "cold"}}


def keys(*more: Mapping[str, Any], **parts: Any) -> tuple[str, str]:
    """Of who is in France, for whom the second rule holds, and of who is in Germany."""
    ruleset = rules.load({"version": 1, "slots": [{"id": "s"}], "rules": [FIRST, *more], **parts})
    fr, de = (ruleset.audience_key("s", {"geo.country": country}, now=NOW) for country in ("FR", "DE"))
    return fr, de


def test_who_sees_the_same_has_the_same_key() -> None:
    fr, de = keys({**SECOND, "then": [BEATEN]})
    assert fr == de


def test_what_shows_makes_a_key() -> None:
    for then in (
        [BEATEN, {"set": {"presentation.size": "large"}}],
        [BEATEN, {"pin": {"id": "x"}}],
        [BEATEN, {"model": {"weight": 0.5}}],
    ):
        fr, de = keys({**SECOND, "then": then})
        assert fr != de


def test_what_stops_others_makes_a_key_where_others_are_stopped() -> None:
    stopping = {**SECOND, "then": [BEATEN, {"stop": True}]}
    third = {"id": "third", "slot": "s", "then": [{"hide": {"id": "x"}}]}
    fr, de = keys(stopping)
    assert fr == de
    fr, de = keys(stopping, third)
    assert fr != de


def test_an_arm_counts_as_exposed_whatever_shows_of_it() -> None:
    arms = [{"id": "only", "weight": 1, "then": [BEATEN]}]
    experiment = {"id": "e", "slot": "s", "when": {"geo.country": "FR"}, "arms": arms}
    ruleset = rules.load({"version": 1, "slots": [{"id": "s"}], "rules": [FIRST], "experiments": [experiment]})
    content = ruleset.prepare([])
    facts = ruleset.facts({"geo.country": "FR", "visitor.id": "v"}, now=NOW)
    plan = ruleset.plan("s", facts, content)
    again = ruleset.plan_written("s", ruleset.outcome_text(plan, content), content, now=facts.moment)
    for one in (plan, again):
        decision = ruleset.settle(one, scores={}, exposures={})
        assert (decision.exposed, decision.presentation) == (("e",), {"tone": "warm"})


def test_the_explanation_still_names_the_rule() -> None:
    ruleset = rules.load({"version": 1, "slots": [{"id": "s"}], "rules": [FIRST, {**SECOND, "then": [BEATEN]}]})
    trace = ruleset.decide("s", {"geo.country": "FR"}, [{"id": "x"}], now=NOW, explain=True).trace
    assert trace is not None
    assert "second" in str(trace)
