"""Whatever the analysis says is so: its witnesses show it, and nobody contradicts it."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given, note
from hypothesis import strategies as st

import rules
from rules import Ruleset
from rules.analysis.findings import Finding
from rules.rules import Rule
from tests.strategies import World, worlds
from tests.strategies.choices import Choices, made_from
from tests.strategies.conditions import condition
from tests.strategies.profiles import searched
from tests.strategies.rules import effect
from tests.strategies.schedules import schedule
from tests.strategies.vocabulary import TURNS

CROWD, CONDITION_BYTES, ITEM_BYTES = 8, 48, 96


def crowd_into(world: World, pick: Choices) -> World:
    """The world with more rules, which are alike and in each other's way."""
    _clocks, turn = pick.one(TURNS)
    held = [segment["id"] for segment in world.document["segments"]]
    wanted = [condition(pick.part(CONDITION_BYTES), held) for _ in range(3)]
    for number in range(CROWD):
        item = pick.part(ITEM_BYTES)
        one, other = item.one(wanted), item.one(wanted)
        world.document["rules"].append(
            {
                "id": f"x{number}",
                "slot": item.one([*world.slots, "*"]),
                "when": item.one([one, {"all": [one, other]}, {"any": [one, other]}, {"all": [one, {"not": other}]}]),
                "priority": item.one([0, 1, 2]),
                "then": item.several(effect, 1, 2, 32),
                **(schedule(item, turn) if item.percent(30) else {}),
            }
        )
    return world


def crowded() -> st.SearchStrategy[World]:
    """Worlds whose rules are many."""
    more = made_from(8 + 3 * CONDITION_BYTES + CROWD * ITEM_BYTES, lambda pick: pick)
    return st.builds(crowd_into, worlds(visitors=6), more)


def rule_of(ruleset: Ruleset, name: str) -> Rule:
    """By its id."""
    return next(rule for rule in ruleset.document.rules if rule.id == name)


def places(ruleset: Ruleset, finding: Finding) -> list[str]:
    """The slots a finding is about."""
    if finding.slot is not None:
        return [finding.slot]
    first = rule_of(ruleset, finding.rules[0])
    return [slot for slot in ruleset.slots if first.slots is None or slot in first.slots]


def holding(ruleset: Ruleset, slot: str, witness: Any) -> set[str]:
    """The rules that hold for an invented visitor."""
    facts = ruleset.facts(witness["attributes"], segments=witness["segments"], now=witness["now"])
    return {rule.id for rule in ruleset.compiled(slot).holding(facts)}


@given(world=crowded())
@searched(150)
def test_every_witness_shows_what_the_finding_says(world: World) -> None:
    """All the rules that a finding names hold for its visitor; of two that contradict each other, none is stopped."""
    ruleset = rules.load(world.document)
    for finding in ruleset.analyse():
        note(finding)
        event(finding.kind)
        assert finding.message.endswith(".")
        if finding.kind == "unreachable":
            assert finding.witness is None
            continue
        assert finding.witness is not None
        slots = places(ruleset, finding)
        beaten, *others = finding.rules
        held = [holding(ruleset, slot, finding.witness) for slot in slots]
        assert all(beaten in one for one in held)
        assert all(any(other in one for one in held) for other in others)
        if finding.kind == "contradiction":
            facts = ruleset.facts(
                finding.witness["attributes"], segments=finding.witness["segments"], now=finding.witness["now"]
            )
            applied = {actor.rule for actor in ruleset.compiled(slots[0]).outcome(facts).actors}
            assert set(finding.rules) <= applied


def unclaimed(ruleset: Ruleset, segments: tuple[str, ...]) -> list[str]:
    """What a caller may say without contradicting the segments' conditions."""
    conditional = {segment.id for segment in ruleset.document.segments if segment.kind == "when"}
    return [name for name in segments if name not in conditional]


@given(world=crowded())
@searched(150)
def test_what_can_never_hold_holds_for_nobody(world: World) -> None:
    """Visitors of the same vocabulary as the rules."""
    ruleset = rules.load(world.document)
    for finding in ruleset.analyse():
        if finding.kind != "unreachable":
            continue
        note(finding)
        for person in world.people:
            facts = ruleset.facts(person.attributes, segments=unclaimed(ruleset, person.segments), now=world.now)
            for slot in places(ruleset, finding):
                assert finding.rules[0] not in {rule.id for rule in ruleset.compiled(slot).holding(facts)}


@given(world=crowded())
@searched(150)
def test_without_a_shadowed_rule_every_decision_is_the_same(world: World) -> None:
    """The rule is taken out, and nobody sees a difference."""
    ruleset = rules.load(world.document)
    for finding in ruleset.analyse():
        if finding.kind != "shadowed":
            continue
        note(finding)
        event("shadowed")
        left = [rule for rule in world.document["rules"] if rule["id"] != finding.rules[0]]
        without = rules.load({**world.document, "rules": left})
        for person in world.people:
            given_segments = unclaimed(ruleset, person.segments)
            for slot in places(ruleset, finding):
                shown = [
                    one.decide(
                        slot,
                        person.attributes,
                        world.content,
                        segments=given_segments,
                        now=world.now,
                        scores=world.scores,
                        exposures=world.exposures,
                        limit=world.limit,
                        exclude=world.exclude,
                    )
                    for one in (ruleset, without)
                ]
                first, second = ([(block.id, block.position, block.score) for block in one.blocks] for one in shown)
                assert first == second
                assert shown[0].presentation == shown[1].presentation
                assert shown[0].fallback == shown[1].fallback
