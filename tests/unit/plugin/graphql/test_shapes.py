"""What content holds, and what GraphQL calls it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import GraphQLObjectType, parse, validate, validate_schema
from hypothesis import given
from hypothesis import strategies as st

from plugin.graphql.names import field_names, type_names
from plugin.graphql.resolvers import RESOLVERS
from plugin.graphql.schema import schema_of
from plugin.graphql.shapes import MOST_FIELDS, MOST_TYPES, TEXTS, Shapes, kind_of, of_one_kind, shapes_of, with_seen
from tests.strategies.profiles import searched

NAME = re.compile(r"[A-Za-z_][0-9A-Za-z_]*")
HOSTILE = st.text(max_size=6) | st.sampled_from(
    ["a-b", "a_b", "a b", "__x", "1", "", "id", "Block", "score", "score_", "Ünï", "日本", "hero", "Hero", "plain"]
)

VALUES = st.sampled_from([None, 1, 2.5, True, "x", ["x"], [1], {"a": 1}])
ENTRIES = st.builds(
    lambda fields, type_: {**fields, "type": type_},
    st.dictionaries(HOSTILE | st.sampled_from(["title", "x", "y"]), VALUES, max_size=4),
    st.sampled_from(["a", "b", "a b", "a-b", "a b block"]),
)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "String"),
        (True, "Boolean"),
        (1, "Int"),
        (2**31, "Float"),
        (-(2**31), "Int"),
        (2**53 + 1, "JSON"),
        (1.5, "Float"),
        (None, ""),
        ({"a": 1}, "JSON"),
        ([], "[]"),
        (["a", None], "[String]"),
        ([1, 2.5], "[Float]"),
        ([1, "a"], "JSON"),
        ([[1]], "JSON"),
        ([None], "[]"),
    ],
)
def test_a_value_has_a_type(value: Any, kind: str) -> None:
    assert kind_of(value) == kind


def types_of(*values: Any) -> str:
    ((_type, shape),) = shapes_of({"type": "t", "x": value} for value in values)
    return {name: kind for name, _raw, kind in shape.fields}["x"]


def test_the_type_of_a_field_takes_what_every_entry_holds() -> None:
    assert types_of(1, 2.5, None) == "Float"
    assert types_of(1, "a") == types_of(True, 1) == "JSON"
    assert types_of([], ["a"]) == types_of(["a"], [], None) == "[String]"
    assert types_of([1], [2.5]) == "[Float]"
    assert types_of([1], ["a"]) == types_of([1], 1) == types_of([], 1) == "JSON"
    assert types_of(None) == types_of([]) == "JSON"
    assert types_of("a", {"b": 1}, "a") == "JSON"


def test_a_type_of_content_is_an_object_type_with_its_fields() -> None:
    shapes = dict(shapes_of([{"type": "landing-page", "id": "a", "tags": (), "call to action": "go", "score": 1}]))
    assert shapes["landing-page"].name == "LandingPageBlock"
    assert set(shapes["landing-page"].fields) == {
        ("call_to_action", "call to action", "String"),
        ("score_", "score", "Int"),
        *((name, name, "String") for name in TEXTS),
    }


def test_of_types_with_one_name_each_keeps_one_of_its_own() -> None:
    names = type_names(["landing-page", "landing_page", "landing page", "Block", "block"])
    assert len(set(names.values())) == 5
    assert names["landing page"] == "LandingPageBlock"
    assert type_names(["landing_page", "landing-page"]) == type_names(["landing-page", "landing_page"])


def test_a_field_that_is_rightly_named_keeps_its_name() -> None:
    names = field_names(["a-b", "a_b", "a b", "__typename"], [])
    assert names["a_b"] == "a_b"
    assert len(set(names.values())) == 4
    assert not any(name.startswith("__") for name in names.values())


def test_a_name_that_somebody_made_after_a_digest_is_told_apart_too() -> None:
    first = field_names(["a b", "a_b"], [])["a b"]
    assert len(set(field_names(["a b", "a_b", first], []).values())) == 3


def test_no_type_of_content_has_the_name_of_one_of_ours() -> None:
    """Blocks of any type may be plain ones: its fields would be promised of them."""
    assert type_names(["plain"])["plain"].startswith("PlainBlock_")
    shapes = shapes_of([{"type": "plain", "x": 1}, {"type": "hero", "x": "a"}])
    plain = schema_of(shapes, RESOLVERS).type_map["PlainBlock"]
    assert isinstance(plain, GraphQLObjectType)
    assert "x" not in plain.fields


@searched(150)
@given(
    st.lists(st.dictionaries(HOSTILE, st.none() | st.integers() | st.text(max_size=3), max_size=4), max_size=6),
    st.lists(HOSTILE, min_size=6, max_size=6),
)
def test_any_content_makes_a_schema_that_holds(entries: list[dict[str, Any]], types: list[str]) -> None:
    shapes = shapes_of({**entry, "type": type_} for entry, type_ in zip(entries, types, strict=False))
    schema = schema_of(shapes, RESOLVERS)
    assert validate_schema(schema) == []
    for _type, shape in shapes:
        assert NAME.fullmatch(shape.name)
        made = schema.type_map[shape.name]
        assert isinstance(made, GraphQLObjectType)
        assert len(made.fields) == 8 + len(shape.fields)


@searched(60)
@given(st.lists(st.lists(ENTRIES, max_size=4), min_size=1, max_size=4), st.data())
def test_whatever_changes_a_document_that_held_goes_on_holding(
    contents: list[list[dict[str, Any]]], data: st.DataObject
) -> None:
    """The fields of any two types under any keys."""
    text = ""
    seen: Shapes = ()
    for entries in contents:
        now = shapes_of(entries)
        seen = with_seen(now, seen)
        for type_, shape in now:  # what is told of entries follows from what there is now alone
            assert dict(seen)[type_].name == shape.name
            assert set(shape.fields) <= set(dict(seen)[type_].fields)
        schema = schema_of(of_one_kind(seen), RESOLVERS)
        assert validate_schema(schema_of(seen, RESOLVERS)) == []
        if text:
            assert validate(schema, parse(text)) == []
        parts = []
        for _type, shape in seen[:2]:
            fields = data.draw(st.permutations([name for name, _raw, _kind in shape.fields]))
            parts.append(f"... on {shape.name} {{ {' '.join(f'k{n}: {one}' for n, one in enumerate(fields))} }}")
        text = f"{{ personalize(slots: []) {{ slots {{ blocks {{ id {' '.join(parts)} }} }} }} }}"


def test_what_was_seen_fills_no_more_than_the_limits() -> None:
    seen = shapes_of({"type": f"t{number}", "x": 1} for number in range(MOST_TYPES))
    now = shapes_of({"type": "other", f"f{number}": 1} for number in range(MOST_FIELDS))
    both = dict(with_seen(now, seen))
    assert len(both) == MOST_TYPES
    assert both["other"] == dict(now)["other"]
    before = shapes_of([{"type": "other", **{f"g{number}": 1 for number in range(MOST_FIELDS)}}])
    assert len(dict(with_seen(now, before))["other"].fields) == MOST_FIELDS


def test_content_of_endless_types_and_fields_makes_a_schema_of_bounded_size() -> None:
    many = [{"type": f"t{number}", "x": 1} for number in range(MOST_TYPES + 50)]
    wide = {"type": "t0", **{f"f{number}": 1 for number in range(MOST_FIELDS + 50)}}
    shapes = dict(shapes_of([*many, wide]))
    assert len(shapes) == MOST_TYPES
    assert len(shapes["t0"].fields) == MOST_FIELDS
