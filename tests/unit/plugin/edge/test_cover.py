"""Selectors as surrogate keys; that they cover what is selected is a property, tested over random documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from plugin.edge.answers import surrogates_of
from plugin.edge.cover import fields_read
from rules import load
from rules.effects import KINDS

ANY = ("content",)


def covered(**slot: Any) -> tuple[str, ...]:
    attributes = {"profile.interests": {"type": "string_list"}}
    found = load({"attributes": attributes, "slots": [{"id": "s", **slot}]}).compiled("s")
    name, *keys = surrogates_of(found).of_any
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


def test_what_rules_do_adds_no_entries() -> None:
    """They choose among what the slot selects."""
    document = {
        "slots": [{"id": "s", "select": {"content.type": "a"}}],
        "rules": [{"id": "r", "slot": "s", "then": [{"pin": {"id": "elsewhere"}}]}],
    }
    ruleset = load(document)
    content = ruleset.prepare([{"id": "elsewhere", "type": "b"}, {"id": "mine", "type": "a"}])
    decision = ruleset.decide("s", {}, content, now="2026-11-22T12:00:00Z")
    assert [one.id for one in decision.blocks] == ["mine"]
    assert surrogates_of(ruleset.compiled("s")).of_any == ("slot:s", "type:a")


def read(rules: Sequence[Any] = (), experiments: Sequence[Any] = (), **slot: Any) -> tuple[str, ...] | None:
    document = {"slots": [{"id": "s", **slot}, {"id": "t"}], "rules": rules, "experiments": experiments}
    attributes = {"profile.interests": {"type": "string_list"}}
    return fields_read(load({**document, "attributes": attributes}).compiled("s"))


def does(*effects: Any, slot: Any = "s", **more: Any) -> list[Any]:
    return [{"id": "r", "slot": slot, "then": list(effects), **more}]


ARMS = [{"id": "a"}, {"id": "b", "then": [{"boost": {"content.score": {"gt": 1}}, "by": 1}]}]


@pytest.mark.parametrize(
    ("found", "fields"),
    [
        (read(), ()),
        (read(select={"content.type": "a", "content.tags": "b", "content.locale": "fr"}), ()),
        (read(select={"any": [{"not": {"content.b": 1}}, {"content.a.c": {"exists": True}}]}), ("a.c", "b")),
        (read(select={"content.tags.x": 1}), ("tags.x",)),
        (read(select={"content.low": {"lt": {"ref": "content.high"}}}), ("high", "low")),
        (read(select={"content.topics": {"contains_any": {"ref": "profile.interests"}}}), ("topics",)),
        (read(select={"content.ends": {"before": {"ago": "1d"}}}), ("ends",)),
        (read(default={"content.stock": True}), ()),
        (read(diversify={"by": "content.topics"}), ("topics",)),
        (read(diversify={"by": "content.type"}), ()),
        *(
            (read(rules=does({kind: {"content.price": 1}, **more}, slot=slot)), ("price",))
            for kind, more in (("only", {}), ("hide", {}), ("pin", {}), ("boost", {"by": 1}))
            for slot in ("s", "*", ["t", "s"])
        ),
        (read(rules=does({"hide": {"content.price": 1}}, slot="t")), ()),
        (read(rules=does({"hide": {"content.price": 1}}, enabled=False)), ()),
        (read(rules=does({"set": {"presentation.a": 1}}, {"stop": True})), ()),
        (read(experiments=[{"id": "e", "slot": "s", "arms": ARMS}]), ("score",)),
        (read(blend={"rules": 0.5}), ()),
        (read(blend={"model": {"name": "m"}}), None),
        (read(rules=does({"model": {"name": "m"}})), None),
        (read(rules=does({"model": {"weight": 0.5}})), ()),
    ],
)
def test_a_choice_reads_fields(found: tuple[str, ...] | None, fields: tuple[str, ...] | None) -> None:
    assert found == fields


def test_no_kind_of_effect_is_forgotten_here() -> None:
    """One more: where it reads entries, `fields_read` must know what of them."""
    assert set(KINDS) == {"only", "hide", "pin", "boost", "set", "model", "stop"}


def test_answers_have_a_key_for_each_field_of_what_they_choose_from() -> None:
    slot = {"id": "s", "select": {"content.type": ["a", "b/c"], "content.price": 1}}
    found = surrogates_of(load({"slots": [slot]}).compiled("s"))
    assert found.of_read == (
        "slot:s",
        *("among:type:a", "among:type:b/c"),
        *("field:price/type:a", "field:price/type:b/c"),
    )
    assert found.of_any == ("slot:s", "type:a", "type:b/c")


def test_of_the_default_alone_its_own_fields_count() -> None:
    """Rules, and what is beside them in the slot, choose among what it selects."""
    slot = {"id": "s", "select": {"content.type": "a", "content.price": 1}, "diversify": {"by": "content.topics"}}
    default = {"id": ["b", "c"], "content.stock": True}
    found = surrogates_of(
        load({"slots": [{**slot, "default": default}], "rules": does({"pin": {"content.x": 1}})}).compiled("s")
    )
    assert found.of_read == (
        "slot:s",
        *("among:id:b", "among:id:c", "among:type:a"),
        *("field:price/type:a", "field:stock/id:b", "field:stock/id:c", "field:topics/type:a", "field:x/type:a"),
    )
    everything = surrogates_of(load({"slots": [{**slot, "default": {}}]}).compiled("s"))
    assert everything.of_read[1:3] == ("among:content", "among:type:a")
    assert everything.of_any == ("slot:s", "content")


def test_a_path_has_the_key_of_its_first_part() -> None:
    slot = {"id": "s", "select": {"content.type": "a", "content.place.city": "x", "content.place.land": "y"}}
    assert surrogates_of(load({"slots": [slot]}).compiled("s")).of_read[2:] == ("field:place/type:a",)


@pytest.mark.parametrize("named", [28, 29, 30])
def test_a_slot_with_very_many_keys_is_purged_with_any_change(named: int) -> None:
    reads = {"any": [{f"content.field-{place}": 1} for place in range(named)]}
    found = surrogates_of(
        load({"slots": [{"id": "s", "select": {"all": [{"content.type": "a"}, reads]}}]}).compiled("s")
    )
    assert (found.of_read == found.of_any) is (named == 30)
