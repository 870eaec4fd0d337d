"""Weights are checked whole, and the compiled model gives what the formula gives."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.models.features import as_categories, as_number, logistic
from adapters.models.linear import LinearModel, build
from adapters.models.port import Feature, ModelOptionsError
from adapters.models.weights import check_weights, parse_weights
from adapters.runtime import Runtime

WEIGHTS = {
    "version": 1, "bias": -1.0, "numeric": {"spend": 0.5},
    "categorical": {"country=FR": 0.4, "tags=vip": 0.3, "n=3": 0.1},
    "crosses": {"device=mobile,type=hero": 0.2, "a=1\\,5,b=x": 0.7}, "calibration": {"a": 2.0, "b": 0.25},
}  # fmt: skip


def model(weights: dict[str, Any]) -> LinearModel:
    return build({"name": "m", "weights": weights}, Runtime.system())


def score(row: dict[str, Feature], weights: dict[str, Any] = WEIGHTS) -> float:
    return model(weights).score([row], timeout_s=1)[0]


def expected(z: float) -> float:
    return 1 / (1 + math.exp(-(2.0 * z + 0.25)))


@pytest.mark.parametrize(
    ("row", "z"),
    [
        ({}, -1.0),
        ({"spend": 3}, 0.5),
        ({"spend": True}, -0.5),
        ({"spend": "3"}, -1.0),
        ({"spend": None, "country": "FR"}, -0.6),
        ({"country": "fr"}, -1.0),
        ({"tags": ["new", "vip", "vip"]}, -0.7),
        ({"tags": "vip"}, -0.7),
        ({"n": 3.0}, -0.9),
        ({"n": "3"}, -0.9),
        ({"device": "mobile", "type": "hero"}, -0.8),
        ({"device": "mobile"}, -1.0),
        ({"a": "1,5", "b": "x"}, -0.3),
    ],
)
def test_scores_are_those_of_the_formula(row: dict[str, Feature], z: float) -> None:
    assert score(row) == pytest.approx(expected(z), abs=1e-15)


def test_the_spec_lists_every_feature_that_is_read() -> None:
    assert model(WEIGHTS).spec.features == ("a", "b", "country", "device", "n", "spend", "tags", "type")


def test_a_file_is_read_and_its_problems_name_the_place(tmp_path: Path) -> None:
    file = tmp_path / "w.json"
    file.write_text(json.dumps(WEIGHTS))
    read = build({"name": "m", "path": str(file), "per": ["audience"]}, Runtime.system())
    assert read.spec.per == {"audience"}
    assert list(read.score([{"spend": 3}], timeout_s=1)) == [pytest.approx(expected(0.5))]
    file.write_bytes(b"\xff")
    for options, said in (
        ({"name": "m", "path": str(tmp_path / "none.json")}, "none.json cannot be read: No such file"),
        ({"name": "m", "path": str(file)}, "w.json is not UTF-8"),
        ({"name": "m"}, "either path or weights"),
        ({"name": "m", "path": "x", "weights": {}}, "either path or weights"),
        ({"path": "x", "per": []}, "name: required.*per: want audience|per: want audience.*name: required"),
    ):
        with pytest.raises(ModelOptionsError, match=said):
            build(options, Runtime.system())


def test_everything_wrong_with_the_weights_is_told_at_once() -> None:
    bad = {
        "version": 2, "bias": "x", "numeric": {"": 1, "a": math.nan, "b": True}, "categorical": {"novalue": 1, "=v": 1},
        "crosses": {"a=1": 1, "a=1,a=2": 1, "a=1,b": 1, "x=1,y=2": 1, "y=2,x=1": 1}, "calibration": {"a": 1e9, "c": 1},
        "extra": 1,
    }  # fmt: skip
    with pytest.raises(ModelOptionsError) as caught:
        check_weights(bad)
    assert sorted(problem.partition(": ")[0] for problem in caught.value.problems) == sorted([
        "version", "bias", "numeric", "numeric.a", "numeric.b", "categorical.novalue", "categorical", "categorical.=v",
        "crosses.a=1", "crosses.a=1,a=2", "crosses.a=1,b", "crosses.y=2,x=1", "calibration.a",
        "calibration.c", "extra",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"), ("[]", "want an object"), ("{", "not JSON"), ("[" * 100_000, "not JSON"),
        ('{"version": true}', "version"),
        ('{"version": 1, "numeric": {"a": 1, "a": 2}}', "a: given twice"), ('{"version": 1, "bias": NaN}', "bias"),
        ('{"version": 1, "numeric": []}', "numeric: want an object"),
        ('{"version": 1, "calibration": 1}', "calibration: want"),
        ('{"version": 1, "bias": 1' + "0" * 400 + "}", "bias: want a finite"),
    ],
)  # fmt: skip
def test_texts_that_are_no_weights_are_refused(text: str, said: str) -> None:
    with pytest.raises(ModelOptionsError, match=said):
        parse_weights(text)


numbers = st.floats() | st.integers(-(10**400), 10**400)
values = (
    st.none()
    | st.booleans()
    | numbers
    | st.sampled_from(["FR", "vip", "mobile", "hero", ""])
    | st.lists(st.sampled_from(["vip", "x"]))
)
names = st.sampled_from(["spend", "country", "tags", "device", "type", "n", "a", "b"])
extremes = st.floats(-1e6, 1e6)


@settings(max_examples=300)
@given(st.dictionaries(names, values), extremes, extremes, extremes)
def test_no_row_and_no_weights_give_anything_but_a_probability(
    row: dict[str, Feature], weight: float, a: float, b: float
) -> None:
    wild = {**WEIGHTS, "numeric": {"spend": weight, "n": -weight}, "calibration": {"a": a, "b": b}}
    assert 0.0 <= score(row, wild) <= 1.0


@settings(max_examples=100)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_tags_never_moves_a_score(weights: list[float], random: Any) -> None:
    table = {f"t={n}": weight for n, weight in enumerate(weights)}
    tags = [str(n) for n in range(len(weights))]
    shuffled = random.sample(tags, len(tags))
    made = model({"version": 1, "categorical": table, "calibration": {"a": 1e-5}})
    first, second = made.score([{"t": tags}, {"t": shuffled}], timeout_s=1)
    assert first == second


def test_values_are_read_alike_everywhere() -> None:
    assert as_categories(True) == ("true",)
    assert as_categories(3.0) == as_categories(3) == ("3",)
    assert as_categories(2.5) == ("2.5",)
    assert as_categories(math.nan) == ()
    assert as_categories(["b", "a", "b"]) == ("b", "a")
    assert as_number(10**400) is None
    assert as_number(True) == 1.0
    assert logistic(math.inf) == 1.0
    assert logistic(-math.inf) == 0.0
    assert logistic(2.0) + logistic(-2.0) == pytest.approx(1.0)
