"""The engine's decisions and the naive oracle's are the same, over random documents, content and visitors."""

from __future__ import annotations

from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

import rules
from tests import oracle
from tests.oracle.decision import Answer, Reason
from tests.strategies import Person, World, worlds
from tests.strategies.profiles import searched


def told(world: World, person: Person) -> dict[str, Any]:
    """What both are told of a decision besides the slot, the attributes and the content."""
    return {
        "segments": person.segments,
        "now": world.now,
        "scores": world.scores,
        "exposures": world.exposures,
        "limit": world.limit,
        "exclude": world.exclude,
    }


def expected(world: World, slot: str, person: Person) -> Answer:
    """The oracle's answer."""
    return oracle.decide(world.document, slot, person.attributes, world.content, **told(world, person))


def check_reason(block: rules.Block, wanted: Reason, boosts: list[Reason]) -> None:
    """Pins and defaults are fixed; a block placed by its score names one of its boosts, if it has any."""
    why = block.reason
    named = Reason(why.kind, why.rule, why.experiment, why.arm)
    if wanted.kind != "score":
        assert named == wanted
    elif not boosts:
        assert named == Reason("score")
    else:
        # The page leaves open whether an arm's boost makes the kind `score` or `experiment`.
        assert why.kind == "score" or (why.kind == "experiment" and why.arm is not None)
        made_by = {(boost.rule, boost.experiment, boost.arm) for boost in boosts}
        assert (why.rule, why.experiment, why.arm) in made_by


@searched(700)
@given(worlds())
def test_every_decision_is_the_oracles(world: World) -> None:
    """Blocks in order, each the right variant with its score and reason; hints; fallback; arms; segments."""
    note(world)
    ruleset = rules.load(world.document)
    for person in world.people:
        for slot in world.slots:
            note((slot, person))
            wanted = expected(world, slot, person)
            got = ruleset.decide(slot, person.attributes, world.content, **told(world, person))
            assert [block.entry for block in got.blocks] == wanted.entries
            assert dict(got.presentation) == wanted.presentation
            assert got.fallback == wanted.fallback
            assert [block.position for block in got.blocks] == list(range(1, len(wanted.ids) + 1))
            for place, block in enumerate(got.blocks):
                boosts = [] if wanted.fallback else wanted.boosts[place]
                check_reason(block, wanted.reasons[place], boosts)
            if not wanted.fallback:
                assert [block.score for block in got.blocks] == wanted.scores
            assert dict(got.arms) == wanted.arms
            assert set(got.exposed) == wanted.exposed
            assert set(got.segments) == wanted.segments


@searched(80)
@given(worlds(visitors=2), st.randoms(use_true_random=False))
def test_the_order_of_content_and_of_the_document_never_matters(world: World, random: Any) -> None:
    """Neither that of the entries nor that of rules and experiments in their lists."""
    note(world)
    content = random.sample(world.content, len(world.content))
    document = dict(world.document)
    for kind in ("rules", "experiments", "segments", "slots"):
        document[kind] = random.sample(document[kind], len(document[kind]))
    shuffled, straight = rules.load(document), rules.load(world.document)
    for person in world.people:
        for slot in world.slots:
            a = straight.decide(slot, person.attributes, world.content, **told(world, person))
            b = shuffled.decide(slot, person.attributes, content, **told(world, person))
            assert a == b


@searched(80)
@given(worlds(visitors=2))
def test_the_explanation_is_the_decisions(world: World) -> None:
    """Explaining changes nothing; and what the trace says of rules, arms and candidates is what the oracle finds."""
    note(world)
    ruleset = rules.load(world.document)
    for person in world.people:
        for slot in world.slots:
            note((slot, person))
            plain = ruleset.decide(slot, person.attributes, world.content, **told(world, person))
            explained = ruleset.decide(slot, person.attributes, world.content, **told(world, person), explain=True)
            assert (plain.blocks, plain.presentation, plain.fallback, plain.audience_key) == (
                explained.blocks,
                explained.presentation,
                explained.fallback,
                explained.audience_key,
            )
            wanted = expected(world, slot, person)
            trace: Any = explained.trace
            applied = {rule["id"] for rule in trace["rules"] if rule["status"] == "applied"}
            assert applied == set(wanted.rules)
            assert {one["id"]: one["arm"] for one in trace["experiments"] if one["arm"]} == wanted.arms
            kept = [one for one in trace["candidates"] if one["kept"]]
            kept.sort(key=lambda one: one["position"])
            assert [one["id"] for one in kept] == wanted.ids
            assert sorted(trace["segments"]) == sorted(wanted.segments)
