"""How the storefront says that a slot came down the ladder."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from plugin.demo.ladder_words import step_sentence
from plugin.demo.words import LANGUAGES
from plugin.flow.types import Rung, Step


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("rung", get_args(Rung))
def test_every_rung_has_a_sentence_in_every_language(lang: str, rung: Any) -> None:
    cause = "model:feed" if rung in ("last_scores", "rules") else "slot"
    said = step_sentence(lang, Step(rung, cause, "it is down", 90.0).to_dict())
    assert said.endswith(".")
    assert "{" not in said
    assert ("feed" in said) == (cause != "slot")


@pytest.mark.parametrize(
    ("age_s", "said"), [(0.4, "0\u00a0s"), (119, "119\u00a0s"), (600, "10\u00a0min"), (86_000, "24\u00a0h")]
)
def test_the_age_of_last_scores_is_told_roughly(age_s: float, said: str) -> None:
    step = Step("last_scores", "model:feed", "it is down", age_s).to_dict()
    assert step_sentence("en", step) == (
        f"The model feed gave no scores in time: those of {said} ago ranked the entries."
    )
