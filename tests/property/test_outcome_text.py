"""A decision made from the text of an outcome alone is the visitor's own, and there are as many texts as keys."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import rules
from rules.horizon import outcome_until
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


@searched(250)
@given(worlds(VISITORS), st.timedeltas(timedelta(0), timedelta(days=3)))
def test_nobodys_text_changes_before_the_rules_can_flip(world: World, passed: timedelta) -> None:
    """So a key may stand for the visitor until then, and what is decided by it is what they would be shown."""
    note((world, passed))
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    for slot in world.slots:
        for person in world.people:
            before = ruleset.facts(person.attributes, segments=person.segments, now=world.now)
            end = outcome_until(ruleset.compiled(slot), before.moment)
            if end <= before.moment:  # it can at any
                continue
            later = min(before.moment + passed, end - timedelta(microseconds=1))
            after = ruleset.facts(person.attributes, segments=person.segments, now=later)
            plans = [ruleset.plan(slot, facts, content) for facts in (before, after)]
            text, same = (ruleset.outcome_text(plan, content) for plan in plans)
            note((slot, person, later, text))
            assert text == same
            by_key = ruleset.plan_written(slot, text, content, now=later)
            mine, theirs = (
                ruleset.settle(one, scores=world.scores, exposures=world.exposures) for one in (plans[1], by_key)
            )
            assert mine == theirs


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
