"""The engine's decisions and the naive oracle's are the same, over random documents, content and visitors."""

from __future__ import annotations

from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

import rules
from tests import oracle
from tests.oracle.decision import Answer
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


def seen(block: Any) -> tuple[str, str, str | None, str | None, str | None]:
    """What the page fixes of a block: its id and why it is there."""
    why = block.reason
    if why.kind == "score":
        return block.id, why.kind, None, None, None
    return block.id, why.kind, why.rule, why.experiment, why.arm


@searched(400)
@given(worlds())
def test_every_decision_is_the_oracles(world: World) -> None:
    """Blocks in order, each with its reason; hints; fallback."""
    ruleset = rules.load(world.document)
    for person in world.people:
        for slot in world.slots:
            note(f"{slot} {person}")
            wanted = expected(world, slot, person)
            got = ruleset.decide(slot, person.attributes, world.content, **told(world, person))
            reasons = [(why.kind, why.rule, why.experiment, why.arm) for why in wanted.reasons]
            assert [seen(block) for block in got.blocks] == [
                (name, *why) for name, why in zip(wanted.ids, reasons, strict=True)
            ]
            assert dict(got.presentation) == wanted.presentation
            assert got.fallback == wanted.fallback


@searched(100)
@given(worlds(visitors=2), st.randoms(use_true_random=False))
def test_the_order_of_content_and_of_the_document_never_matters(world: World, random: Any) -> None:
    """Neither that of the entries nor that of rules and experiments in their lists."""
    content = random.sample(world.content, len(world.content))
    document = dict(world.document)
    for kind in ("rules", "experiments", "segments", "slots"):
        document[kind] = random.sample(document[kind], len(document[kind]))
    shuffled, straight = rules.load(document), rules.load(world.document)
    for person in world.people:
        for slot in world.slots:
            a = straight.decide(slot, person.attributes, world.content, **told(world, person))
            b = shuffled.decide(slot, person.attributes, content, **told(world, person))
            assert [(block.id, block.reason) for block in a.blocks] == [
                (block.id, block.reason) for block in b.blocks
            ]
            assert (a.presentation, a.fallback) == (b.presentation, b.fallback)


@searched(60)
@given(worlds(visitors=2))
def test_explaining_changes_nothing(world: World) -> None:
    """The decision with a trace is the decision without one."""
    ruleset = rules.load(world.document)
    for person in world.people:
        for slot in world.slots:
            plain = ruleset.decide(slot, person.attributes, world.content, **told(world, person))
            explained = ruleset.decide(
                slot, person.attributes, world.content, **told(world, person), explain=True
            )
            assert [seen(block) for block in plain.blocks] == [seen(block) for block in explained.blocks]
            assert (plain.presentation, plain.fallback) == (explained.presentation, explained.fallback)
