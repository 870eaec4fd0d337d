"""What measures, and what is shown of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import pytest

import rules
from plugin.bench import inprocess, naive, patterns, run
from plugin.bench.clock import compare
from plugin.bench.generator import make, moments, visitors
from plugin.bench.http import ANONYMOUS, FLOOR, PERSISTED, WHOLE, Http, Served, WrongStatusError
from plugin.bench.inprocess import IN_TURN, INDEX, LOOP, ORACLE, Effort, WrongAnswerError
from plugin.bench.picture import draw
from plugin.bench.publishing import STEPS, as_yaml, publish
from plugin.bench.report import as_text
from plugin.bench.requests import PATH, raw_gets, raw_graphql, raw_graphql_gets, raw_requests
from plugin.bench.run import Target
from rules.rules import Rule

SMALL = Effort(rounds=2, calls=3, visitors=10, checked=5)


def test_contenders_take_turns_and_get_numbers_of_their_own() -> None:
    seen: list[tuple[str, int]] = []
    timings = compare(
        {"a": lambda number: seen.append(("a", number)), "b": lambda number: seen.append(("b", number))},
        rounds=2,
        calls={"a": 2, "b": 1},
    )
    assert seen == [("a", 0), ("b", 0), ("a", 0), ("a", 1), ("b", 0), ("a", 2), ("a", 3), ("b", 1)]
    assert {name: timing.calls for name, timing in timings.items()} == {"a": 4, "b": 2}
    assert all(0 <= timing.median_us <= timing.p99_us for timing in timings.values())


@pytest.mark.parametrize("shape", inprocess.SHAPES)
def test_an_evaluation_compares_answers_and_times_each_contender(shape: str) -> None:
    found = inprocess.evaluate(shape, 30, SMALL)
    assert set(found.timings) == {INDEX, IN_TURN, ORACLE, LOOP}
    assert found.checked == {IN_TURN: 5, ORACLE: 5}
    assert found.timings[INDEX].calls == 6


def test_a_wrong_answer_ends_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of something that answers wrongly are worth nothing."""
    true = naive.compiled

    def forgetful(ruleset: rules.Ruleset, slot: str) -> naive.Answer:
        answer = true(ruleset, slot)

        def shortened(attributes: Mapping[str, object], now: datetime) -> list[Rule]:
            return answer(attributes, now)[1:]

        return shortened

    monkeypatch.setattr(naive, "compiled", forgetful)
    with pytest.raises(WrongAnswerError, match="visitor"):
        inprocess.evaluate("half", 30, SMALL)


def test_whole_decisions_are_compared_with_the_naive_ones() -> None:
    found = inprocess.decide(slots=2, size=40, effort=SMALL)
    assert found.checked == 5
    assert found.timings[INDEX].calls == 6


def test_publishing_times_each_step_of_the_same_document() -> None:
    found = publish(size=40, runs=1)
    assert set(found.seconds) == set(STEPS)
    document = make("equalities", rules=40).document
    assert rules.load(as_yaml(document)).digest == rules.load(document).digest


def test_requests_ask_for_every_slot_with_what_a_browser_sends() -> None:
    people = visitors(3)
    raw = raw_requests(people, ("slot-0", "slot-1"), "127.0.0.1")
    for one, person in zip(raw, people, strict=True):
        head, _blank, body = one.partition(b"\r\n\r\n")
        assert head.startswith(f"POST {PATH} HTTP/1.1\r\n".encode())
        assert f"Content-Length: {len(body)}".encode() in head
        parsed = json.loads(body)
        assert [slot["id"] for slot in parsed["slots"]] == ["slot-0", "slot-1"]
        assert parsed["visitor"]["id"] == person["visitor.id"]


def test_graphql_is_asked_what_rest_is_by_text_and_by_hash() -> None:
    people, slots = visitors(3), ("slot-0", "slot-1")
    rest = [json.loads(one.partition(b"\r\n\r\n")[2]) for one in raw_requests(people, slots, "x", named=False)]
    name = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(WHOLE.encode()).hexdigest()}}
    for sends, expected in (("text", {"query": WHOLE}), ("hash", {"extensions": name})):
        raw = raw_graphql(people, slots, "x", WHOLE, sends=(sends,))
        bodies = [json.loads(one.partition(b"\r\n\r\n")[2]) for one in raw]
        assert bodies == [{**expected, "variables": body} for body in rest]
    for one, get in zip(raw_graphql_gets(people, slots, "x", WHOLE), raw_gets(people, slots, "x"), strict=True):
        said, plain = (dict(parse_qsl(raw.split(b" ")[1].decode().partition("?")[2])) for raw in (one, get))
        assert json.loads(said.pop("extensions")) == name
        assert [slot["id"] for slot in json.loads(said.pop("variables"))["slots"]] == plain.pop("slots").split(",")
        assert said == plain


def test_each_is_told_beside_what_it_is_compared_with() -> None:
    """Rounds by themselves: a round in which the machine was slow is slow for both."""
    rounds = {FLOOR: [100.0, 200.0, 100.0], ANONYMOUS: [150.0, 300.0, 150.0], PERSISTED: [180.0, 360.0, 180.0]}
    served = {name: Served(cpu, [1.0]) for name, cpu in rounds.items()}
    found = Http(3, 1_000, 100, 3, served)
    assert (found.ratio(ANONYMOUS), found.ratio(PERSISTED)) == (1.5, 1.2)


def result() -> dict[str, Any]:
    """A result of each part, as `run` gives it, with figures of its own."""
    timing = {"median_us": 10.0, "p99_us": 20.0, "calls": 5}
    rows = [
        {
            "shape": shape,
            "rules": size,
            "holding_percent": 2.0,
            "timings": {
                INDEX: {**timing, "median_us": 3.0 * size**0.3},
                IN_TURN: {**timing, "median_us": 2.0 * size},
                ORACLE: {**timing, "median_us": 20.0 * size},
                LOOP: timing,
            },
            "times_faster": {IN_TURN: 9.0, ORACLE: 90.0},
            "answers_compared": {IN_TURN: 5, ORACLE: 5},
        }
        for shape in inprocess.SHAPES
        for size in inprocess.SIZES
    ]
    target = Target("rules that hold", 12.3, 15, "µs")
    return {
        "generator": 1,
        "quick": True,
        "machine": {
            "python": "3.11",
            "implementation": "CPython",
            "cores": 2,
            "system": "Linux",
            "architecture": "x86_64",
        },
        "evaluation": {"rows": rows},
        "targets": [target.to_dict()],
        "failed": {},
    }


def test_targets_know_whether_they_are_met() -> None:
    assert Target("a", 15.0, 15, "µs").met
    assert not Target("a", 15.1, 15, "µs").met
    assert not Target("a", 29.0, 30, "times", least=True).met
    assert Target("a", 30.0, 30, "times", least=True).to_dict() == {
        "what": "a",
        "measured": 30.0,
        "limit": ">= 30 times",
        "met": True,
    }


def test_the_report_shows_every_row_and_target() -> None:
    text = as_text(result())
    for shape in inprocess.SHAPES:
        assert text.count(f"\n{shape} ") == len(inprocess.SIZES)
    assert "10,000" in text
    assert "<= 15 µs" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_part_that_fails_is_named_beside_what_the_others_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_given: object) -> tuple[dict[str, Any], list[Target]]:
        raise WrongStatusError("the server closed the connection")

    def works(*_given: object) -> tuple[dict[str, Any], list[Target]]:
        return {"cpu_seconds": {"parse": 1.0}, "total_cpu_seconds": 1.0, "rules": 3, "yaml_bytes": 5}, []

    monkeypatch.setattr(run, "_PARTS", {"http": fails, "publishing": works})
    found = run.run(quick=True, parts=("http", "publishing"), say=lambda _text: None)
    assert found["failed"] == {"http": "WrongStatusError: the server closed the connection"}
    assert "http" not in found
    text = as_text(found)
    assert "Publishing 3 rules" in text
    assert "http: WrongStatusError: the server closed the connection" in text


def test_of_events_what_was_measured_is_shown_where_something_failed() -> None:
    accepting = {"events_per_s": 5_100, "cpu_us_an_event": 120.5, "loop_us": 25.0, "rounds": [5_100]}
    seen = {"median_ms": 31.5, "p99_ms": 99.0, "probes": 40, "events_per_s": 300, "loop_us": 25.5}
    streams = {"local": {"accepting": accepting}, "redis": {"seen": seen, "bytes_a_visitor": 1_849}}
    text = as_text({**result(), "events": streams})
    (local,) = (line for line in text.splitlines() if line.startswith("local"))
    (redis,) = (line for line in text.splitlines() if line.startswith("redis"))
    assert local.split() == ["local", "5,100", "120.5", "25.0", "-", "-", "-", "-", "-"]
    assert redis.split() == ["redis", "-", "-", "-", "-", "-", "31.5", "99.0", "25.5"]
    assert "takes 1,849 bytes of Redis" in text


def test_the_picture_is_sound_svg_with_a_curve_for_each_shape_and_the_naive_ones() -> None:
    tree = ET.fromstring(draw(result()["evaluation"]["rows"]))
    space = "{http://www.w3.org/2000/svg}"
    curves = tree.findall(f"{space}polyline")
    assert len(curves) == len(inprocess.SHAPES) + 2
    for curve in curves:
        points = [tuple(map(float, pair.split(","))) for pair in curve.attrib["points"].split()]
        assert len(points) == len(inprocess.SIZES)
        assert [x for x, _y in points] == sorted(x for x, _y in points)
        heights = [y for _x, y in points]
        assert heights == sorted(heights, reverse=True)
    labels = {text.text for text in tree.findall(f"{space}text")}
    assert {"10", "100", "1,000", "10,000", IN_TURN, ORACLE} <= labels
    assert "prefers-color-scheme: dark" in (tree.findtext(f"{space}style") or "")


def test_moments_move_on_with_every_call() -> None:
    found = moments(3)
    assert found[0] < found[1] < found[2]


def test_windows_are_evaluated_by_the_engine_and_what_a_visitor_takes_is_sampled() -> None:
    found = patterns.speeds(6, rounds=1)
    assert [one.events for one in found] == [5, 20]
    assert all(one.per_s > 0 for one in found)
    sizes = patterns.sizes(6, 2_000)
    assert len(sizes) == patterns.SAMPLES
    assert sizes == sorted(sizes), "nothing is forgotten so soon"
    shown = {"patterns": 6, "speeds": [], "visitors": 100, "days": 90, "events": 2_000, "bytes_a_visitor": sizes}
    assert f"{sizes[0]:,}, {sizes[1]:,}" in as_text({**result(), "patterns": shown})
