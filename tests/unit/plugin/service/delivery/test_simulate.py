"""Simulations: invented visitors, moments, rules and content, decided as real ones are, and never counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugin.errors import NotFound, RulesRejected, UnknownSlots, ValidationFailed
from plugin.service.commands import SimulateRequest, SlotRequest
from plugin.service.content.entries import as_content
from plugin.service.delivery.models import Scoring
from plugin.service.delivery.settling import Settling
from plugin.service.delivery.simulate import Simulator
from plugin.service.delivery.sites import Sites
from plugin.service.delivery.tokens import DecisionTokens
from plugin.service.delivery.writer import AnswerWriter
from plugin.service.rulesets.publish import Publishing
from plugin.store import Store
from tests.unit.plugin.service.site_support import NOW, ByHand, Clock, Kept, a_site, entry, publish, put

HIDE_A = {"id": "r", "slot": "feed", "then": [{"hide": {"id": "a"}}]}
WITH_MODEL = a_site(slots=[{"id": "feed", "limit": 5, "blend": {"model": {"name": "m"}}}])


class Bench:
    """A simulator over a store."""

    def __init__(self, store: Store, model: ByHand | None = None) -> None:
        self.publishing = Publishing(store.rulesets, store.draft, store.content, models=["m"], clock=lambda: NOW)
        self.store = store
        self.people = Kept()
        self._simulator = Simulator(
            sites=Sites(store.rulesets, store.content, poll_s=60),
            publishing=self.publishing,
            settling=Settling(
                Scoring({"m": model} if model else {}, timeout_s=0.08, monotonic=Clock().monotonic),
                new_id=lambda: "incident",
                monotonic=Clock().monotonic,
            ),
            writer=AnswerWriter(DecisionTokens("k" * 32), lambda _block, _hints: None),
            entries=lambda: [as_content(one) for one in store.content.snapshot().entries],
            clock=lambda: NOW,
            people=self.people,
            deny_unknown=False,
        )

    def answer(self, *slots: SlotRequest, **rest: Any) -> Any:
        return self._simulator.simulate(SimulateRequest(slots=slots or (SlotRequest("feed"),), **rest))

    def shown(self, *slots: SlotRequest, **rest: Any) -> list[str]:
        found = self.answer(*slots, **rest)["slots"].values()
        return [block["id"] for slot in found for block in slot["blocks"]]


@pytest.fixture
def bench(sqlite_store: Store) -> Bench:
    publish(sqlite_store, a_site())
    put(sqlite_store, entry("a"), entry("b"))
    return Bench(sqlite_store)


def test_the_published_rules_and_content_are_the_default(bench: Bench) -> None:
    found = bench.answer()
    assert (found["ruleset"], found["decision_id"], found["visitor"]) == (1, None, {"id": None, "segments": []})
    assert bench.shown() == ["a", "b"]


def test_a_document_and_the_draft_have_no_number(bench: Bench) -> None:
    document = a_site(rules=[HIDE_A])
    assert (bench.shown(draft=document), bench.answer(draft=document)["ruleset"]) == (["b"], None)
    assert bench.answer(draft="draft")["ruleset"] is None


def test_a_version_is_decided_with_whether_published_or_not(bench: Bench) -> None:
    bench.store.rulesets.save(a_site(rules=[HIDE_A]), author="ada", now=NOW)
    assert (bench.shown(draft=2), bench.answer(draft=2)["ruleset"]) == (["b"], 2)
    with pytest.raises(NotFound):
        bench.answer(draft=9)


def test_entries_may_be_given_instead(bench: Bench) -> None:
    assert bench.shown(content=({"id": "z", "type": "card"},)) == ["z"]
    assert bench.answer(content=({"id": "z"},))["ruleset"] == 1
    assert bench.shown(content=()) == []


@pytest.mark.parametrize("bad", [{}, {"id": 7}, {"id": ""}, {"id": "x", "tags": "vip"}])
def test_an_entry_that_is_none_is_refused(bench: Bench, bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationFailed):
        bench.answer(content=(bad,))


def test_a_draft_that_does_not_check_is_refused_with_its_problems(bench: Bench) -> None:
    with pytest.raises(RulesRejected) as refused:
        bench.answer(draft=a_site(rules=[{"id": "r", "slot": "fed", "then": []}]))
    assert any("feed" in str(problem) for problem in refused.value.problems)


def test_unknown_slots_are_refused_only_where_all_are(bench: Bench) -> None:
    with pytest.raises(UnknownSlots):
        bench.answer(SlotRequest("nope"))
    found = bench.answer(SlotRequest("nope"), SlotRequest("feed"))
    assert [fault["slot"] for fault in found["errors"]] == ["nope"]


def test_the_visitor_the_moment_and_the_arms_are_as_given(bench: Bench) -> None:
    document = a_site(
        segments=[{"id": "eu", "when": {"geo.eu": True}}, {"id": "vip", "computed": True}],
        rules=[
            {
                "id": "late",
                "slot": "feed",
                "when": {"time.hour": {"gte": 20}},
                "then": [{"set": {"presentation.x": 1}}],
            },
            {"id": "vips", "slot": "feed", "when": {"segment": "vip"}, "then": [{"hide": {"id": "a"}}]},
        ],
        experiments=[
            {
                "id": "e",
                "slot": "feed",
                "arms": [{"id": "n"}, {"id": "y", "weight": 0, "then": [{"hide": {"id": "b"}}]}],
            }
        ],
    )
    found = bench.answer(
        draft=document,
        attributes={"geo.eu": True},
        segments=("vip",),
        arms={"e": "y"},
        at=NOW.replace(hour=21),
        visitor_id="v",
    )
    assert found["visitor"] == {"id": "v", "segments": ["eu", "vip"]}
    assert found["slots"]["feed"]["presentation"] == {"x": 1}
    assert found["slots"]["feed"]["blocks"] == []


def test_names_that_there_are_not_are_told_and_refuse_nothing(bench: Bench) -> None:
    """Whoever misspells an attribute would take the answer for that of a rule that does not hold."""
    document = a_site(
        attributes={"custom.size": {"type": "number"}},
        experiments=[{"id": "hero", "slot": "feed", "arms": [{"id": "bold"}, {"id": "calm"}]}],
    )
    found = bench.answer(
        draft=document,
        attributes={"geo.contry": "FR", "custom.size": 3, "consent.ads": True, "request.query.x": "y", "shop/x": 1},
        arms={"hero": "bald", "heroes": "bold"},
        segments=("of another site",),
    )
    assert [(one["pointer"], one["detail"]) for one in found["errors"]] == [
        ("/attributes/geo.contry", "there is no attribute 'geo.contry'; did you mean 'geo.country'?"),
        ("/attributes/shop~1x", "there is no attribute 'shop/x'"),
        ("/arms/hero", "the experiment 'hero' has no arm 'bald'; did you mean 'bold'?"),
        ("/arms/heroes", "there is no experiment 'heroes'; did you mean 'hero'?"),
    ]
    assert bench.answer(draft=document, attributes={"custom.size": 3}, arms={"hero": "calm"})["errors"] == []


def test_limits_leaving_out_and_unique_work_as_in_a_request(bench: Bench) -> None:
    document = a_site(slots=[{"id": "feed", "limit": 5}, {"id": "side", "limit": 5}])
    slots = (SlotRequest("feed", 1, ("a",)), SlotRequest("side"))
    assert bench.shown(*slots, draft=document) == ["b", "a", "b"]
    assert bench.shown(*slots, draft=document, unique=True) == ["b", "a"]


def test_caps_count_what_is_given_and_nothing_that_is_simulated(bench: Bench) -> None:
    document = a_site(slots=[{"id": "feed", "limit": 1, "cap": {"per_visitor": 1, "within": "1h"}}])
    for _ in range(3):
        assert bench.shown(draft=document, visitor_id="v") == ["a"]
    seen = {"a": (NOW - timedelta(minutes=5),)}
    assert bench.shown(draft=document, visitor_id="v", exposures=seen) == ["b"]


def test_explaining_is_the_default_and_can_be_left_out(bench: Bench) -> None:
    assert "trace" in bench.answer()["slots"]["feed"]
    assert "trace" not in bench.answer(explain=False)["slots"]["feed"]


def test_a_model_is_asked_about_each_simulation_anew(sqlite_store: Store) -> None:
    """Two simulations of like audiences have other content: scores of the one must not stand in the other."""
    publish(sqlite_store, WITH_MODEL)
    model = ByHand(lambda rows: [row["content.worth"] for row in rows])  # type: ignore[misc]
    bench = Bench(sqlite_store, model)
    for number in range(20):
        content = tuple({"id": name, "worth": (index + number) % 3 / 2} for index, name in enumerate("abc"))
        best = max(content, key=lambda one: one["worth"])  # type: ignore[arg-type, return-value]
        assert bench.shown(content=content)[0] == best["id"]
    assert len(model.asked) == 20


def test_the_published_state_shares_its_scores_with_real_decisions(sqlite_store: Store) -> None:
    publish(sqlite_store, WITH_MODEL)
    put(sqlite_store, entry("a"))
    model = ByHand()
    bench = Bench(sqlite_store, model)
    bench.answer()
    bench.answer()
    assert len(model.asked) == 1


@pytest.mark.parametrize("year", [1, 1899, 9000, 9999])
def test_a_moment_that_no_clock_will_show_is_refused(bench: Bench, year: int) -> None:
    """There, an hour more or less leaves the calendar."""
    with pytest.raises(ValidationFailed) as refused:
        bench.answer(at=datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert [error.pointer for error in refused.value.errors] == ["/at"]


def test_the_first_and_the_last_moment_are_decided(bench: Bench) -> None:
    rule = {"id": "r", "slot": "feed", "when": {"time.hour": 12}, "then": [{"hide": {"id": "a"}}]}
    document = a_site(timezone="Asia/Tokyo", rules=[rule])
    for at in (datetime(1900, 1, 1, tzinfo=UTC), datetime(8999, 12, 31, 23, 59, 59, tzinfo=UTC)):
        assert bench.shown(draft=document, at=at) == ["a", "b"]
