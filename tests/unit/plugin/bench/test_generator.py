"""The generator: the same for the same seed, and of the shapes that it promises."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import rules
from plugin.bench.generator import GENERATOR_VERSION, make, moments, visitors
from plugin.bench.shapes import SHAPES

DIGESTS = {
    ("equalities", 1): "9861d208f12eab2a",
    ("ranges", 1): "51cccc710d183975",
    ("half", 1): "ee99b62e1a9e47a5",
}
"""Of the worlds of 50 rules and of 20 visitors: whoever changes what is made raises GENERATOR_VERSION."""
_RANGES = {"gte", "lte", "between", "contains", "contains_any", "ne", "not_in"}


def digest(shape: str) -> str:
    world = make(shape, rules=50, slots=2)
    made = [world.document, world.content, visitors(20)]
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:16]


def leaves(condition: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """Attribute, tests, and whether the leaf is negated."""
    for key, value in condition.items():
        if key in ("all", "any"):
            for item in value:
                yield from leaves(item)
        elif key == "not":
            yield from ((name, tests, True) for name, tests, _negated in leaves(value))
        else:
            yield key, value, False


def conditions(shape: str, count: int = 1_000) -> list[Mapping[str, Any]]:
    document: Any = make(shape, rules=count).document
    return [rule["when"] for rule in document["rules"]]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_version_makes_the_same_on_every_machine(shape: str) -> None:
    assert digest(shape) == DIGESTS[shape, GENERATOR_VERSION]


def test_other_seeds_make_other_rules_and_visitors() -> None:
    assert make("equalities", rules=20).document != make("equalities", rules=20, seed=2).document
    assert visitors(5) != visitors(5, seed=2)


@pytest.mark.parametrize("shape", SHAPES)
def test_rules_have_one_to_five_tests_and_three_in_ten_ask_for_the_country(shape: str) -> None:
    found = conditions(shape)
    counts = [len(list(leaves(one))) for one in found]
    assert set(counts) == {1, 2, 3, 4, 5}
    with_country = sum(any(name == "geo.country" for name, _tests, _negated in leaves(one)) for one in found)
    assert 0.26 <= with_country / len(found) <= 0.34


def test_the_second_shape_has_ranges_contains_and_negations_only() -> None:
    for condition in conditions("ranges"):
        for _name, tests, negated in leaves(condition):
            assert negated or (isinstance(tests, dict) and set(tests) <= _RANGES), condition


@pytest.mark.parametrize(
    ("shape", "low", "high"), [("equalities", 0.015, 0.025), ("ranges", 0.15, 0.3), ("half", 0.45, 0.55)]
)
def test_as_many_rules_hold_as_the_shape_promises(shape: str, low: float, high: float) -> None:
    ruleset = rules.load(make(shape, rules=1_000).document)
    compiled = ruleset.compiled("slot-0")
    people = visitors(150)
    held = sum(
        len(compiled.holding(ruleset.facts(one, now=now))) for one, now in zip(people, moments(150), strict=True)
    )
    assert low <= held / 1_000 / 150 <= high


@pytest.mark.parametrize("shape", SHAPES)
def test_every_attribute_is_used_by_many_values(shape: str) -> None:
    """About twenty attributes, none of which every visitor has alike."""
    people = visitors(200)
    names = {name for condition in conditions(shape) for name, _tests, _negated in leaves(condition)} - {"segment"}
    assert 14 <= len(names) <= 30
    for name in names:
        assert len({json.dumps(one.get(name)) for one in people}) > 1, name


def test_slots_have_ten_candidates_each_and_rules_of_their_own() -> None:
    world = make("equalities", rules=90, slots=3)
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    for slot in world.slots:
        assert len(content.pool(slot).entries) == 10
        assert len(ruleset.compiled(slot).rules) == 30


def test_each_visitor_differs_from_the_one_before() -> None:
    people = visitors(100)
    assert all(one != other for one, other in itertools.pairwise(people))
