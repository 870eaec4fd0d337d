"""What every model adapter promises, run over all that are registered."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from adapters import registry
from adapters.models.port import Feature, FeatureRow, ModelAdapter, ModelOptionsError
from adapters.runtime import Runtime
from tests.contract.models.harness import HARNESSES

COUNTRIES = ("FR", "DE", "", "日本")


@pytest.fixture(params=sorted(registry.discover("models")))
def model(request: pytest.FixtureRequest) -> Iterator[ModelAdapter]:
    with HARNESSES[request.param]() as live:  # a KeyError: this adapter has no harness
        yield live


def rows(n: int) -> list[FeatureRow]:
    made: list[FeatureRow] = []
    for i in range(n):
        row: dict[str, Feature] = {
            "profile.spend": i * 1.5,
            "geo.country": COUNTRIES[i % 4],
            "device.type": "mobile" if i % 2 else None,
            "content.type": "hero",
            "content.tags": ("vip", "new")[: i % 3],
        }
        made.append(row)
    return made


def test_the_spec_says_what_callers_need(model: ModelAdapter) -> None:
    spec = model.spec
    assert spec.name
    assert spec.scale in ("probability", "unbounded")
    assert spec.per
    assert spec.per <= {"audience", "visitor"}


@pytest.mark.parametrize("n", [0, 1, 257])
def test_one_finite_score_per_row_in_order(model: ModelAdapter, n: int) -> None:
    batch = rows(n)
    scores = model.score(batch, timeout_s=5.0)
    assert len(scores) == n
    assert all(math.isfinite(score) and 0 <= score <= 1 for score in scores)
    alone = [model.score([row], timeout_s=5.0)[0] for row in batch[:3]]
    assert list(scores[:3]) == alone


def test_the_same_rows_get_the_same_scores_whatever_their_order(model: ModelAdapter) -> None:
    batch = rows(50)
    forwards = model.score(batch, timeout_s=5.0)
    backwards = model.score(batch[::-1], timeout_s=5.0)
    assert list(forwards) == list(backwards)[::-1]


def test_unknown_missing_and_odd_values_are_no_error(model: ModelAdapter) -> None:
    odd: list[FeatureRow] = [
        {},
        {"no.such.feature": "x", "geo.country": None},
        {"profile.spend": math.nan},
        {"profile.spend": math.inf, "content.tags": []},
        {"geo.country": True, "content.tags": "vip"},
        {"geo.country": "\ud800", "content.type": 3},
    ]
    scores = model.score(odd, timeout_s=5.0)
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] == scores[1] == scores[2], "what is not there does not count"


def test_threads_get_the_scores_of_their_own_rows(model: ModelAdapter) -> None:
    batches = [rows(n) for n in range(1, 20)]
    expected = [list(model.score(batch, timeout_s=5.0)) for batch in batches]
    with ThreadPoolExecutor(6) as pool:
        got = list(pool.map(lambda batch: list(model.score(batch, timeout_s=10.0)), batches))
    assert got == expected


def test_a_healthy_model_answers_a_ping_and_closes_twice(model: ModelAdapter) -> None:
    model.ping()
    model.close()
    model.close()


@pytest.mark.parametrize("name", sorted(registry.discover("models")))
def test_unknown_options_are_named(name: str) -> None:
    with pytest.raises(ModelOptionsError) as caught:
        registry.model(name)({"no_such_option": "secret"}, Runtime.system())
    assert any(problem.startswith("no_such_option: unknown") for problem in caught.value.problems)
    assert "secret" not in str(caught.value)
