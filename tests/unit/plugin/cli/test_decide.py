"""`tessera decide`: one decision from files, in the shape in which the API answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugin.web.schemas.personalize import PersonalizeAnswer
from tests.unit.plugin.cli.conftest import RULES, Tessera

Decide = Callable[..., dict[str, Any]]


@pytest.fixture
def decide(run: Tessera, rules: Path, content: Path) -> Decide:
    def call(context: object, *more: str, slot: str = "home.hero") -> dict[str, Any]:
        given = json.dumps(context)
        result = run(
            "decide", "--rules", str(rules), "--content", str(content), "--slot", slot, "--context", given, *more
        )
        assert result.exit_code == 0, result.stderr
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    return call


def ids(answer: dict[str, Any], slot: str = "home.hero") -> list[str]:
    return [block["id"] for block in answer["slots"][slot]["blocks"]]


def test_the_answer_has_the_form_of_the_api(decide: Decide) -> None:
    """By the schema of the API, but for what only a server can give: that is null."""
    answer = decide({"geo.country": "FR", "visitor": {"id": "v-1"}})
    assert (answer["ruleset"], answer["decision_id"]) == (None, None)
    assert answer["visitor"] == {"id": "v-1", "segments": ["french"]}
    block = answer["slots"]["home.hero"]["blocks"][0]
    assert block["id"] == "gold"
    assert block["reason"]["rule"] == "vip-first"
    assert block["fields"] == {"title": "Gold"}
    known = PersonalizeAnswer().fields
    assert set(answer) <= set(known)


def test_the_context_of_the_api_and_flat_attributes_are_one_thing(decide: Decide) -> None:
    flat = decide({"geo.country": "FR"})
    assert ids(flat) == ["gold"]
    body = decide({"context": {"geo": {"country": "FR"}}})
    beside = decide({"geo": {"country": "FR"}, "locale": "fr-FR", "timezone": "Europe/Paris"})
    told = decide({"attributes": {"geo.country": "FR"}})
    assert ids(body) == ids(beside) == ids(told) == ["gold"]
    assert ids(decide({"geo": {"country": "FR"}, "geo.country": "DE"})) == ["welcome"]


def test_segments_and_arms_given_count(decide: Decide) -> None:
    assert ids(decide({"segments": ["french"]})) == ["gold"]


def test_exposures_given_count_for_caps(run: Tessera, here: Path, content: Path) -> None:
    path = here / "caps.yaml"
    path.write_text("slots: [{id: s, cap: {per_visitor: 1, within: 1d}, select: {id: gold}, default: {id: welcome}}]\n")
    arguments = ("decide", "--rules", str(path), "--content", str(content), "--slot", "s", "--at", "2026-11-21T12:00Z")
    seen = json.dumps({"exposures": {"gold": ["2026-11-21T10:00:00Z"]}})
    assert ids(json.loads(run(*arguments).stdout), "s") == ["gold"]
    assert ids(json.loads(run(*arguments, "--context", seen).stdout), "s") == ["welcome"]


def test_the_clock_is_the_one_given(run: Tessera, here: Path, content: Path) -> None:
    path = here / "time.yaml"
    path.write_text(RULES.replace("segment: french", "time.hour: {gte: 18}"))
    arguments = ("decide", "--rules", str(path), "--content", str(content), "--slot", "home.hero", "--at")
    assert ids(json.loads(run(*arguments, "2026-11-21T20:00:00Z").stdout)) == ["gold"]
    assert ids(json.loads(run(*arguments, "2026-11-21T20:00:00+09:00").stdout)) == ["welcome"]
    assert run(*arguments, "tonight").exit_code == 2


def test_explain_adds_the_trace(decide: Decide) -> None:
    assert "trace" not in decide({})["slots"]["home.hero"]
    assert "trace" in decide({}, "--explain")["slots"]["home.hero"]


def test_the_same_call_prints_the_same_bytes(run: Tessera, rules: Path, content: Path) -> None:
    arguments = (
        "decide",
        "--rules",
        str(rules),
        "--content",
        str(content),
        "--slot",
        "home.hero",
        "--at",
        "2026-11-21",
    )
    assert run(*arguments).stdout == run(*arguments).stdout


def test_the_context_may_come_from_a_file(run: Tessera, here: Path, rules: Path, content: Path) -> None:
    (here / "visitor.json").write_text('{"geo.country": "FR"}')
    arguments = ("decide", "--rules", str(rules), "--content", str(content), "--slot", "home.hero", "--context")
    assert ids(json.loads(run(*arguments, "@visitor.json").stdout)) == ["gold"]
    missing = run(*arguments, "@nobody.json")
    assert missing.exit_code == 2
    assert "nobody.json cannot be read" in missing.stderr


def test_an_unknown_slot_gets_the_nearest_name(run: Tessera, rules: Path) -> None:
    result = run("decide", "--rules", str(rules), "--slot", "home.hreo")
    assert result.exit_code == 1
    assert result.stderr == "tessera: no slot 'home.hreo'; did you mean 'home.hero'?\n"


def test_of_several_slots_the_unknown_is_reported_beside_the_others(decide: Decide) -> None:
    answer = decide({}, "--slot", "home.feed")
    assert ids(answer) == ["welcome"]
    assert [error["slot"] for error in answer["errors"]] == ["home.feed"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", "not JSON"),
        ('{"a": NaN}', "NaN is no number"),
        ("[]", "the context is a JSON object"),
        ('{"locle": "fr"}', "did you mean 'locale'?"),
        ('{"segments": "french"}', "'segments' is a list"),
        ('{"visitor": {"id": 7}}', "'visitor' is"),
        ('{"exposures": {"gold": ["today"]}}', "'exposures' of 'gold'"),
        ('{"arms": {"x": 1}}', "'arms' maps"),
        ('{"attributes": []}', "'attributes' is a JSON object"),
    ],
)
def test_a_context_that_is_none_is_wrong_usage(run: Tessera, rules: Path, given: str, said: str) -> None:
    result = run("decide", "--rules", str(rules), "--slot", "home.hero", "--context", given)
    assert result.exit_code == 2
    assert said in result.stderr


def test_an_attribute_that_no_rule_can_read_is_warned_of(run: Tessera, rules: Path) -> None:
    result = run("decide", "--rules", str(rules), "--slot", "home.hero", "--context", '{"geo.contry": "FR"}')
    assert result.exit_code == 0
    assert "warning: no rule can read 'geo.contry'" in result.stderr
    assert "'geo.country'" in result.stderr


def test_models_are_those_of_the_settings_and_without_them_the_answer_is_degraded(
    run: Tessera, here: Path, content: Path
) -> None:
    path = here / "model.yaml"
    path.write_text("slots: [{id: s, select: {content.type: hero}, blend: {model: {name: taste}}}]\n")
    arguments = ("decide", "--rules", str(path), "--content", str(content), "--slot", "s")
    alone = json.loads(run(*arguments).stdout)
    assert alone["degraded"] == ["model:taste", "slot:s:rules"]
    (here / "tessera.toml").write_text(
        '[models.taste]\nadapter = "linear"\n'
        'weights = {version = 1, bias = 0.0, categorical = {"content.tags=vip" = 3.0}}\n'
    )
    scored = json.loads(run(*arguments).stdout)
    assert scored["degraded"] == []
    (block,) = scored["slots"]["s"]["blocks"]
    assert (block["id"], block["reason"]["model"]) == ("gold", "taste")
    assert block["score"] == pytest.approx(0.9526, abs=1e-4)


def test_broken_rules_are_problems_with_their_places(run: Tessera, here: Path) -> None:
    path = here / "broken.yaml"
    path.write_text("slots: [{id: a}]\nrules:\n  - {id: r, slot: b, then: []}\n")
    result = run("decide", "--rules", str(path), "--slot", "a")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{path}:3:19: there is no slot 'b'")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {title: x}\n", "content.yaml:1:3: an entry is a mapping with an 'id'"),
        ("pages: []\n", "want a list of entries"),
        ("- {id: a}\n- {id: a, tags: 3}\n", "the tags of 'a'"),
        ("- [\n", "not YAML"),
    ],
)
def test_content_that_is_none_is_said_with_its_place(
    run: Tessera, rules: Path, content: Path, text: str, said: str
) -> None:
    content.write_text(text)
    result = run("decide", "--rules", str(rules), "--content", str(content), "--slot", "home.hero")
    assert result.exit_code == 1
    assert said in result.stderr
