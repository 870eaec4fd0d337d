"""What an export holds and what it does not, and its published schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import rules
from rules.export import export
from rules.export_schema import compiled_schema
from tests.compiled.schema import refusals

COPY = Path(rules.__file__).parent / "compiled.schema.json"


def exported(**parts: Any) -> dict[str, Any]:
    """The export of a document, through JSON."""
    found: dict[str, Any] = json.loads(json.dumps(export(rules.load({"version": 1, "slots": [{"id": "s"}], **parts}))))
    assert refusals(found) == []
    return found


def ruled(when: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The one slot of a document with one rule."""
    found = exported(rules=[{"id": "r", "slot": "s", "when": when, "then": []}], **more)
    slot: dict[str, Any] = found["slots"][0]
    return slot


def test_the_schema_is_a_schema_and_the_published_copy_is_it() -> None:
    """`tessera rules schema --compiled > rules/compiled.schema.json` makes the copy anew."""
    Draft202012Validator.check_schema(compiled_schema())
    assert json.loads(COPY.read_text("utf-8")) == json.loads(json.dumps(compiled_schema()))


@pytest.mark.parametrize(
    "when",
    [
        {"request.path": {"matches": "^/a"}},
        {"visitor.id": "v-77"},
        {"visitor.id": {"not_in": ["v-77"]}},
        {"not": {"visitor.id": {"starts_with": "v-7"}}},
        {"request.ip": "192.0.2.77"},
        {"request.ip": {"in_network": ["198.51.100.0/24", "192.0.2.77"]}},
    ],
)
def test_who_a_visitor_is_and_what_is_not_portable_stays_at_the_origin(when: dict[str, Any]) -> None:
    slot = ruled(when)
    assert slot["decided"] == "origin"
    assert slot["reasons"]
    assert not any(word in json.dumps(slot) for word in ("v-7", "192.0.2.77", "^/a"))


@pytest.mark.parametrize(
    "when",
    [
        {"visitor.id": {"percent": {"lt": 10, "salt": "x"}}},
        {"visitor.id": {"exists": True}},
        {"request.ip": {"in_network": "192.0.2.0/24"}},
    ],
)
def test_shares_and_networks_are_no_persons(when: dict[str, Any]) -> None:
    assert ruled(when)["decided"] == "edge"


def test_a_list_of_members_is_told_by_its_name_alone() -> None:
    found = exported(
        segments=[{"id": "list", "name": "Our friends", "members": ["v-77"]}],
        rules=[{"id": "r", "slot": "s", "when": {"segment": "list"}, "description": "For friends", "then": []}],
    )
    assert found["segments"] == [{"id": "list", "given": True}]
    assert found["slots"][0]["needs"] == ["segment:list"]
    text = json.dumps(found)
    assert not any(word in text for word in ("v-77", "Our friends", "For friends"))


def test_a_segment_beyond_the_subset_is_given_where_only_the_key_asks_for_it() -> None:
    """A rule that names it leaves its slot to the origin; one that names something else does not."""
    odd = [{"id": "odd", "when": {"request.path": {"matches": "^/a"}}}]
    assert ruled({"segment": "odd"}, segments=odd)["decided"] == "origin"
    slot = ruled({"geo.eu": True}, segments=odd)
    assert (slot["decided"], slot["needs"]) == ("edge", ["segment:odd"])


def test_only_what_is_asked_for_is_there() -> None:
    """With content: neither segments that no rule and no audience tag names, nor what is disabled."""
    document = {
        "version": 1,
        "slots": [{"id": "s"}, {"id": "off", "enabled": False}],
        "attributes": {"profile.plan": {"type": "string", "purpose": "personalization"}},
        "segments": [
            {"id": "used", "when": {"segment": "inner"}},
            {"id": "inner", "when": {"profile.plan": "pro"}},
            {"id": "tagged", "when": {"geo.eu": True}},
            {"id": "unused", "when": {"geo.city": "Paris"}},
        ],
        "rules": [
            {"id": "r", "slot": "s", "when": {"segment": "used"}, "then": []},
            {"id": "off", "slot": "s", "enabled": False, "then": []},
        ],
    }
    ruleset = rules.load(document)
    content = ruleset.prepare([{"id": "c", "tags": ["audience:tagged"], "locale": "fr"}])
    found = export(ruleset, number=7, content=content)
    assert found["ruleset"] == {"number": 7, "digest": ruleset.digest}
    assert [one["id"] for one in found["segments"]] == ["inner", "tagged", "used"]
    (slot,) = found["slots"]
    assert (slot["audiences"], slot["languages"]) == (["tagged"], ["fr"])
    assert [one["id"] for one in slot["rules"]] == ["r"]
    assert "geo.city" not in found["attributes"]
    assert found["attributes"]["profile.plan"] == {"type": "string", "purpose": "personalization"}


def test_needs_say_what_buckets_hash() -> None:
    arms = [{"id": "a"}, {"id": "b"}]
    person = {"id": "e", "slot": "s", "unit": "person", "arms": arms}
    device = {"id": "f", "slot": "s", "arms": arms}
    assert exported(experiments=[person])["slots"][0]["needs"] == ["person", "visitor_known"]
    assert exported(experiments=[person, device])["slots"][0]["needs"] == ["device", "person", "visitor_known"]
    assert exported(holdout={"percent": 5})["slots"][0]["needs"] == ["device"]
    assert exported()["slots"][0]["needs"] == []


def test_equal_rule_sets_have_equal_exports_however_often_they_are_loaded() -> None:
    document = {
        "version": 1,
        "slots": [{"id": "s"}],
        "segments": [{"id": f"m-{number}", "members": [f"v-{number}"]} for number in range(20)],
    }
    assert len({json.dumps(export(rules.load(document))) for _ in range(3)}) == 1
    assert [one["id"] for one in export(rules.load(document))["segments"]] == [f"m-{number}" for number in range(20)]
