"""The conformance file is ours, and both evaluators give what it expects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rules.operators import FOR_TYPES
from tests.compiled.conformance import FILE, made
from tests.compiled.edge import Edge
from tests.compiled.schema import refusals

STORED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
_WORDS = ("matches", "members", "v-1", "description")


def test_the_file_says_what_ours_says() -> None:
    """Its cases stay: where this fails, keys or meanings have changed, and that wants a new version of the format."""
    assert json.loads(json.dumps(made())) == STORED


@pytest.mark.parametrize("part", STORED["rulesets"], ids=lambda part: part["name"])
def test_the_evaluator_in_javascript_gives_what_is_expected(javascript: Edge, part: dict[str, Any]) -> None:
    assert refusals(part["export"]) == []
    assert javascript.take(part["export"])
    assert part["visits"]
    for case in part["visits"]:
        assert javascript.decide(case["slot"], case["visit"]) == case["expected"], case


@pytest.mark.parametrize("other", [{"version": 2}, {"keys": "1"}, {"buckets": "murmur3-32-v2"}], ids=str)
def test_another_algorithm_is_not_taken_for_the_one_that_is_known(javascript: Edge, other: dict[str, Any]) -> None:
    assert not javascript.take(STORED["rulesets"][0]["export"] | other)


def test_the_buckets_are_the_golden_ones(javascript: Edge) -> None:
    for case in STORED["buckets"]:
        assert javascript.bucket(case["salt"], case["id"]) == case["bucket"], case


def test_every_test_of_the_format_is_met() -> None:
    """Each with a visitor for whom it holds, and one for whom it does not."""
    held: dict[str, set[bool]] = {}
    for part in STORED["rulesets"]:
        for case in part["visits"]:
            slot = next(one for one in part["export"]["slots"] if one["id"] == case["slot"])
            for rule in slot["rules"]:
                if "test" in rule["when"]:
                    held.setdefault(rule["when"]["test"], set()).add(rule["id"] in case["expected"]["rules"])

    assert held.keys() >= set(FOR_TYPES) - {"matches"}
    assert [name for name, seen in held.items() if seen != {True, False}] == []


def test_no_visitor_is_named_and_no_rule_left_to_the_origin_is_told() -> None:
    for part in STORED["rulesets"]:
        text = json.dumps(part["export"])
        assert not [word for word in _WORDS if f'"{word}"' in text]
