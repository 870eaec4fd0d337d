"""Selectors as surrogate keys; that they cover what is selected is a property, tested over random documents."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.edge.answers import surrogates_of
from rules import load

ANY = ("content",)


def covered(**slot: Any) -> tuple[str, ...]:
    attributes = {"profile.interests": {"type": "string_list"}}
    found = load({"attributes": attributes, "slots": [{"id": "s", **slot}]}).document.slots[0]
    name, *keys = surrogates_of(found)
    assert name == "slot:s"
    return tuple(keys)


@pytest.mark.parametrize(
    ("select", "keys"),
    [
        ({}, ANY),
        ({"content.type": "hero"}, ("type:hero",)),
        ({"content.type": ["a b", "b"]}, ("type:a%20b", "type:b")),
        ({"content.type": {"eq": "hero", "any_case": True}}, ANY),
        ({"content.type": {"ne": "hero"}}, ANY),
        ({"content.type": {"starts_with": "he"}}, ANY),
        ({"content.tags": "x"}, ("tag:x",)),
        ({"content.tags": ["x", "y"]}, ("tag:x", "tag:y")),
        ({"content.tags": {"contains_all": ["y", "x"]}}, ("tag:x",)),
        ({"content.tags": {"contains": "x", "any_case": True}}, ANY),
        ({"content.tags": {"contains_any": {"ref": "profile.interests"}}}, ANY),
        ({"id": ["a", "b"]}, ("id:a", "id:b")),
        ({"content.price": {"gt": 3}}, ANY),
        ({"content.price": {"gt": 3}, "content.type": "a"}, ("type:a",)),
        ({"content.type": "a", "content.tags": ["x", "y"]}, ("tag:x", "tag:y")),
        ({"all": [{"content.tags": "x"}, {"id": ["a", "b"]}]}, ("id:a", "id:b")),
        ({"any": [{"content.tags": "x"}, {"content.type": "a"}]}, ("tag:x", "type:a")),
        ({"any": [{"content.tags": "x"}, {"content.price": 3}]}, ANY),
        ({"any": []}, ()),
        ({"not": {"content.type": "a"}}, ANY),
        ({"all": [{"not": {"content.type": "a"}}, {"content.type": "b"}]}, ("type:b",)),
        ({"id": [f"e{number}" for number in range(31)]}, ANY),
    ],
)
def test_a_selector_looks_at(select: dict[str, Any], keys: tuple[str, ...]) -> None:
    assert covered(select=select) == keys


def test_a_default_counts_too() -> None:
    assert covered(select={"content.type": "a"}, default={"id": "welcome"}) == ("id:welcome", "type:a")
    assert covered(select={"content.type": "a"}, default={}) == ANY


def test_what_rules_do_adds_nothing() -> None:
    """They choose among what the slot selects."""
    document = {
        "slots": [{"id": "s", "select": {"content.type": "a"}}],
        "rules": [{"id": "r", "slot": "s", "then": [{"pin": {"id": "elsewhere"}}]}],
    }
    ruleset = load(document)
    content = ruleset.prepare([{"id": "elsewhere", "type": "b"}, {"id": "mine", "type": "a"}])
    decision = ruleset.decide("s", {}, content, now="2026-11-22T12:00:00Z")
    assert [one.id for one in decision.blocks] == ["mine"]
    assert surrogates_of(ruleset.document.slots[0]) == ("slot:s", "type:a")
