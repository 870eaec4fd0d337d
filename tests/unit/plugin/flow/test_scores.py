"""What a model is told: everything of the visitor, or nothing that only one of an audience has."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, note

import rules
from plugin.flow.scores import SEGMENTS, rows_for
from rules import Plan
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SITE: dict[str, Any] = {
    "version": 1,
    "attributes": {"profile.plan": {"type": "string", "purpose": "personalization"}},
    "segments": [{"id": "pros", "when": {"profile.plan": "pro"}}, {"id": "eu", "when": {"geo.eu": True}}],
    "rules": [{"id": "r", "slot": "s", "then": [{"hide": {"id": "c"}}]}],
}
CONTENT: list[dict[str, Any]] = [
    {
        "id": "a",
        "type": "card",
        "tags": ["audience:pros"],
        "price": 9,
        "hot": True,
        "maker": {"name": "x"},
        "nil": None,
    },
    {"id": "b", "type": "card", "topics": ["sea", "sky"], "sizes": [1, 2]},
    {"id": "c", "type": "card"},
]
PRO = {"profile.plan": "pro", "geo.eu": True, "visitor.id": "v-1", "request.ip": "192.0.2.7"}


def a_plan(attributes: dict[str, Any], per: str = "audience") -> Plan:
    slot = {"id": "s", "limit": 3, "blend": {"model": {"name": "m", "per": per}}}
    ruleset = rules.load({**SITE, "slots": [slot]})
    return ruleset.plan("s", ruleset.facts(attributes, now=NOW), ruleset.prepare(CONTENT))


def test_there_is_one_row_for_each_entry_that_the_rules_leave() -> None:
    ids, rows = rows_for(a_plan(PRO), ())
    assert ids == ["a", "b"]
    assert [row["content.id"] for row in rows] == ids


def test_entries_are_told_with_every_plain_field() -> None:
    _ids, rows = rows_for(a_plan(PRO), ())
    assert rows[0] == {
        "audience.segments": ["pros"],
        "content.id": "a",
        "content.type": "card",
        "content.tags": ["audience:pros"],
        "content.price": 9,
        "content.hot": True,
    }
    assert rows[1]["content.topics"] == ["sea", "sky"]
    assert "content.sizes" not in rows[1]


def test_of_an_audience_only_the_segments_that_its_candidates_name_are_told() -> None:
    _ids, rows = rows_for(a_plan(PRO), ("geo.eu", "profile.plan", "visitor.id", SEGMENTS))
    assert rows == [{SEGMENTS: ["pros"]}, {SEGMENTS: ["pros"]}]


def test_a_model_is_told_what_it_reads_and_no_more() -> None:
    _ids, rows = rows_for(a_plan(PRO), ("content.price",))
    assert rows == [{"content.price": 9}, {}]


def test_a_model_of_visitors_is_told_of_the_visitor_but_never_the_address() -> None:
    _ids, rows = rows_for(a_plan(PRO, per="visitor"), ())
    told = rows[0]
    assert (told["profile.plan"], told["geo.eu"], told["visitor.id"]) == ("pro", True, "v-1")
    assert told[SEGMENTS] == ["eu", "pros"]
    assert not any(name.startswith("request.ip") for name in told)
    assert rows_for(a_plan(PRO, per="visitor"), ("request.ip", "content.id"))[1][0] == {"content.id": "a"}


def test_what_consent_withholds_from_rules_is_withheld_from_models() -> None:
    _ids, rows = rows_for(a_plan({**PRO, "consent.personalization": False}, per="visitor"), ())
    assert all("profile.plan" not in row and row[SEGMENTS] == ["eu"] for row in rows)


@searched(150)
@given(worlds(8, foreign_locales=False))
def test_equal_audience_keys_give_equal_rows(world: World) -> None:
    """Else the first visitor of an audience would decide for all of it, and be seen in its scores."""
    note(repr(world))
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    for slot in world.slots:
        first: dict[str, Any] = {}
        for person in world.people:
            facts = ruleset.facts(person.attributes, segments=person.segments, now=world.now)
            plan = ruleset.plan(slot, facts, content)
            if plan.model.per == "audience":
                note(f"{slot} {person}")
                rows = rows_for(plan, ())
                assert first.setdefault(plan.audience_key, rows) == rows
