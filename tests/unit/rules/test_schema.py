"""The JSON Schema of documents: current, valid, and never stricter than the checker."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

import rules
from rules.schema import json_schema
from rules.source import parse
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

HERE = Path(__file__).parent
EXAMPLE = (HERE / "example.yaml").read_text("utf-8")
SITE = HERE.parents[2] / "plugin" / "demo" / "site" / "rules"
COPY = Path(rules.__file__).parent / "document.schema.json"

HEADLESS = [
    None,
    True,
    0,
    -1,
    2.5,
    1e300,
    "",
    "x",
    "2026-11-20",
    "30m",
    [],
    ["x"],
    [0],
    {},
    {"ref": "geo.country"},
    {"eq": 1},
    {"x": 1},
]


@cache
def validator() -> Validator:
    """Made once; no fixture, for its repr would be part of every example's."""
    return Draft202012Validator(json_schema())


def refusals(data: Any) -> list[str]:
    """What the schema says against a document."""
    return [f"{error.json_path}: {error.message}" for error in validator().iter_errors(data)]


def accepted_by_checker(data: Any) -> bool:
    """Whether the document checks."""
    try:
        rules.load(data)
    except rules.RuleError:
        return False
    return True


def test_the_committed_copy_is_current() -> None:
    """Editors' tools read the file; it says what the code says."""
    assert json.loads(COPY.read_text("utf-8")) == json_schema()


def test_the_schema_is_a_schema() -> None:
    """It is valid against the metaschema of its dialect."""
    Draft202012Validator.check_schema(json_schema())


def test_the_example_of_the_language_page_is_accepted() -> None:
    """By the schema and by the checker."""
    data = parse(EXAMPLE).data
    assert refusals(data) == []
    assert accepted_by_checker(data)


@pytest.mark.parametrize("path", sorted(SITE.glob("*.yaml")), ids=lambda path: path.name)
def test_the_rules_of_the_sample_site_are_accepted(path: Path) -> None:
    """Each file by itself."""
    assert refusals(parse(path.read_text("utf-8")).data) == []


@pytest.mark.parametrize(
    ("section", "wrong"),
    [
        ("rules", {"id": "r", "slot": "s", "then": [], "unless": {}}),
        ("rules", {"id": "r", "slot": "s"}),
        ("rules", {"id": "r", "slot": "s", "then": [{"pin": {}, "by": 1}]}),
        ("rules", {"id": "r", "slot": "s", "then": [{"stop": False}]}),
        ("rules", {"id": "r", "slot": "s", "then": [], "when": {"geo.land": "FR"}}),
        ("rules", {"id": "r", "slot": "s", "then": [], "when": {"geo.eu": "yes"}}),
        ("rules", {"id": "r", "slot": "s", "then": [], "when": {"device.type": "fridge"}}),
        ("rules", {"id": "r", "slot": "s", "then": [], "when": {"geo.country": {"gt": 1}}}),
        ("rules", {"id": "r", "slot": "s", "then": [], "when": {"geo.country": None}}),
        ("rules", {"id": "r", "slot": "s", "then": [], "when": {"visitor.id": {"percent": {"lt": 20}}}}),
        ("rules", {"id": "r", "slot": "s", "then": [], "on": {"hours": [18, 24]}}),
        ("segments", {"id": "s", "when": {}, "computed": True}),
        ("segments", {"id": "s"}),
        ("slots", {"id": "s", "limit": 0}),
        ("slots", {"id": "s", "select": {"geo.country": "FR"}}),
        ("tests", {"slot": "s", "expect": {"frist": "a"}}),
    ],
)
def test_mistakes_are_refused_while_one_types(section: str, wrong: object) -> None:
    """The schema finds what it can without knowing the rest of the document; so does the checker."""
    data = {section: [wrong]}
    assert refusals(data)
    assert not accepted_by_checker(data)


@given(world=worlds(visitors=1))
@searched(150)
def test_valid_documents_are_accepted(world: World) -> None:
    """What the checker accepts the schema accepts."""
    note(world.document)
    assert refusals(world.document) == []


def _places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found.extend(_places(value, (*path, key)))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A valid document with one place of it removed, renamed or replaced."""
    data = draw(st.one_of(st.just(parse(EXAMPLE).data), worlds(visitors=1).map(lambda world: world.document)))
    data = copy.deepcopy(data)
    path = draw(st.sampled_from(_places(data)))
    parent = data
    for part in path[:-1]:
        parent = parent[part]
    last: Any = path[-1]
    match draw(st.sampled_from(["replace", "remove", "rename", "add", "borrow"])):
        case "remove":
            del parent[last]
        case "rename" if isinstance(parent, dict):
            parent[draw(st.sampled_from(["x", "when", "id", "content.x", "custom.x", "eq", "pin", "all"]))] = (
                parent.pop(last)
            )
        case "add" if isinstance(parent[last], dict):
            parent[last][draw(st.sampled_from(["x", "ref", "any_case", "segment", "name", "on"]))] = draw(
                st.sampled_from(HEADLESS)
            )
        case "borrow":
            other: Any = data
            for part in draw(st.sampled_from(_places(data))):
                other = other[part]
            parent[last] = copy.deepcopy(other)
        case _:
            parent[last] = draw(st.sampled_from(HEADLESS))
    return data


@given(data=mutated())
@searched(400)
def test_what_the_schema_refuses_the_checker_refuses(data: Any) -> None:
    """An editor is never told of a mistake that is none."""
    errors = refusals(data)
    note(errors)
    if errors:
        assert not accepted_by_checker(data)
