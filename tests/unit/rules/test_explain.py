"""The explanation is the decision itself: it never says anything else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, note

import rules
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

NOW = "2026-11-21T12:00:00Z"
DOCUMENT: dict[str, Any] = {
    "attributes": {"profile.spend": {"type": "number", "purpose": "ads"}},
    "segments": [{"id": "vip", "when": {"profile.spend": {"gte": 500}}}],
    "slots": [{"id": "s", "limit": 2, "cap": {"per_visitor": 1, "within": "1d"}}],
    "rules": [
        {
            "id": "pin",
            "slot": "s",
            "priority": 2,
            "when": {"segment": "vip"},
            "then": [{"pin": {"id": "a"}, "position": 2}],
        },
        {
            "id": "hide",
            "slot": "s",
            "when": {"any": [{"geo.country": "FR"}, {"profile.spend": {"gt": 9}}]},
            "then": [{"hide": {"id": "b"}}],
        },
        {
            "id": "stop",
            "slot": "s",
            "priority": 1,
            "when": {"request.ip": {"in_network": "10.0.0.0/8"}},
            "then": [{"stop": True}],
        },
        {"id": "late", "slot": "s", "from": "2027-01-01", "then": [{"hide": {}}]},
    ],
}
CONTENT = [{"id": name} for name in "abcde"]


def trace(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The trace of a decision."""
    decision = rules.load(DOCUMENT).decide("s", attributes, CONTENT, now=NOW, explain=True, **more)
    assert decision.trace is not None
    return dict(decision.trace)


def test_every_rule_tells_whether_it_holds_and_why() -> None:
    """With the truth of each part and the value seen."""
    found = {rule["id"]: rule for rule in trace({"profile.spend": 900, "geo.country": "DE"})["rules"]}
    assert {name: rule["status"] for name, rule in found.items()} == {
        "pin": "applied",
        "stop": "does not hold",
        "hide": "applied",
        "late": "off schedule",
    }
    assert found["hide"]["condition"] == {
        "any": [
            {"attribute": "geo.country", "test": "eq", "value": "FR", "seen": "DE", "holds": False},
            {"attribute": "profile.spend", "test": "gt", "value": 9, "seen": 900, "holds": True},
        ],
        "holds": True,
    }
    assert found["pin"]["condition"] == {"segment": ["vip"], "held": ["vip"], "holds": True}


def test_what_is_missing_says_why() -> None:
    """Not known, of another type, or refused."""

    def missing(attributes: dict[str, Any]) -> str:
        rule = next(rule for rule in trace(attributes)["rules"] if rule["id"] == "hide")
        return str(rule["condition"]["any"][1]["missing"])

    assert missing({}) == "not known"
    assert missing({"profile.spend": "900"}) == "of another type"
    assert missing({"profile.spend": 900, "consent.ads": False}) == "no consent for ads"
    assert trace({"profile.spend": "900"})["mistyped"] == ["profile.spend"]


def test_the_address_is_never_shown() -> None:
    """Nor anywhere else in the trace."""
    text = json.dumps(trace({"request.ip": "10.1.2.3"}))
    assert "10.1.2.3" not in text
    stopped = {rule["id"]: rule["status"] for rule in trace({"request.ip": "10.1.2.3", "geo.country": "FR"})["rules"]}
    assert (stopped["stop"], stopped["hide"]) == ("applied", "stopped")


def test_every_candidate_tells_why_it_was_kept_or_dropped() -> None:
    """Shown, hidden by whom, over the cap, excluded, beyond the limit."""
    found = trace({"geo.country": "FR"}, exposures={"c": [NOW]}, exclude=["d"])
    rows = {row["id"]: row for row in found["candidates"]}
    assert {name: row["why"] for name, row in rows.items()} == {
        "a": "shown",
        "b": "hide",
        "c": "cap",
        "d": "exclude",
        "e": "shown",
    }
    assert rows["b"]["by"] == {"rule": "hide"}
    assert [rows[name]["position"] for name in "ae"] == [1, 2]
    assert {row["id"]: row["why"] for row in trace({})["candidates"]}["c"] == "beyond the limit"


@given(world=worlds())
@searched(120)
def test_an_explanation_agrees_with_the_decision(world: World) -> None:
    """In every world: it changes nothing, is JSON, and names the blocks, the rules and the arms of the answer."""
    ruleset = rules.load(world.document)
    prepared = ruleset.prepare(world.content)
    for slot in world.slots:
        for person in world.people:

            def decide(explain: bool, slot: str = slot, person: Any = person) -> rules.Decision:
                return ruleset.decide(
                    slot,
                    person.attributes,
                    prepared,
                    segments=person.segments,
                    now=world.now,
                    scores=world.scores,
                    exposures=world.exposures,
                    limit=world.limit,
                    exclude=world.exclude,
                    explain=explain,
                )

            plain, explained = decide(False), decide(True)
            note((slot, person))
            assert plain.blocks == explained.blocks
            assert plain.audience_key == explained.audience_key
            found: dict[str, Any] = json.loads(json.dumps(explained.trace))
            shown = sorted((row["position"], row["id"]) for row in found["candidates"] if row["kept"])
            assert shown == [(block.position, block.id) for block in explained.blocks]
            status = {rule["id"]: rule["status"] for rule in found["rules"]}
            facts = ruleset.facts(person.attributes, segments=person.segments, now=world.now)
            holding = {rule.id for rule in ruleset.compiled(slot).holding(facts)}
            for rule in found["rules"]:
                assert (rule["holds"] and rule["on_schedule"]) is (rule["id"] in holding)
                assert rule["condition"]["holds"] is rule["holds"]
                if rule["status"] in ("applied", "stopped"):
                    assert rule["id"] in holding
            assert all(status[name] == "applied" for name in explained.rules)
            assert {one["id"]: one["arm"] for one in found["experiments"] if one["arm"]} == dict(explained.arms)
            assert {one["id"] for one in found["experiments"] if one["exposed"]} == set(explained.exposed)
            assert found["segments"] == list(explained.segments)
            for row in found["candidates"]:
                block = next((block for block in explained.blocks if row["kept"] and block.id == row["id"]), None)
                if block is not None and not explained.fallback:
                    assert row["score"]["total"] == block.score
