"""Which slots an edge cannot decide, and why."""

from __future__ import annotations

import pytest

import rules
from rules.portable import beyond_the_edge


def slot_with(when: dict[str, object], then: list[dict[str, object]] | None = None) -> rules.Ruleset:
    return rules.load(
        {
            "segments": [{"id": "spring", "when": {"request.path": {"matches": "^/spring"}}}],
            "slots": [{"id": "s"}, {"id": "t"}],
            "rules": [{"id": "r", "slot": "s", "when": when, "then": then or []}],
        }
    )


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        ({"request.path": {"matches": "^/a"}}, "the rule 'r' has an expression ('matches')"),
        ({"geo.city": {"eq": "Orléans", "any_case": True}}, "the rule 'r' compares letters beyond ASCII in any case"),
        ({"geo.city": [f"c{number}" for number in range(10_001)]}, "the rule 'r' has a list of more than 10000"),
        ({"not": {"segment": "spring"}}, "the segment 'spring' has an expression ('matches')"),
    ],
)
def test_a_slot_says_what_only_the_origin_can_decide(when: dict[str, object], reason: str) -> None:
    """In rules, and in the segments that they name."""
    ruleset = slot_with(when)
    assert beyond_the_edge(ruleset, "s") == [reason]
    assert beyond_the_edge(ruleset, "t") == []


def test_selectors_count_too() -> None:
    """What an effect takes is decided with the rest."""
    ruleset = slot_with({}, [{"hide": {"content.title": {"matches": "x"}}}])
    assert beyond_the_edge(ruleset, "s") == ["the rule 'r' has an expression ('matches')"]


def test_the_portable_subset_says_nothing() -> None:
    """Equality, ASCII in any case, and short lists are evaluated alike everywhere."""
    ruleset = slot_with({"geo.city": {"eq": "Paris", "any_case": True}, "geo.country": ["FR", "DE"]})
    assert beyond_the_edge(ruleset, "s") == []
