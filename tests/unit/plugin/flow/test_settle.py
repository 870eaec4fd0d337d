"""The second half of a request: what the slots show, one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import rules
from plugin.flow.plan import plan
from plugin.flow.settle import settle
from plugin.flow.types import Settled, SlotAsk, Visit
from plugin.service.delivery.sites import site_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONTENT = [{"id": name, "type": "card"} for name in "abcd"]
SLOTS = [{"id": "hero", "limit": 2}, {"id": "feed", "limit": 3}]


def settled(*asks: SlotAsk, document: Any = None, scores: Any = None, exposures: Any = None, **visit: Any) -> Settled:
    ruleset = rules.load(document or {"version": 1, "slots": SLOTS})
    site = site_of(ruleset, ruleset.prepare(CONTENT), 1, "1.1")
    planned = plan(Visit(attributes={}, asks=asks, now=NOW, **visit), site)
    return settle(planned, scores or {}, exposures or {}, longest_ttl_s=60)


def shown(found: Settled) -> list[list[str]]:
    return [[block.id for block in decision.blocks] for _ask, decision in found.decisions]


def test_each_slot_is_settled_by_itself() -> None:
    assert shown(settled(SlotAsk("hero"), SlotAsk("feed"))) == [["a", "b"], ["a", "b", "c"]]


def test_unique_keeps_an_entry_to_the_first_slot_that_shows_it() -> None:
    assert shown(settled(SlotAsk("hero"), SlotAsk("feed"), unique=True)) == [["a", "b"], ["c", "d"]]
    assert shown(settled(SlotAsk("feed"), SlotAsk("hero"), unique=True)) == [["a", "b", "c"], ["d"]]


def test_a_request_lowers_the_limit_and_never_raises_it() -> None:
    assert shown(settled(SlotAsk("feed", 1), SlotAsk("hero", 9))) == [["a"], ["a", "b"]]
    assert shown(settled(SlotAsk("feed", 0))) == [[]]


def test_entries_are_left_out_of_the_slot_that_says_so_and_of_no_other() -> None:
    assert shown(settled(SlotAsk("hero", exclude=("a",)), SlotAsk("feed"))) == [["b", "c"], ["a", "b", "c"]]
    assert shown(settled(SlotAsk("hero", exclude=("a",)), SlotAsk("feed"), unique=True)) == [["b", "c"], ["a", "d"]]


def test_scores_count_in_their_slot_alone() -> None:
    model = {"blend": {"model": {"name": "m"}}}
    document = {"version": 1, "slots": [{**slot, **model} for slot in SLOTS]}
    found = settled(SlotAsk("hero"), SlotAsk("feed"), document=document, scores={"hero": {"d": 0.9}})
    assert shown(found) == [["d", "a"], ["a", "b", "c"]]


def test_entries_over_the_cap_are_left_out() -> None:
    document = {"version": 1, "slots": [{"id": "hero", "cap": {"per_visitor": 1, "within": "1h"}}]}
    seen = {"a": [NOW - timedelta(minutes=59)], "b": [NOW - timedelta(hours=1)]}
    assert shown(settled(SlotAsk("hero"), document=document, exposures=seen)) == [["b"]]


def test_how_long_it_holds_is_told_of_each_slot() -> None:
    rule = {"id": "r", "slot": "hero", "until": "2026-11-21T12:00:30Z", "then": [{"hide": {"id": "a"}}]}
    found = settled(SlotAsk("hero"), SlotAsk("feed"), document={"version": 1, "slots": SLOTS, "rules": [rule]})
    assert found.ttl_s == {"hero": 30, "feed": 60}


def test_only_an_explained_decision_carries_a_trace() -> None:
    assert settled(SlotAsk("hero")).decisions[0][1].trace is None
    assert settled(SlotAsk("hero"), explain=True).decisions[0][1].trace is not None
