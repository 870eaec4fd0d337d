"""YAML 1.2 core scalars, and every construct that is refused, with its line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.cms.files.yaml12 import YamlProblem, parse_mapping


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("no", "no"), ("on", "on"), ("y", "y"), ("1:30", "1:30"), ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"), ("1_000", "1_000"), ("0b11", "0b11"), ("=", "="),
        ("<<", "<<"), ("true", True), ("False", False), ("tRUE", "tRUE"), ("null", None), ("~", None), ("", None),
        ("nULL", "nULL"), ("12", 12), ("-7", -7), ("+7", 7), ("012", 12), ("0o17", 15), ("0x1F", 31), ("1.5", 1.5),
        (".5", 0.5), ("1e3", 1000.0), ("1.", 1.0), ("-1.5E-2", -0.015), ("'12'", "12"), ('"true"', "true"),
        ('"\\u00e9"', "é"), ("|\n  a\n  b\n", "a\nb\n"), ("9007199254740992", 2**53), ("1.2.3", "1.2.3"),
        ("[a, NO, 1]", ["a", "NO", 1]), ("{x: on}", {"x": "on"}), ("e3", "e3"),
    ],
)  # fmt: skip
def test_scalars_are_of_the_core_schema(text: str, value: object) -> None:
    found = parse_mapping(f"k: {text}").values["k"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: 2\na: 3", 3, "duplicate key 'a', first on line 1"),
        ("a:\n  x: 1\n  x: 2", 3, "duplicate key"),
        ("a: &anchor 1", 1, "anchors"),
        ("a: &x [1]\nb: *x", 1, "anchors"),
        ("a: *x", 1, "alias"),
        ("a: !!str 1", 1, "tags"),
        ("a: !custom {}", 1, "tags"),
        ("a: ! 1", 1, "tags"),
        ("a: !!python/object/apply:os.system [x]", 1, "tags"),
        ("a: 1\n---\nb: 2", 2, "second document"),
        ("- a", 1, "mapping"),
        ("text", 1, "mapping"),
        ("a: .inf", 1, "finite"),
        ("a: 1\nb: -.INF", 2, "finite"),
        ("a: .nan", 1, "finite"),
        ("a: 1e999", 1, "range of doubles"),
        ("a: 9007199254740993", 1, "2\\^53"),
        ("a: -9007199254740993", 1, "2\\^53"),
        ("a: " + "9" * 10_000, 1, "2\\^53"),
        ("a: 0x" + "f" * 30, 1, "2\\^53"),
        ("a: 1\nb: [1", 3, "expected"),
        ("a: 1\n b: 2", 2, "not allowed"),
        ("a: 1\n\tb: 2", 2, "found a tab"),
        ("? [a, b]\n: 1", 1, "key must be plain text"),
        ('a: "\\0"', 1, "NUL"),
        ('a: "\\ud800"', 1, "Unicode"),
        ("a: 1\nb: \x01", 2, "does not allow|control characters"),
        ("a: " + "[" * 40 + "]" * 40, 1, "deeper than 32"),
    ],
)
def test_everything_else_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(YamlProblem, match=reason) as caught:
        parse_mapping(text)
    assert caught.value.line == line
    assert caught.value.reason


def test_lines_of_keys_are_kept() -> None:
    assert parse_mapping("a: 1\n\n# note\nb:\n  c: 2\nd: 3").lines == {"a": 1, "b": 4, "d": 6}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "--- ~\n"])
def test_an_empty_document_is_an_empty_mapping(text: str) -> None:
    assert parse_mapping(text).values == {}


def test_keys_are_texts_whatever_they_look_like() -> None:
    assert parse_mapping("NO: 1\n12: 2\nnull: 3\ntrue: 4").values == {"NO": 1, "12": 2, "null": 3, "true": 4}


# Line separators and control characters mean other things in YAML than in JSON; the escapes are YAML's own.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"], exclude_characters="\ufeff"))
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200)
@given(st.dictionaries(texts, json_values, max_size=4))
def test_json_is_read_as_json(value: dict[str, object]) -> None:
    """YAML 1.2 contains JSON; both parsers must agree."""
    assert parse_mapping(json.dumps(value, ensure_ascii=False)).values == value


@settings(max_examples=300)
@given(st.text(max_size=80))
def test_any_text_gives_storable_values_or_a_problem_and_nothing_else(text: str) -> None:
    try:
        values = parse_mapping(text).values
    except YamlProblem:
        return
    json.dumps(values, allow_nan=False, ensure_ascii=False).encode()
