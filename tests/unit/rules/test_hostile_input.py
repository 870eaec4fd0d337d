"""Whatever is given to `load`, it loads or raises RuleError."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules
from rules.document import TOP
from rules.operators import FOR_TYPES
from rules.rules import FIELDS as RULE_FIELDS
from tests.strategies.profiles import searched

WORDS = sorted(
    {*TOP, *RULE_FIELDS, *FOR_TYPES, "pin", "hide", "boost", "set", "by", "all", "any", "not", "arms", "weight"}
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [*WORDS, "geo.country", "content.tags", "2026-11-20", "30m", "*", "\ud800", "\x00", "presentation.x"]
    ),
)
KEYS = st.one_of(st.sampled_from([*WORDS, "geo.country", "profile.x", "content.tags"]), st.text(max_size=4))
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
TEXTS = st.text(st.sampled_from("abk:-[]{}&*!|>'\"#%@`,? \n\t~0129.ex\\\ufeff\u2028\ud800\x00é"), max_size=60)


def loads_or_refuses(document: Any) -> None:
    """Any other exception fails the test."""
    try:
        loaded = rules.load(document)
    except rules.RuleError:
        return
    assert rules.load(loaded.canonical).digest == loaded.digest


@given(TEXTS)
@searched(400)
def test_any_text_is_loaded_or_refused(text: str) -> None:
    """YAML-ish noise."""
    loads_or_refuses(text)


@given(st.dictionaries(KEYS, DATA, max_size=6))
@searched(400)
def test_any_mapping_is_loaded_or_refused(data: dict[str, Any]) -> None:
    """Data of JSON's types in the words of the language, and the same as text."""
    loads_or_refuses(data)
    loads_or_refuses(json.dumps(data))


@pytest.mark.parametrize("section", ["attributes", "segments", "slots", "rules", "experiments", "tests"])
@given(item=st.one_of(DATA, st.dictionaries(st.sampled_from(sorted({*WORDS, "id", "slot", "expect"})), DATA)))
@searched(150)
def test_any_item_of_a_section_is_loaded_or_refused(section: str, item: Any) -> None:
    """One level deeper, where each section reads its own fields."""
    loads_or_refuses({section: {"profile.x": item} if section == "attributes" else [item, {"id": "b", "slot": "b"}]})


@pytest.mark.parametrize(
    ("given", "pointer", "message"),
    [
        ({1: "a"}, "", "a key is a text, not 1"),
        ({"rules": [{None: 1}]}, "/rules/0", "a key is a text, not None"),
        ({"slots": [{"id": "s", "limit": float("inf")}]}, "/slots/0/limit", "inf is no finite number"),
        ({"version": 10**5000}, "/version", "an integer is beyond 2**53"),
        ({"name": "\ud800"}, "/name", "lone surrogate"),
        ({"name": b"bytes"}, "/name", "a bytes is nothing"),
    ],
)
def test_a_mapping_holds_what_json_holds(given: Any, pointer: str, message: str) -> None:
    """Other types have no canonical form; each is named with its place."""
    with pytest.raises(rules.RuleError) as caught:
        rules.load(given)
    assert [(problem.pointer, message in problem.message) for problem in caught.value.problems] == [(pointer, True)]


def test_a_mapping_that_contains_itself_is_refused() -> None:
    """It is deeper than any limit."""
    data: dict[str, Any] = {}
    data["rules"] = [data]
    with pytest.raises(rules.RuleError, match="nested deeper than 64 levels"):
        rules.load(data)


@pytest.mark.parametrize("condition", [{"": 1}, {"geo.country": {"ref": ""}}, {"geo.country": {1, 2}}])
def test_a_condition_that_names_nothing_is_refused(condition: Any) -> None:
    """Without a catalogue, too, where names are not looked up."""
    with pytest.raises(rules.RuleError):
        rules.matches(condition, {})


def test_a_condition_that_nests_too_deep_is_refused() -> None:
    """Also one that contains itself."""
    deep: dict[str, Any] = {}
    for _ in range(5_000):
        deep = {"all": [deep]}
    endless: dict[str, Any] = {}
    endless["not"] = endless
    for condition in (deep, endless):
        with pytest.raises(rules.RuleError, match="nested deeper than 64 levels"):
            rules.matches(condition, {})


def test_lists_and_mappings_of_other_classes_are_read() -> None:
    """Tuples and read-only mappings are copied, so that the canonical form can be written."""
    loaded = rules.load(
        {"slots": ({"id": "a"},), "rules": ({"id": "r", "slot": "a", "on": {"hours": (1, 2)}, "then": ()},)}
    )
    assert loaded.slots == ("a",)
    assert rules.load(loaded.canonical).digest == loaded.digest


@pytest.mark.parametrize(
    "document",
    [
        {"attributes": {"profile.x": {"type": None}}},
        {"attributes": {"profile.x": {"type": "string", "values": None}}},
        {"attributes": {"profile.x": {"type": "string", "name": 5}}},
        {"slots": [{"id": "s", "blend": {"model": {"name": "m", "per": None}}}]},
        {"name": 5},
        {"slots": [{"id": "s"}], "tests": [{"slot": "s", "expect": {"fallback": True}, "description": 5}]},
        {"slots": [{"id": "s"}], "tests": [{"slot": "s", "expect": {"fallback": True}, "seed": "x"}]},
        {"slots": [{"id": "s"}], "experiments": [{"id": "e", "slot": "s", "arms": [{"id": "a", "name": 5}]}]},
    ],
)
def test_a_field_of_the_wrong_type_is_never_passed_over(document: Any) -> None:
    """Null is no value of a field either."""
    with pytest.raises(rules.RuleError):
        rules.load(document)
