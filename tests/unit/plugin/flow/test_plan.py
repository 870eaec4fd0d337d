"""The first half of a request: every slot that there is, in the order asked, over one reading of the visitor."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import rules
from plugin.flow.plan import plan
from plugin.flow.types import Planned, Site, SlotAsk, Visit
from plugin.service.delivery.sites import site_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CONTENT = [{"id": "x", "type": "card"}, {"id": "y", "type": "card", "tags": ["audience:pros"]}]


def a_site(**parts: Any) -> Site:
    document = {"version": 1, "slots": [{"id": "hero"}, {"id": "feed", "limit": 5}], **parts}
    ruleset = rules.load(document)
    return site_of(ruleset, ruleset.prepare(CONTENT), 1, "1.1")


def planned(site: Site, *slots: str, **visit: Any) -> Planned:
    attributes = visit.pop("attributes", {})
    return plan(Visit(attributes=attributes, asks=tuple(map(SlotAsk, slots)), now=NOW, **visit), site)


def test_slots_are_planned_in_the_order_asked_and_unknown_ones_named() -> None:
    found = planned(a_site(), "feed", "nope", "hero", "hreo")
    assert [ask.id for ask, _plan in found.plans] == ["feed", "hero"]
    assert found.unknown == ("nope", "hreo")


def test_a_disabled_slot_is_unknown() -> None:
    found = planned(a_site(slots=[{"id": "hero", "enabled": False}]), "hero")
    assert (found.plans, found.unknown) == ((), ("hero",))


def test_all_slots_share_one_reading_of_the_visitor() -> None:
    found = planned(a_site(), "feed", "hero")
    assert all(plan.facts is found.facts for _ask, plan in found.plans)


def test_segments_of_the_caller_add_to_those_of_conditions() -> None:
    site = a_site(
        segments=[{"id": "pros", "when": {"profile.plan": "pro"}}, {"id": "eu", "when": {"geo.eu": True}}],
        attributes={"profile.plan": {"type": "string"}},
    )
    found = planned(site, "feed", attributes={"geo.eu": True}, segments=frozenset({"pros"}))
    assert found.facts.held == {"pros", "eu"}
    assert found.plans[0][1].candidates.bit_count() == 2


def test_arms_can_be_given_instead_of_drawn() -> None:
    site = a_site(experiments=[{"id": "e", "slot": "hero", "arms": [{"id": "a"}, {"id": "b", "weight": 0}]}])
    found = planned(site, "hero", arms={"e": "b"})
    assert found.plans[0][1].outcome.arms == (("e", "b"),)


def test_where_consent_is_denied_by_default_an_attribute_with_a_purpose_is_missing() -> None:
    site = a_site(
        attributes={"profile.plan": {"type": "string", "purpose": "personalization"}},
        rules=[{"id": "r", "slot": "hero", "when": {"profile.plan": "pro"}, "then": [{"hide": {"id": "x"}}]}],
    )
    attributes = {"profile.plan": "pro"}
    assert planned(site, "hero", attributes=attributes).plans[0][1].left == 0
    assert planned(site, "hero", attributes=attributes, deny_unknown=True).plans[0][1].left.bit_count() == 1


def test_a_visit_shows_nothing_of_the_visitor_in_its_repr() -> None:
    visit = Visit(attributes={"visitor.id": "v-secret"}, asks=(), now=NOW)
    assert "v-secret" not in repr(visit)
