"""Event types that a site registers."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.profiles.schema_parts import KEYWORDS, LARGEST_BYTES, MOST_PARTS
from plugin.profiles.schemas import TypeRefusedError, custom_type
from plugin.profiles.types import BUILT_IN, Types

QUIZ: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "score": {"$ref": "#/$defs/score"},
        "code": {"pattern": "^[a-z]+$"},
        "answers": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
    },
    "required": ["score"],
    "additionalProperties": False,
    "$defs": {"score": {"type": "integer", "minimum": 0}},
}


def wrong(schema: dict[str, Any], properties: dict[str, Any]) -> list[tuple[Any, str]]:
    check = custom_type("quiz", schema=schema).check
    assert check is not None
    return [(tuple(path), detail) for path, detail in check(properties)]


def problems(schema: Any) -> list[tuple[str, str]]:
    with pytest.raises(TypeRefusedError) as refused:
        custom_type("quiz", schema=schema)
    return list(refused.value.problems)


def test_properties_are_judged_by_the_schema() -> None:
    assert wrong(QUIZ, {"score": 3, "code": "abc", "answers": ["a", "b"]}) == []
    assert [path for path, _detail in wrong(QUIZ, {"score": -1})] == [("score",)]
    assert [path for path, _detail in wrong(QUIZ, {"score": 1, "answers": ["a", "c"]})] == [("answers", 1)]
    assert [path for path, _detail in wrong(QUIZ, {"score": 1, "code": "ABC"})] == [("code",)]
    assert [path for path, _detail in wrong(QUIZ, {"code": "abc"})] == [()]


@pytest.mark.parametrize(
    ("values", "unique"),
    [
        ([1, 2], True),
        ([1, 1.0], False),
        ([1, True], True),
        ([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], False),
        ([[1], [2]], True),
    ],
)
def test_members_are_compared_as_json_schema_says(values: list[Any], unique: bool) -> None:
    assert (wrong({"properties": {"v": {"uniqueItems": True}}}, {"v": values}) == []) is unique


def test_an_expression_takes_linear_time() -> None:
    assert wrong({"properties": {"v": {"pattern": "^(a+)+$"}}}, {"v": "a" * 4_000 + "!"})


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        (3, "/schema"),
        ([], "/schema"),
        ({"description": "x" * LARGEST_BYTES}, "/schema"),
        ({"description": "\ud800"}, "/schema"),
        ({"$ref": "https://example.org/schema"}, "/schema/$ref"),
        ({"$ref": "#"}, "/schema/$ref"),
        ({"$ref": "#/properties/a"}, "/schema/$ref"),
        ({"$ref": "#/$defs/none"}, "/schema"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, "/schema"),
        ({"$dynamicRef": "#a"}, "/schema/$dynamicRef"),
        ({"$id": "https://example.org/"}, "/schema/$id"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/schema/$schema"),
        ({"items": {"$defs": {}}}, "/schema/items/$defs"),
        ({"patternProperties": {"^(a+)+$": {}}}, "/schema/patternProperties"),
        ({"unevaluatedProperties": False}, "/schema/unevaluatedProperties"),
        ({"format": "email"}, "/schema/format"),
        ({"properties": {"a/b": {"pattern": "(?=x)"}}}, "/schema/properties/a~1b/pattern"),
        ({"$defs": {"a": {"pattern": "("}}}, "/schema/$defs/a/pattern"),
        ({"pattern": "a" * 300}, "/schema/pattern"),
        ({"pattern": 3}, "/schema/pattern"),
        ({"enum": list(range(300))}, "/schema/enum"),
        ({"type": "text"}, "/schema/type"),
        ({"minimum": "3"}, "/schema/minimum"),
        ({"properties": []}, "/schema/properties"),
        ({"properties": {"a": 3}}, "/schema/properties/a"),
        ({"allOf": [{}, {"not": {"propertes": {}}}]}, "/schema/allOf/1/not/propertes"),
        ({"anyOf": [{}] * (MOST_PARTS + 1)}, "/schema"),
    ],
)
def test_schemas_that_could_harm_are_refused(schema: Any, pointer: str) -> None:
    assert pointer in [where for where, _detail in problems(schema)]


def test_references_that_double_each_other_are_counted_and_refused_at_once() -> None:
    doubling = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)} | {"d60": {}}
    assert problems({"$ref": "#/$defs/d0", "$defs": doubling})[0][0] == "/schema"


def test_deep_schemas_are_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(2_000):
        deep = {"not": deep}
    assert problems(deep)[0][0].startswith("/schema")


def test_nothing_of_a_schema_is_left_unjudged() -> None:
    """Each keyword is either judged here or known to be harmless: a new one has to be thought about."""
    assert not KEYWORDS & {"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "patternProperties", "format"}


@pytest.mark.parametrize(
    ("name", "purpose", "pointer"),
    [
        ("view", "analytics", "/name"),
        ("Quiz", "analytics", "/name"),
        ("1st", "analytics", "/name"),
        ("q" * 64, "analytics", "/name"),
        ("quiz-done", "analytics", "/name"),
        ("quiz", "Analytics", "/purpose"),
        ("quiz", "", "/purpose"),
    ],
)
def test_names_and_purposes_are_simple_words(name: str, purpose: str, pointer: str) -> None:
    with pytest.raises(TypeRefusedError) as refused:
        custom_type(name, purpose=purpose)
    assert [where for where, _detail in refused.value.problems] == [pointer]


def test_registered_types_join_those_that_are_built_in() -> None:
    types = BUILT_IN.extended([custom_type("quiz", purpose="analytics", description="a quiz was done")])
    assert types["quiz"].purpose == types.purpose_of("quiz") == "analytics"
    assert types.purpose_of("gone") == "personalization"
    assert len(types) == len(BUILT_IN) + 1
    assert isinstance(types, Types)
    with pytest.raises(ValueError, match="quiz"):
        types.extended([custom_type("quiz")])
