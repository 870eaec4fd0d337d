"""Options are read strictly, and every mistake is told at once."""

from __future__ import annotations

import math

import pytest

from adapters.options import OptionReader


def test_good_values_come_through_and_missing_ones_get_their_default() -> None:
    take = OptionReader({"t": "x", "f": False, "w": 3, "n": 2, "c": "b", "l": ["p", "q"], "m": {"a": "b"}})
    assert take.required_text("t") == "x"
    assert take.text("t2", "d") == "d"
    assert take.flag("f", True) is False
    assert take.flag("f2", True) is True
    assert take.whole("w", 1, low=0, high=9) == 3
    assert take.whole("w2", 1, low=0, high=9) == 1
    assert take.number("n", 0.5, low=0, high=9) == 2.0
    assert take.number("n2", 0.5, low=0, high=9) == 0.5
    assert take.choice("c", "a", ("a", "b")) == "b"
    assert take.texts("l") == ("p", "q")
    assert take.text_map("m") == {"a": "b"}
    assert take.anything("z") is None
    assert take.problems() == ()


@pytest.mark.parametrize("bad", [True, "3", 3.5, -1, 10, None.__class__])
def test_a_whole_number_is_nothing_else(bad: object) -> None:
    take = OptionReader({"w": bad})
    assert take.whole("w", 1, low=0, high=9) == 1
    assert take.problems() == ("w: want a whole number from 0 to 9",)


@pytest.mark.parametrize("bad", [True, "3", math.nan, math.inf, -0.1, 9.1])
def test_a_number_is_finite_and_in_its_range(bad: object) -> None:
    take = OptionReader({"n": bad})
    assert take.number("n", 1.0, low=0, high=9) == 1.0
    assert len(take.problems()) == 1


@pytest.mark.parametrize("bad", ["abc", [1], [""], ["a", "a"], {"a": 1}])
def test_a_list_of_texts_is_no_text(bad: object) -> None:
    take = OptionReader({"l": bad})
    assert take.texts("l", ("d",)) == ("d",)
    assert len(take.problems()) == 1


def test_all_problems_are_told_and_no_value_is() -> None:
    take = OptionReader({"url": 3, "flag": "yes", "kind": "secret-1", "map": {"a": 1}, "tokn": "secret-2"})
    take.required_text("url")
    take.required_text("name")
    take.flag("flag", False)
    take.choice("kind", "a", ("a", "b"))
    take.text_map("map")
    take.text("token")
    assert [problem.partition(":")[0] for problem in take.problems()] == ["url", "name", "flag", "kind", "map", "tokn"]
    assert take.problems()[-1] == "tokn: unknown option, did you mean token?"
    assert "secret" not in " ".join(take.problems())
