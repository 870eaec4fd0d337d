"""A visitor's class stands for the visitor: with it every decision is the same, and no id is in it."""

from __future__ import annotations

from hypothesis import given, note

import rules
from rules.conditions import InSegment, Percent, Ref, walk
from rules.footprint.inputs import carrier_of
from rules.visitor_class import Classes
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

VISITORS = 6


def reads_ids(ruleset: rules.Ruleset) -> bool:
    """Whether some condition or selector asks for the id itself, as no class says it."""
    document = ruleset.document
    parts = (document.rules, document.experiments, document.segments)
    conditions = [one.when for part in parts for one in part]  # type: ignore[attr-defined]
    leaves = [leaf for when in conditions for leaf in walk(when) if not isinstance(leaf, InSegment)]
    refs = {name for slot in ruleset.slots for name in ruleset.compiled(slot).reads}
    refs.update(name for slot in document.slots for name in (*slot.select_refs, *slot.default_refs))
    tested = {leaf.attribute for leaf in leaves if not isinstance(leaf.operand, Percent)}
    tested.update(leaf.operand.name for leaf in leaves if isinstance(leaf.operand, Ref))
    return "visitor.id" in refs | tested


@searched(250)
@given(worlds(VISITORS))
def test_the_class_decides_as_the_visitor_does(world: World) -> None:
    """With what an edge and others know beside it: everything but the visitor."""
    note(world)
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    classes = Classes(ruleset, content, ruleset.slots)
    kinds = {one.id: one.kind for one in ruleset.document.segments}
    for person in world.people:
        segments = [name for name in person.segments if kinds.get(name) != "when"]
        own = ruleset.facts(person.attributes, segments=segments, now=world.now)
        made = classes.of(own)
        text = classes.write(made)
        again = classes.read(text)
        assert classes.write(again) == text
        for value in (person.attributes.get("visitor.id"), person.attributes.get("profile.email")):
            assert value is None or f'"{value}"' not in text or reads_ids(ruleset)
        public = {name: one for name, one in person.attributes.items() if carrier_of(name) != "class"}
        public.pop("visitor.id", None)
        facts = ruleset.facts({**public, **again.attributes}, segments=again.segments, now=world.now)
        facts.buckets = again.buckets
        for slot in ruleset.slots:
            if reads_ids(ruleset):
                continue
            plans = [ruleset.plan(slot, one, content) for one in (own, facts)]
            mine, theirs = (ruleset.settle(one, scores=world.scores, exposures={}) for one in plans)
            note((slot, person, text))
            assert mine == theirs
            assert classes.of(facts) == made, "a class of a class is itself"
