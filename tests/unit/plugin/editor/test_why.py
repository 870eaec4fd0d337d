"""A decision told: the trace is the engine's own, so that what is told is what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

import rules
from plugin.editor.phrases import plain
from plugin.editor.vocabulary import vocabulary_of
from plugin.editor.why import Told, Why, because, why
from plugin.editor.words import Words
from rules.attributes import BUILT_IN
from tests.unit.plugin.editor.texts import DOCUMENT

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONTENT = [
    {"id": "welcome", "type": "hero"},
    {"id": "gala", "type": "hero", "tags": ["vip"]},
    {"id": "local", "type": "hero", "region": "IDF"},
    {"id": "hero-bold", "type": "hero"},
    {"id": "secret", "type": "hero", "tags": ["audience:friends"]},
]
WORDS = Words(vocabulary_of(DOCUMENT, BUILT_IN))


def told(attributes: Mapping[str, object], document: Mapping[str, Any] = DOCUMENT, slot: str = "home.hero") -> Why:
    decision = rules.load(document).decide(slot, attributes, CONTENT, now=NOW, explain=True)
    assert decision.trace is not None
    pinning = {block.reason.rule for block in decision.blocks if block.reason.kind == "pin"}
    words = Words(vocabulary_of(document, BUILT_IN))
    return why(decision.trace, document, words, {"gala": "The gala"}.get, pinning)


def one(found: Why, id_: str) -> Told:
    (rule,) = [rule for rule in found.rules if rule.item.id == id_]
    return rule


def lines(rule: Told) -> list[tuple[int, str, bool, str | None]]:
    return [(line.depth, plain(line.phrase), line.held, line.seen) for line in rule.lines]


def test_a_rule_that_acts_says_what_held_and_what_it_did() -> None:
    found = told({"profile.spend": 900})
    rule = one(found, "hero-vip")
    assert (rule.status, rule.tone, rule.vain) == ("applies", "yes", ())
    assert lines(rule) == [(0, "the visitor is in Big spenders", True, None)]
    assert plain(rule.effect) == "pin the best-ranked entry tagged vip to the first free place"
    assert [name.text for name in found.segments] == ["Big spenders"]


def test_a_rule_that_does_not_hold_says_what_was_seen() -> None:
    rule = one(told({"geo.country": "DE"}), "hero-local")
    assert (rule.status, rule.tone) == ("does not hold", "no")
    assert lines(rule) == [(0, "the visitor’s country is FR or BE", False, "it is DE")]
    assert lines(one(told({}), "hero-local"))[0][3] == "not known"


def test_a_rule_without_a_condition_has_no_lines() -> None:
    assert one(told({}), "everywhere").lines == ()


def test_nested_conditions_keep_their_shape() -> None:
    when = {"any": [{"not": {"geo.country": "FR"}}, {"all": [{"time.hour": 12}, {"geo.eu": True}]}]}
    document = {**DOCUMENT, "rules": [{"id": "r", "slot": "home.hero", "when": when, "then": []}]}
    assert lines(one(told({"geo.country": "FR"}, document), "r")) == [
        (0, "at least one of these", False, None),
        (1, "this must not be so", False, None),
        (2, "the visitor’s country is FR", True, "it is FR"),
        (1, "all of these", False, None),
        (2, "it is between 12:00 and 12:59", False, "the hour is 13"),
        (2, "the visitor is in the EU", False, "not known"),
    ]


def pins(*rules_: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**DOCUMENT, "experiments": [], "rules": [{"slot": "home.hero", **rule} for rule in rules_]}


@pytest.mark.parametrize(
    ("second", "why_not"),
    [
        ({"pin": {"id": "local"}}, "no place was left for local: a rule further up took it"),
        ({"pin": {"id": "gala"}}, "no entry was left that it could take"),
        ({"pin": {"id": "secret"}}, "it could not take secret: tagged for an audience"),
    ],
)
def test_a_pin_without_effect_says_why(second: Mapping[str, Any], why_not: str) -> None:
    document = pins({"id": "a", "priority": 9, "then": [{"pin": {"id": "gala"}}]}, {"id": "b", "then": [second]})
    rule = one(told({}, document), "b")
    assert rule.tone == "stopped"
    assert plain(rule.vain).startswith(why_not)
    assert one(told({}, document), "a").vain == ()


def test_a_stopped_rule_says_so() -> None:
    document = pins(
        {"id": "a", "priority": 9, "then": [{"stop": True}]}, {"id": "b", "then": [{"pin": {"id": "gala"}}]}
    )
    assert one(told({}, document), "b").status == "holds, but another rule stopped it"


def test_a_rule_off_its_schedule_says_so() -> None:
    document = pins({"id": "a", "from": "2027-01-01", "then": []})
    rule = one(told({}, document), "a")
    assert (rule.status, rule.on_schedule) == ("would hold, but not at this time", False)
    assert rule.schedule == "from 1 Jan 2027, on the clock of Europe/Paris"


def test_each_entry_says_why_it_is_shown_or_not() -> None:
    hide = {"id": "no-gala", "name": "No gala", "slot": "home.hero", "then": [{"hide": {"id": "gala"}}]}
    document = {**DOCUMENT, "rules": [*DOCUMENT["rules"], hide]}
    found = told({"geo.country": "FR", "geo.region": "IDF"}, document)
    assert {entry.id: plain(entry.why) for entry in found.candidates} == {
        "local": "shown",
        "welcome": "no place left",
        "gala": "hidden by No gala",
        "hero-bold": "kept for an arm of an experiment",
        "secret": "tagged for an audience that the visitor is not in",
    }
    assert found.candidates[0].id == "local"
    assert (found.candidates[0].score, [plain(part) for part in found.candidates[0].parts]) == ("1", ["+1 hero-local"])
    assert next(entry.title for entry in found.candidates if entry.id == "gala") == "The gala"


def test_an_experiment_tells_the_arm() -> None:
    document = {**DOCUMENT, "rules": []}
    arms = {told({"visitor.id": f"v-{number}"}, document).experiments[0].status for number in range(20)}
    assert arms == {"in the arm “control”", "in the arm “bold”"}
    assert told({}, document).experiments[0].status == "this visitor is not in it"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ({"kind": "pin", "rule": "hero-vip"}, "pinned by The best for the best"),
        ({"kind": "score", "rule": "hero-local"}, "raised most by hero-local"),
        ({"kind": "score"}, "ranked by its date"),
        ({"kind": "score", "model": "m"}, "ranked by the model m"),
        ({"kind": "experiment", "experiment": "bold", "arm": "bold"}, "because of the experiment bold, arm “bold”"),
        ({"kind": "default"}, "the slot’s default, because nothing else was left"),
        ({"kind": "degraded"}, "a stand-in, because something failed on the way"),
    ],
)
def test_the_reason_of_a_block(reason: Mapping[str, Any], words: str) -> None:
    assert plain(because(reason, WORDS)) == words
