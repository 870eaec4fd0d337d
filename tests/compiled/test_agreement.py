"""The evaluator that knows the specification alone gives what ours gives, for random documents and visitors."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import assume, given, note

import rules
from rules.export import export
from rules.facts import PERSON, UNIT
from tests.compiled.cases import expected
from tests.compiled.edge import Edge
from tests.compiled.schema import refusals
from tests.strategies import Person, World, worlds
from tests.strategies.profiles import searched


@searched(150)
@given(worlds(6))
def test_the_evaluator_gives_what_ours_gives(javascript: Edge, world: World) -> None:
    """Rules, arms, hints, and the audience key, of every slot that an edge may decide; with content and without."""
    note(world)
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    people = [*world.people, *(_known_by_a_hash(one) for one in world.people[:2])]
    for entries in (None, content):
        exported = json.loads(json.dumps(export(ruleset, content=entries)))
        assert refusals(exported) == []
        slots = [one["id"] for one in exported["slots"] if one["decided"] == "edge"]
        assume(slots)
        javascript.take(exported)
        for slot in slots:
            for person in people:
                facts = ruleset.facts(person.attributes, segments=person.segments, now=world.now)
                visit = visit_of(person, facts, exported)
                note((slot, visit))
                wanted = expected(ruleset, slot, facts, entries)
                assert javascript.decide(slot, visit) == wanted
                if entries is None:
                    key = ruleset.audience_key(slot, person.attributes, segments=person.segments, now=world.now)
                    assert wanted["key"] == key


def visit_of(person: Person, facts: rules.Facts, exported: dict[str, Any]) -> dict[str, Any]:
    """The visit of a person, with those given segments that only the origin knows them to be in."""
    hidden = {one["id"] for one in exported["segments"] if one.get("given")}
    units = {"device": person.attributes.get(UNIT), "person": person.attributes.get(PERSON)}
    return {
        "attributes": {name: value for name, value in person.attributes.items() if not name.startswith("@")},
        "segments": sorted({*person.segments, *(facts.held & hidden)}),
        "now": facts.moment.isoformat(),
        **{name: value for name, value in units.items() if value is not None},
    }


def _known_by_a_hash(person: Person) -> Person:
    return replace(person, attributes={**person.attributes, UNIT: "u-1", PERSON: "p-1"})
