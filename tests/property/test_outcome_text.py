"""A decision made from the text of an outcome alone is the visitor's own, and there are as many texts as keys."""

from __future__ import annotations

import pytest
from hypothesis import given, note

import rules
from rules.outcome_text import BadOutcomeError
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

VISITORS = 6


@searched(250)
@given(worlds(VISITORS))
def test_the_text_gives_the_visitors_own_decision(world: World) -> None:
    """And equal audience keys have equal texts, different ones different texts."""
    note(world)
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    for slot in world.slots:
        pairs = set()
        for person in world.people:
            facts = ruleset.facts(person.attributes, segments=person.segments, now=world.now)
            plan = ruleset.plan(slot, facts, content)
            text = ruleset.outcome_text(plan, content)
            again = ruleset.plan_written(slot, text, content, now=facts.moment)
            mine, theirs = (
                ruleset.settle(one, scores=world.scores, exposures=world.exposures) for one in (plan, again)
            )
            note((slot, person, text))
            assert mine == theirs
            assert ruleset.outcome_text(again, content) == text
            pairs.add((text, mine.audience_key))
        assert len({text for text, _key in pairs}) == len(pairs) == len({key for _text, key in pairs})


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[[0]]", "[[-1]]", "[[true]]", '[["a"]]', "[[],[7]]", "[1]", "[[],[],[],[],[],[]]", "[" * 5000],
)
def test_what_is_no_outcome_of_the_slot_is_refused(text: str) -> None:
    ruleset = rules.load({"version": 1, "slots": [{"id": "s"}]})
    content = ruleset.prepare([])
    now = ruleset.facts({}, now="2026-11-22T12:00:00Z").moment
    with pytest.raises(BadOutcomeError):
        ruleset.plan_written("s", text, content, now=now)
