"""Experiments: who enters, arms, groups, holdouts, reservations, exposures."""

from __future__ import annotations

from typing import Any

import pytest

import rules
from rules.buckets import bucket

NOW = "2026-11-21T12:00:00Z"
CONTENT = [{"id": "bold"}, {"id": "plain"}, {"id": "other"}]
PEOPLE = [f"v{number}" for number in range(400)]


def experiment(name: str = "e", **more: Any) -> dict[str, Any]:
    """Two arms of equal weight; one of them pins `bold`."""
    arms = [{"id": "control"}, {"id": "bold", "then": [{"pin": {"id": "bold"}}]}]
    return {"id": name, "slot": "s", "arms": arms, **more}


def load(*experiments: dict[str, Any], **more: Any) -> rules.Ruleset:
    """A document with these experiments."""
    return rules.load({"slots": [{"id": "s"}, {"id": "t"}], "experiments": list(experiments), **more})


def arms(loaded: rules.Ruleset, slot: str = "s", now: str = NOW, **attributes: Any) -> dict[str, dict[str, str]]:
    """The arms of everybody."""
    prepared = loaded.prepare(CONTENT)
    return {
        name: dict(loaded.decide(slot, {"visitor.id": name, **attributes}, prepared, now=now).arms) for name in PEOPLE
    }


def test_arms_follow_the_buckets() -> None:
    """By `SALT:traffic` and `SALT:arm`; the salt is the id unless given."""
    for salt in ({}, {"salt": "q"}):
        word = salt.get("salt", "e")
        found = arms(load(experiment(traffic=50, **salt)))
        for name in PEOPLE:
            entered = bucket(f"{word}:traffic", name) < 5000
            arm = "control" if bucket(f"{word}:arm", name) * 2 < 10_000 else "bold"
            assert found[name] == ({"e": arm} if entered else {})


def test_changing_the_traffic_moves_nobody_between_arms() -> None:
    """Who was in stays where they were."""
    small, large = arms(load(experiment(traffic=20))), arms(load(experiment(traffic=80)))
    assert 0 < sum(map(bool, small.values())) < sum(map(bool, large.values()))
    assert all(large[name] == found for name, found in small.items() if found)


@pytest.mark.parametrize("traffic", [0, 100])
def test_nobody_and_everybody(traffic: int) -> None:
    """The ends of the range."""
    assert {bool(found) for found in arms(load(experiment(traffic=traffic))).values()} == {traffic == 100}


@pytest.mark.parametrize("attributes", [{}, {"visitor.id": None}, {"visitor.id": 5}, {"visitor.id": ""}])
def test_without_an_id_nobody_enters(attributes: dict[str, Any]) -> None:
    """Nor is anybody held out."""
    loaded = load(experiment(), holdout={"percent": 100, "salt": "h"})
    decision = loaded.decide("s", attributes, CONTENT, now=NOW)
    assert (decision.arms, decision.exposed) == ({}, ())


def test_a_person_experiment_is_for_known_visitors() -> None:
    """`unit: person`; the default is the device."""
    loaded = load(experiment(unit="person"))
    assert not any(arms(loaded).values())
    assert not any(arms(loaded, **{"visitor.known": False}).values())
    assert all(arms(loaded, **{"visitor.known": True}).values())


def test_buckets_hash_what_stands_for_the_device_or_the_person() -> None:
    """So that arms do not follow an id that a site or a visitor chose, and stay when a visitor logs in."""
    by_device, by_person = load(experiment()), load(experiment(unit="person"))
    given = {"visitor.known": True, "@unit": "device-7", "@person": "person-9"}
    for loaded, name in ((by_device, "device-7"), (by_person, "person-9")):
        arm = "control" if bucket("e:arm", name) * 2 < 10_000 else "bold"
        assert {found["e"] for found in arms(loaded, **given).values()} == {arm}
    below = bucket("q", "device-7") / 100
    for limit, held in ((below, False), (below + 0.01, True)):
        condition = {"visitor.id": {"percent": {"lt": limit, "salt": "q"}}}
        assert rules.matches(condition, {"visitor.id": "v1", **given}) is held


def test_conditions_and_schedules_decide_who_may_enter() -> None:
    """As for rules; another slot is not touched."""
    loaded = load(experiment(when={"geo.country": "FR"}, **{"from": "2026-11-21", "until": "2026-11-22"}))
    assert all(arms(loaded, **{"geo.country": "FR"}).values())
    assert not any(arms(loaded, **{"geo.country": "DE"}).values())
    assert not any(arms(loaded, now="2026-11-22T00:00:00Z", **{"geo.country": "FR"}).values())
    assert not any(arms(loaded, "t", **{"geo.country": "FR"}).values())


def test_experiments_of_a_group_exclude_each_other() -> None:
    """By `NAME:group`, in equal shares in the order of the ids; a disabled one keeps its share."""
    loaded = load(experiment("b", group="g"), experiment("a", group="g", enabled=False), experiment("c", group="g"))
    for name, found in arms(loaded).items():
        chosen = "abc"[bucket("g:group", name) * 3 // 10_000]
        assert list(found) == ([] if chosen == "a" else [chosen])


def test_the_holdout_is_kept_out_of_everything() -> None:
    """Rules and experiments alike; reservations still hold."""
    rule = {"id": "r", "slot": "s", "then": [{"hide": {"id": "other"}}, {"set": {"presentation.a": 1}}]}
    loaded = load(experiment(), rules=[rule], holdout={"percent": 30, "salt": "h"})
    for name in PEOPLE:
        decision = loaded.decide("s", {"visitor.id": name}, CONTENT, now=NOW)
        out = bucket("h", name) < 3000
        assert (decision.arms == {}) is out
        assert (decision.presentation == {}) is out
        if out:
            assert decision.blocks[0].id == "other"


def everywhere(loaded: rules.Ruleset, slot: str = "s", now: str = NOW, arm: str | None = None) -> set[str]:
    """The ids that are candidates for a visitor in an arm, or in none."""
    facts = loaded.facts({"visitor.id": "v"}, now=now)
    plan = loaded.plan(slot, facts, loaded.prepare(CONTENT), arms={"e": arm or "none"})
    return {entry.id for place, entry in enumerate(plan.pool.entries) if plan.candidates >> place & 1}


def test_an_entry_that_an_experiment_pins_by_id_is_for_the_arms_that_pin_it() -> None:
    """In its slots, from its `from` to its `until`; `shared: true` lifts this, and so does disabling it."""
    span = {"from": "2026-11-21", "until": "2026-11-22"}
    loaded = load(experiment(**span))
    assert everywhere(loaded) == {"plain", "other"}
    assert everywhere(loaded, arm="control") == {"plain", "other"}
    assert everywhere(loaded, arm="bold") == {"bold", "plain", "other"}
    assert everywhere(loaded, "t") == {"bold", "plain", "other"}
    assert "bold" in everywhere(loaded, now="2026-11-20T23:59:59Z")
    assert "bold" not in everywhere(loaded, now="2026-11-21T00:00:00Z")
    assert "bold" in everywhere(loaded, now="2026-11-22T00:00:00Z")
    assert "bold" in everywhere(load(experiment(shared=True)))
    assert "bold" in everywhere(load(experiment(enabled=False)))


def test_a_reservation_holds_where_stop_dropped_the_arm() -> None:
    """The arm's visitors may still see the entry, others still not; no exposure counts, in either arm."""
    stop = {"id": "stop", "slot": "s", "priority": 1, "then": [{"stop": True}]}
    loaded = load(experiment(), rules=[stop])
    assert everywhere(loaded, arm="bold") == {"bold", "plain", "other"}
    assert everywhere(loaded, arm="control") == {"plain", "other"}
    for name in PEOPLE[:20]:
        decision = loaded.decide("s", {"visitor.id": name}, CONTENT, now=NOW)
        assert decision.arms
        assert decision.exposed == ()


def test_exposure_counts_in_every_arm_alike() -> None:
    """Also in the control, which does nothing."""
    loaded = load(experiment())
    exposed = {loaded.decide("s", {"visitor.id": name}, CONTENT, now=NOW).exposed for name in PEOPLE[:40]}
    assert exposed == {("e",)}


def test_rules_come_before_arms_of_equal_priority() -> None:
    """And arms before rules of a lower one."""
    rule = {"id": "r", "slot": "s", "then": [{"pin": {"id": "plain"}}]}

    def first(**more: Any) -> str:
        loaded = load(experiment(**more), rules=[rule])
        facts = loaded.facts({"visitor.id": "v"}, now=NOW)
        plan = loaded.plan("s", facts, loaded.prepare(CONTENT), arms={"e": "bold"})
        return loaded.settle(plan, scores={}, exposures={}).blocks[0].id

    assert first() == "plain"
    assert first(priority=1) == "bold"
    assert first(priority=-1) == "plain"


def test_a_pin_by_an_arm_says_so() -> None:
    """The reason names the experiment and the arm."""
    loaded = load(experiment())
    plan = loaded.plan("s", loaded.facts({"visitor.id": "v"}, now=NOW), loaded.prepare(CONTENT), arms={"e": "bold"})
    reason = loaded.settle(plan, scores={}, exposures={}).blocks[0].reason
    assert (reason.kind, reason.rule, reason.experiment, reason.arm) == ("experiment", None, "e", "bold")
