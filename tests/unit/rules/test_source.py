"""Text to data: YAML 1.2's core schema, the limits, and what is refused with its place."""

from __future__ import annotations

import time
from typing import Any

import pytest

import rules
from rules.errors import Problem, RuleError
from rules.source import parse
from tests.waiting import allowed


def value(text: str) -> Any:
    """The value of the one key."""
    return parse(f"a: {text}\n").data["a"]


def problem(text: str, name: str | None = "f.yaml") -> Problem:
    """The one problem of a text."""
    with pytest.raises(RuleError) as caught:
        parse(text, name)
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NO", "NO"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("NULL", None),
        ("nULL", "nULL"),
        ("1:30", "1:30"),
        ("12:30:45", "12:30:45"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-21T20:00:00+01:00", "2026-11-21T20:00:00+01:00"),
        ("2001-12-14 21:59:43.10 -5", "2001-12-14 21:59:43.10 -5"),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("012", 12),
        ("0o14", 12),
        ("0xC", 12),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("1.2.3", "1.2.3"),
        (".", "."),
        ("-", [None]),
        ("- -", None),
        ("<<", "<<"),
        ("=", "="),
        ("'12'", "12"),
        ('"true"', "true"),
        ('"\\u00e9"', "é"),
        ("9007199254740992", 2**53),
        ("[a, 1, {b: no}]", ["a", 1, {"b": "no"}]),
        ("|\n  two\n  lines", "two\nlines\n"),
        ("2nd", "2nd"),
        ("nothing", "nothing"),
        ("fr", "fr"),
    ],
)
def test_plain_scalars_follow_the_core_schema(text: str, expected: object) -> None:
    """Words of YAML 1.1, timestamps and sexagesimals are strings."""
    if text in ("-", "- -"):
        assert parse(f"a:\n  {text}\n").data["a"] == ([None] if text == "-" else [[None]])
        return
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_keys_are_what_was_written() -> None:
    """Never booleans, numbers or nulls."""
    assert parse("{on: 1, 404: 2, true: 3, ~: 4, 1.0: 5}").data == {"on": 1, "404": 2, "true": 3, "~": 4, "1.0": 5}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "\ufeff"])
def test_an_empty_text_is_an_empty_document(text: str) -> None:
    """Or one with a comment only."""
    assert parse(text).data == {}


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, 1, "'a' is given twice"),
        ("x:\n  - {k: 1, k: 2}\n", 2, 12, "'k' is given twice"),
        ("a: 1\n---\nb: 2\n", 2, 1, "one document"),
        ("a: !!python/object:os.system x\n", 1, 4, "tags such as"),
        ("a: !!str 1\n", 1, 4, "tags such as !!str"),
        ("a: !local [1]\n", 1, 4, "tags such as !local"),
        ("a: [1, 2\nb: 3\n", 2, 2, "not YAML"),
        ("a: b: c\n", 1, 5, "not YAML"),
        ("a:\n\t- b\n", 2, 1, "not YAML"),
        ("a: 9007199254740993\n", 1, 4, "beyond 2**53"),
        ("a: -9007199254740993\n", 1, 4, "beyond 2**53"),
        ("a: 0x20000000000001\n", 1, 4, "beyond 2**53"),
        ("a: " + "9" * 400 + "\n", 1, 4, "beyond 2**53"),
        ("a: 1e999\n", 1, 4, "too large"),
        ("a: .inf\n", 1, 4, "no finite number"),
        ("a: .NaN\n", 1, 4, "no finite number"),
        ("a: *b\n", 1, 4, "not YAML"),
        ("? [a, b]\n: 1\n", 1, 3, "a key is a string"),
        ("a: &x\n  b: *x\n", 1, 4, "contains itself"),
        ("a: é\x07\n", 1, 5, "does not allow"),
        ('{"a": 1,\n "a": 2}', 2, 2, "'a' is given twice"),
        ('{"a": 9007199254740993}', 1, 7, "beyond 2**53"),
        ('{"a": NaN}', 1, 7, "no finite number"),
        ('{"a": 1,\n "b": -Infinity}', 2, 7, "no finite number"),
        ('{"a": "\\ud800"}', None, None, "lone surrogate"),
    ],
)
def test_what_does_not_parse_is_refused_with_its_place(
    text: str, line: int | None, column: int | None, said: str
) -> None:
    """File, line and column, from 1."""
    found = problem(text)
    assert said in found.message
    assert (found.file, found.line, found.column) == ("f.yaml", line, column)


@pytest.mark.parametrize(
    "text",
    [
        "slots:\n - {id: a, limit: .inf, limit: 5}\n - {id: b, limit: 0}\n"
        "rules:\n - {id: r, slot: c, when: {geo.contry: FR}, priority: !!int 5, then: []}\n",
        '{"slots": [\n{"id": "a", "limit": NaN, "limit": 5}, {"id": "b", "limit": 0}],\n'
        '"rules": [{"id": "r", "slot": "c", "when": {"geo.contry": "FR"}, "priority": Infinity, "then": []}]}',
    ],
)
def test_problems_of_a_text_are_told_with_those_of_its_document(text: str) -> None:
    """One pass: a key given twice does not hide an unknown name further down; and nothing is told twice."""
    with pytest.raises(RuleError) as caught:
        rules.load(text, name="f")
    said = [one.message for one in caught.value.problems]
    expected = ["given twice", "from 1 to 100", "no slot 'c'", "did you mean 'geo.country'", "tags such as", "finite"]
    expected = [one for one in expected if one != "tags such as" or "!!int" in text]
    assert all(any(part in message for message in said) for part in expected), said
    assert all(one.line is not None for one in caught.value.problems)
    places = [(one.line, one.column) for one in caught.value.problems]
    assert sorted(set(places)) == places


def test_where_a_section_is_given_twice_its_names_are_not_missed() -> None:
    """The first of them is not read."""
    with pytest.raises(RuleError) as caught:
        rules.load("slots: [{id: a}]\nrules: [{id: r, slot: a, then: []}]\nslots: [{id: b}]\n")
    assert [one.message for one in caught.value.problems] == ["'slots' is given twice"]


def test_every_problem_of_a_text_is_reported() -> None:
    """Where the text can be read at all."""
    with pytest.raises(RuleError) as caught:
        parse("a: !!str 1\nb: 1e999\nc: 1\nc: 2\n")
    assert [(one.line, one.column) for one in caught.value.problems] == [(1, 4), (2, 4), (4, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 65 + "]" * 65,
        "{a: " * 65 + "1" + "}" * 65,
        "a:" + "".join(f"\n{' ' * depth}a:" for depth in range(1, 80)),
        "- " * 70 + "a",
        "[" * 100_000,
        '{"a":' * 100_000,
        f'a: "{"]" * 100_000}"\nb: {"[" * 100_000}{"]" * 100_000}',
        f"a: '{'}' * 5000}'\nb: {'{a: ' * 5000}{'}' * 5000}",
    ],
)
def test_a_text_that_nests_too_deep_is_refused(text: str) -> None:
    """Before any parser recurses into it."""
    with pytest.raises(RuleError, match="deeper than 64"):
        parse(text)


def test_sixty_four_levels_are_fine() -> None:
    """In YAML and JSON."""
    assert parse("[" * 64 + "]" * 64).data
    assert parse("{a: " * 64 + "1" + "}" * 64).data


def test_aliases_are_expanded_up_to_a_limit() -> None:
    """Shared conditions are fine; a bomb is not, and costs no time."""
    assert parse("a: &x {b: 1}\nc: [*x, *x]\n").data["c"] == [{"b": 1}, {"b": 1}]
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    started = time.perf_counter()
    with pytest.raises(RuleError, match="aliases expand to too much"):
        parse("\n".join(lines))
    assert time.perf_counter() - started < allowed(2)


def test_a_text_that_is_too_long_is_refused() -> None:
    """At 32 MiB."""
    with pytest.raises(RuleError, match="longer than 32 MiB"):
        parse(" " * (32 * 2**20 + 1))


def test_the_place_of_a_path() -> None:
    """The value's, or the key's; of the nearest part there is for a path that leads nowhere."""
    source = parse("rules:\n  - id: a\n    then:\n      - {pin: {id: x}}\n", "f.yaml")
    places = {
        (("rules", 0, "id"), False): (2, 9),
        (("rules", 0, "id"), True): (2, 5),
        (("rules", 0, "then", 0, "pin", "id"), True): (4, 16),
        (("rules", 0, "when"), False): (2, 5),
        (("slots",), False): (1, 1),
        ((), False): (1, 1),
    }
    for (path, at_key), expected in places.items():
        found = source.place(path, at_key)
        assert (found.file, found.line, found.column) == ("f.yaml", *expected), path


def test_json_has_places_too() -> None:
    """By YAML's parser, whose subset it is."""
    source = parse('{\n "rules": [\n  {"id": "a"}]}')
    assert source.data == {"rules": [{"id": "a"}]}
    assert source.place(("rules", 0, "id")).line == 3
