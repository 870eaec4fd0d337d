"""The audience key is a key of the canonical outcome: equal for equal ones, different for different ones."""

from __future__ import annotations

from typing import Any

from hypothesis import given, note

import rules
from tests import oracle
from tests.oracle.candidates import audiences
from tests.oracle.decision import Answer
from tests.strategies import Person, World, worlds
from tests.strategies.profiles import searched

VISITORS = 8


def tagged(world: World) -> list[str]:
    """The segments that the content's audience tags name."""
    return sorted(set().union(*(audiences(entry) for entry in world.content)))


def key(ruleset: Any, world: World, slot: str, person: Person, named: list[str] | None) -> str:
    """The engine's key."""
    made: str = ruleset.audience_key(slot, person.attributes, segments=person.segments, now=world.now, audiences=named)
    return made


def answer(world: World, slot: str, person: Person, named: list[str] | None) -> Answer:
    """The oracle's answer."""
    return oracle.decide(
        world.document,
        slot,
        person.attributes,
        world.content,
        segments=person.segments,
        now=world.now,
        scores=world.scores,
        exposures=world.exposures,
        audiences=named,
    )


def decision(found: Answer) -> tuple[Any, ...]:
    """What a visitor sees of an answer: the entries themselves, for a locale changes them under one id."""
    return found.entries, found.reasons, found.presentation, found.fallback


@searched(250)
@given(worlds(VISITORS, foreign_locales=False))
def test_equal_keys_give_equal_decisions(world: World) -> None:
    """For the same content, clock, scores and exposures."""
    note(world)
    ruleset = rules.load(world.document)
    for slot in world.slots:
        first: dict[str, tuple[Person, tuple[Any, ...]]] = {}
        for person in world.people:
            mine = decision(answer(world, slot, person, None))
            other, theirs = first.setdefault(key(ruleset, world, slot, person, tagged(world)), (person, mine))
            note((slot, other, person))
            assert mine == theirs


@searched(250)
@given(worlds(VISITORS, foreign_locales=False))
def test_there_are_as_many_keys_as_canonical_outcomes(world: World) -> None:
    """With the segments that the content's tags name, and with all of them."""
    note(world)
    ruleset = rules.load(world.document)
    for slot in world.slots:
        for named in (tagged(world), None):
            pairs = {
                (key(ruleset, world, slot, person, named), answer(world, slot, person, named).effects)
                for person in world.people
            }
            note((slot, named, pairs))
            assert len({made for made, _ in pairs}) == len(pairs) == len({effects for _, effects in pairs})
