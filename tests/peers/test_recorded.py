"""What the peers answered once is what ours answers now. Nothing of theirs is installed for that; no time counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.peers import agreement, ours, world

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "answers.v1.json").read_text(encoding="utf-8"))
ORACLE_LOOKS_AT = 40


def answers(engine: ours.Hints, count: int) -> list[list[str]]:
    flags = world.flags()
    engine.load(flags, world.segments())
    return [engine.on(engine.ask(engine.native(world.visitor(number)))) for number in range(count)]


def test_the_recording_is_of_these_flags() -> None:
    """Another generator needs another recording: `make bench-peers RECORD=1`."""
    assert RECORDED["generator"] == world.VERSION
    assert len(RECORDED["on"]) == RECORDED["visitors"]
    assert set(RECORDED["shares"]) == {one.name for one in world.flags() if not one.is_exact}


@pytest.mark.parametrize("form", [ours.Hints, ours.Decisions, ours.Slots])
def test_every_visitor_gets_what_the_peers_answered(form: type[ours.Hints]) -> None:
    count = RECORDED["visitors"] if form is ours.Hints else ORACLE_LOOKS_AT
    assert agreement.masks(world.flags(), answers(form(), count)) == RECORDED["on"][:count]


def test_the_naive_evaluator_says_the_same_shares_included() -> None:
    assert answers(ours.Oracle(), ORACLE_LOOKS_AT) == answers(ours.Hints(), ORACLE_LOOKS_AT)


def test_every_engine_took_in_about_the_share_asked_for() -> None:
    """Of the recording: within five percent points and three visitors, which no other share would be."""
    for name, row in RECORDED["shares"].items():
        percent, meeting = row["percent"], row["meeting"]
        for engine, inside in row.items():
            if engine not in ("percent", "meeting"):
                assert abs(inside - meeting * percent / 100) <= max(3, meeting * 0.05) + 4 * meeting**0.5 / 2, (
                    name,
                    engine,
                )


def test_a_flag_that_differs_is_told() -> None:
    """So that the comparison can fail."""
    flags = world.flags()
    mine = answers(ours.Hints(), 5)
    other = [[*one] for one in mine]
    exact = next(one.name for one in flags if one.is_exact and one.name not in mine[3])
    other[3].append(exact)
    assert agreement.differences(flags, mine, mine) == []
    assert len(agreement.differences(flags, mine, other)) == 1
    everybody = [[one.name for one in flags]] * 5
    assert agreement.unlikely_shares(flags, [[] for _ in range(5)], everybody)
