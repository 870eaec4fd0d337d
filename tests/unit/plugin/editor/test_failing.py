"""What editors read of a decision that had to do without something."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

import rules
from plugin.editor.failing import failures
from plugin.editor.vocabulary import vocabulary_of
from plugin.editor.why import why
from plugin.editor.words import Words
from plugin.flow.plan import plan
from plugin.flow.stand_in import stand_in
from plugin.flow.types import SlotAsk, Visit
from plugin.service.delivery.sites import site_of
from rules.attributes import BUILT_IN
from tests.unit.plugin.editor.texts import DOCUMENT


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


def test_what_stands_in_for_a_slot_is_told_like_any_decision() -> None:
    ruleset = rules.load(DOCUMENT)
    site = site_of(ruleset, ruleset.prepare([{"id": "welcome", "type": "hero"}]), 1, "1.1")
    ask = SlotAsk("home.hero")
    visit = Visit(attributes={}, asks=(ask,), now=datetime(2026, 11, 21, 12, 0, tzinfo=UTC), explain=True)
    decision, _rung = stand_in(ask, plan(visit, site), ())
    assert decision.trace is not None
    told = why(decision.trace, DOCUMENT, Words(vocabulary_of(DOCUMENT, BUILT_IN)), {}.get, ())
    assert (told.rules, [(one.id, one.kept) for one in told.candidates]) == ((), [("welcome", True)])
