"""What editors read of a decision that had to do without something."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.editor.failing import failures


def step(rung: str, why: str, cause: str = "model:feed", age_s: float | None = None) -> dict[str, Any]:
    return {"degraded": {"rung": rung, "cause": cause, "why": why, "age_s": age_s}}


@pytest.mark.parametrize(
    ("trace", "sentence"),
    [
        (
            step("last_scores", "no answer within 80 ms", age_s=90.4),
            "The model “feed” gave no scores (no answer within 80 ms): those of 90 seconds ago rank the entries.",
        ),
        (
            step("last_scores", "it is down", age_s=600),
            "The model “feed” gave no scores (it is down): those of 10 minutes ago rank the entries.",
        ),
        (
            step("last_scores", "it is down", age_s=86_400),
            "The model “feed” gave no scores (it is down): those of 24 hours ago rank the entries.",
        ),
        (
            step("rules", "it is down"),
            "The model “feed” gave no scores (it is down): the rules alone rank the entries.",
        ),
        (
            step("default", "its rules failed; the log has it as incident i-1", "slot"),
            "The rules of this slot could not be evaluated: its default stands in. "
            "Its rules failed; the log has it as incident i-1.",
        ),
        (
            step("baseline", "its rules failed", "slot"),
            "The rules of this slot could not be evaluated, and it has no default that can be shown: "
            "what is published for everybody stands in. Its rules failed.",
        ),
    ],
)
def test_how_far_a_slot_came_down_is_one_sentence(trace: dict[str, Any], sentence: str) -> None:
    told = trace["degraded"]
    named = [told["cause"]] if told["cause"] != "slot" else []
    assert list(failures([*named, f"slot:feed:{told['rung']}"], trace)) == [sentence]


def test_what_else_failed_is_told_too() -> None:
    found = list(failures(["template:hero", "draft:site/a", "profile", "events", "moon:full"], {}))
    assert found == [
        "The template of the type “hero” failed: its blocks have no markup.",
        "The draft site/a cannot be had: what is published stands in its place.",
        "What is kept of this visitor cannot be read now.",
        "The events that came along could not be kept.",
        "Something failed on the way: moon:full.",
    ]
