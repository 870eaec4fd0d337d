"""The engine's conditions and the naive oracle's are the same, over random conditions and visitors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

import rules
from tests import oracle
from tests.strategies import Person, conditions, people, several_conditions
from tests.strategies.profiles import searched
from tests.strategies.vocabulary import ATTRIBUTES, SEGMENTS, TURNS

INSTANTS = [now for clocks, _ in TURNS for now in clocks]


def document_of(tried: list[dict[str, Any]], zone: str) -> dict[str, Any]:
    """A document whose every rule shows by a hint that its condition is true."""
    return {
        "version": 1,
        "timezone": zone,
        "attributes": ATTRIBUTES,
        "segments": [{"id": name, "computed": True} for name in SEGMENTS],
        "slots": [{"id": "s"}],
        "rules": [
            {"id": f"r{place}", "slot": "s", "when": one, "then": [{"set": {f"presentation.r{place}": True}}]}
            for place, one in enumerate(tried)
        ],
    }


@searched(250)
@given(
    several_conditions(SEGMENTS, 8),
    people(5),
    st.sampled_from(INSTANTS),
    st.sampled_from(["Europe/Paris", "America/New_York"]),
)
def test_every_rule_holds_where_its_condition_does(
    tried: list[dict[str, Any]], crowd: list[Person], now: datetime, zone: str
) -> None:
    """Eight conditions compiled together, five visitors: they share what the compiler shares."""
    document = document_of(tried, zone)
    ruleset = rules.load(document)
    for person in crowd:
        told = person.attributes, person.segments, now
        wanted = {
            f"r{place}" for place, condition in enumerate(tried) if oracle.matches(condition, *told, document=document)
        }
        note(person)
        got = ruleset.decide("s", person.attributes, [], segments=person.segments, now=now)
        assert set(got.presentation) == wanted


@searched(250)
@given(conditions(SEGMENTS), people(5), st.sampled_from(INSTANTS))
def test_one_condition_alone_is_read_the_same(condition: dict[str, Any], crowd: list[Person], now: datetime) -> None:
    """`rules.matches` with the catalogue of the document, which is in UTC."""
    document = document_of([condition], "UTC")
    for person in crowd:
        note(person)
        wanted = oracle.matches(condition, person.attributes, person.segments, now, document=document)
        got = rules.matches(condition, person.attributes, person.segments, now, catalogue=ATTRIBUTES)
        assert got == wanted


@searched(250)
@given(conditions(["vip"], plain=True), people(5))
def test_without_a_catalogue_values_tell_their_own_type(condition: dict[str, Any], crowd: list[Person]) -> None:
    """And the segments given are the segments held."""
    for person in crowd:
        note(person)
        wanted = oracle.matches(condition, person.attributes, person.segments)
        assert rules.matches(condition, person.attributes, person.segments) == wanted
