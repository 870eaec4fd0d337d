"""Two documents with one number for a slot come to the same there, whatever they say of other slots."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import rules
from rules.slot_versions import slot_versions
from tests.edge import worlds
from tests.edge.people import CAMPAIGNS, CONTINENTS, LOCALES
from tests.strategies.profiles import searched

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ENTRIES = [
    {"id": name, "type": "card", "tags": [worlds.pool_of(slot), worlds.TAGS[number % 4]], "region": "FR"}
    for slot in worlds.SLOTS
    for number, name in enumerate(worlds.ENTRIES)
]


def document(seed: int) -> dict[str, Any]:
    return worlds.document(Random(seed), seed, NOW, 60.0)


def with_other_slots_of(mine: dict[str, Any], others: dict[str, Any], slot: str) -> dict[str, Any]:
    """A document that says the same of one slot, of the others something else, and names itself otherwise."""
    found = copy.deepcopy(mine)
    strange = [{**rule, "id": f"other-{rule['id']}"} for rule in others["rules"] if rule["slot"] != slot]
    ours = [rule for rule in mine["rules"] if rule["slot"] == slot]
    found["rules"] = [*strange[::2], *ours, *strange[1::2]]
    found["slots"] = sorted(found["slots"], key=lambda one: one["id"], reverse=True)
    for one in found["slots"]:
        if one["id"] != slot:
            one["limit"] = 3
    return {**found, "name": "another"}


@searched(60)
@given(st.integers(0, 5_000), st.integers(5_001, 9_999), st.sampled_from(worlds.SLOTS), st.randoms())
def test_what_is_said_of_other_slots_bears_on_nothing(seed: int, other: int, slot: str, random: Random) -> None:
    mine = document(seed)
    theirs = with_other_slots_of(mine, document(other), slot)
    first, second = rules.load(mine), rules.load(theirs)
    assert slot_versions(first)[slot] == slot_versions(second)[slot]
    contents = [one.prepare(ENTRIES) for one in (first, second)]
    for _ in range(6):
        attributes: dict[str, object] = {
            "geo.country": random.choice(tuple(CONTINENTS)),
            "device.type": random.choice(("mobile", "desktop")),
            "request.locale": random.choice(LOCALES),
            "request.utm.campaign": random.choice([one for one in CAMPAIGNS if one]),
            "visitor.id": f"v-{random.randrange(1_000)}",
            "consent.personalization": True,
            "profile.spend": random.randrange(0, 900, 50),
        }
        note((slot, attributes))
        texts, shown = [], []
        for ruleset, content in zip((first, second), contents, strict=True):
            facts = ruleset.facts(attributes, now=NOW)
            texts.append(ruleset.outcome_text(ruleset.plan(slot, facts, content), content))
            plan = ruleset.plan_written(slot, texts[0], content, now=NOW)
            decision = ruleset.settle(plan, scores={}, exposures={})
            shown.append((decision.blocks, decision.presentation, decision.fallback))
        assert texts[0] == texts[1]
        assert shown[0] == shown[1]


def changed(path: tuple[Any, ...], value: object) -> dict[str, Any]:
    found = copy.deepcopy(SMALL)
    place: Any = found
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return found


EXPERIMENT = {
    "id": "e",
    "slot": "b",
    "arms": [{"id": "x", "weight": 1}, {"id": "y", "weight": 1, "then": [{"pin": {"id": "x"}}]}],
    "goal": {"event": "signup", "within": "1d"},
}
SMALL: dict[str, Any] = {
    "version": 1,
    "segments": [{"id": "vip", "members": ["a"]}],
    "slots": [{"id": "a", "limit": 1}, {"id": "b"}],
    "rules": [
        {"id": "one", "slot": "a", "when": {"geo.country": "FR"}, "then": [{"pin": {"id": "x"}}]},
        {"id": "two", "slot": "b", "then": [{"pin": {"id": "x"}}]},
    ],
}


@pytest.mark.parametrize(
    ("path", "value", "other"),
    [
        (("timezone",), "Europe/Paris", {"a", "b"}),
        (("locales",), ["fr"], {"a", "b"}),
        (("attributes",), {"profile.x": {"type": "number"}}, {"a", "b"}),
        (("segments", 0, "members"), ["b"], {"a", "b"}),
        (("experiments",), [EXPERIMENT], {"a", "b"}),
        (("holdout",), {"percent": 5, "salt": "s"}, {"a", "b"}),
        (("slots", 0, "limit"), 2, {"a"}),
        (("slots", 0, "default"), {"id": "x"}, {"a"}),
        (("rules", 0, "when"), {"geo.country": "DE"}, {"a"}),
        (("rules", 0, "priority"), 1, {"a"}),
        (("rules", 0, "enabled"), False, {"a"}),
        (("rules", 0, "until"), "2026-07-01T00:00:00Z", {"a"}),
        (("rules", 0, "then"), [{"pin": {"id": "y"}}], {"a"}),
        (("rules", 1, "slot"), ["a", "b"], {"a", "b"}),
        (("rules", 1, "then"), [{"pin": {"id": "y"}}], {"b"}),
        (("name",), "spring", set()),
        (("description",), "of the year", set()),
    ],
)
def test_what_can_bear_on_a_slot_gives_it_another_number(path: tuple[Any, ...], value: object, other: set[str]) -> None:
    before, after = slot_versions(rules.load(SMALL)), slot_versions(rules.load(changed(path, value)))
    assert {slot for slot in before if before[slot] != after[slot]} == other
    assert before["a"] != before["b"]
