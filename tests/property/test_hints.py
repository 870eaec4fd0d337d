"""Hints asked for alone are those of the whole decision, and the rule or arm that each comes from is told."""

from __future__ import annotations

from hypothesis import given, note

import rules
from tests.strategies import World, worlds
from tests.strategies.profiles import searched


@searched(200)
@given(worlds())
def test_hints_alone_are_those_of_the_decision(world: World) -> None:
    note(world)
    ruleset = rules.load(world.document)
    for slot in world.slots:
        for person in world.people:
            found = ruleset.hints(slot, person.attributes, segments=person.segments, now=world.now)
            decision = ruleset.decide(
                slot, person.attributes, world.content, segments=person.segments, now=world.now, explain=True
            )
            assert {name: hint.value for name, hint in found.items()} == decision.presentation
            givers = {hint.rule for hint in found.values() if hint.rule is not None}
            assert givers <= set(decision.rules)
            assert {(hint.experiment, hint.arm) for hint in found.values() if hint.rule is None} <= set(
                decision.arms.items()
            )
