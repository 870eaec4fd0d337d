"""Slots that come down the ladder: what is shown, what is said of it, and that no slot takes another with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

import rules
from plugin.flow.plan import plan
from plugin.flow.settle import DEGRADED_TTL_S, settle
from plugin.flow.stand_in import KEY
from plugin.flow.types import Settled, Site, SlotAsk, Step, Visit
from plugin.service.delivery.sites import site_of
from rules.ruleset import Ruleset

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BOOST = {"id": "d-first", "slot": "feed", "then": [{"boost": {"id": "d"}, "by": 1}]}
CONTENT = [{"id": name, "type": "card"} for name in "abcd"]
SLOTS = [
    {"id": "hero", "limit": 2, "default": {"id": ["c", "a"]}},
    {"id": "feed", "limit": 3, "blend": {"model": {"name": "m"}}},
]
DOWN = Step("rules", "model:m", "it is down")


def made(content: Any = None, slots: Any = None, **document: Any) -> Site:
    ruleset = rules.load({"version": 1, "slots": slots or SLOTS, "rules": [BOOST], **document})
    return site_of(ruleset, ruleset.prepare(content or CONTENT), 1, "1.1")


def settled(
    site: Site, *asks: str | SlotAsk, steps: Mapping[str, Step] | None = None, locale: str | None = None, **visit: Any
) -> Settled:
    attributes = {} if locale is None else {"request.locale": locale}
    wanted = tuple(SlotAsk(one) if isinstance(one, str) else one for one in asks)
    planned = plan(Visit(attributes=attributes, asks=wanted, now=NOW, **visit), site)
    return settle(planned, {}, {}, longest_ttl_s=60, steps=steps or {})


def shown(found: Settled) -> dict[str, list[str]]:
    return {ask.id: [block.id for block in decision.blocks] for ask, decision in found.decisions}


def kinds(found: Settled, slot: str) -> list[tuple[str, str | None]]:
    decision = next(decision for ask, decision in found.decisions if ask.id == slot)
    return [(block.reason.kind, block.reason.rule) for block in decision.blocks]


@pytest.fixture(params=["plan", "settle"])
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The slot `hero` cannot be planned, or cannot be settled: a mistake of ours that nobody foresaw."""
    step: str = request.param
    whole = getattr(Ruleset, step)

    def half(self: Ruleset, first: Any, *rest: Any, **more: Any) -> Any:
        if (first if step == "plan" else first.slot.id) == "hero":
            raise ZeroDivisionError("of visitor v-123")
        return whole(self, first, *rest, **more)

    monkeypatch.setattr(Ruleset, step, half)
    return step


def test_a_slot_whose_model_is_down_says_so_and_the_others_do_not() -> None:
    found = settled(made(), "hero", "feed", steps={"feed": DOWN}, explain=True)
    assert shown(found) == {"hero": ["a", "b"], "feed": ["d", "a", "b"]}
    assert kinds(found, "feed") == [("degraded", "d-first"), ("degraded", None), ("degraded", None)]
    assert kinds(found, "hero") == [("score", None), ("score", None)]
    assert found.degraded == ("model:m", "slot:feed:rules")
    assert found.ttl_s == {"hero": 60, "feed": DEGRADED_TTL_S}
    (_, hero), (_, feed) = found.decisions
    told = {"rung": "rules", "cause": "model:m", "why": "it is down", "age_s": None}
    assert feed.trace is not None
    assert feed.trace["degraded"] == told
    assert hero.trace is not None
    assert "degraded" not in hero.trace


def test_last_scores_rank_as_the_model_did() -> None:
    found = settled(made(), "feed", steps={"feed": Step("last_scores", "model:m", "slow", 12.5)}, explain=True)
    assert {kind for kind, _rule in kinds(found, "feed")} == {"score"}
    assert found.degraded == ("model:m", "slot:feed:last_scores")


def test_what_a_degraded_slot_was_is_not_kept_for_one_that_is_well() -> None:
    site = made()
    settled(site, "feed", steps={"feed": DOWN})
    assert kinds(settled(site, "feed"), "feed")[0] == ("score", "d-first")
    (_, decision), *_ = settled(site, "feed", steps={"feed": DOWN}).decisions
    assert decision.notes is None


def test_a_pin_is_where_its_rule_put_it_whatever_the_model_says() -> None:
    pin = {"id": "c-first", "slot": "feed", "then": [{"pin": {"id": "c"}, "position": 1}]}
    found = settled(made(rules=[pin]), "feed", steps={"feed": DOWN})
    assert kinds(found, "feed")[0] == ("pin", "c-first")


def test_a_slot_that_fails_shows_its_default_and_takes_no_other_with_it(broken: str) -> None:
    found = settled(made(), "feed", "hero", "feed2", explain=True)
    assert shown(found) == {"feed": ["d", "a", "b"], "hero": ["c", "a"]}, broken
    assert kinds(found, "hero") == [("degraded", None), ("degraded", None)]
    assert found.degraded == ("slot:hero:default",)
    assert [type(fault) for fault in found.faults.values()] == [ZeroDivisionError]
    assert found.planned.unknown == ("feed2",)
    decision = found.decisions[1][1]
    assert (decision.fallback, decision.audience_key, decision.rules, decision.exposed) == (True, KEY, (), ())
    assert decision.trace is not None
    assert "v-123" not in str(decision.trace)


@pytest.mark.usefixtures("broken")
def test_what_stands_in_keeps_to_the_request() -> None:
    assert shown(settled(made(), SlotAsk("hero", 1))) == {"hero": ["c"]}
    assert shown(settled(made(), SlotAsk("hero", exclude=("c",)))) == {"hero": ["a"]}
    assert shown(settled(made(), "hero", "feed", unique=True)) == {"hero": ["c", "a"], "feed": ["d", "b"]}
    assert shown(settled(made(), "feed", "hero", unique=True)) == {"feed": ["d", "a", "b"], "hero": ["c"]}


@pytest.mark.usefixtures("broken")
def test_without_a_default_what_the_cms_publishes_for_everybody_stands_in_newest_first() -> None:
    content = [
        {"id": "old", "type": "card", "published_at": "2026-01-01T00:00:00Z"},
        {"id": "new", "type": "card", "published_at": "2026-11-01T00:00:00Z"},
        {"id": "undated", "type": "card"},
        {"id": "later", "type": "card", "published_at": "2026-12-01T00:00:00Z"},
        {"id": "over", "type": "card", "expires_at": "2026-11-20T00:00:00Z"},
        {"id": "vips", "type": "card", "tags": ["audience:vip"], "published_at": "2026-11-02T00:00:00Z"},
        {"id": "other", "type": "page"},
    ]
    slot = {"id": "hero", "limit": 5, "select": {"content.type": "card"}}
    site = made(content, [slot], rules=[], segments=[{"id": "vip", "members": ["v"]}])
    found = settled(site, "hero", explain=True)
    assert shown(found) == {"hero": ["new", "old", "undated"]}
    assert found.degraded == ("slot:hero:baseline",)
    gone = made(content, [{**slot, "default": {"id": "over"}}], rules=[])
    assert shown(settled(gone, SlotAsk("hero", 1))) == {"hero": ["new"]}, "a default that is over is none"


@pytest.mark.usefixtures("broken")
def test_where_what_a_slot_takes_depends_on_the_visitor_there_is_no_baseline() -> None:
    """Anything at all could be of a kind that the page cannot show there."""
    site = made(slots=[{"id": "hero", "select": {"content.region": {"ref": "geo.country"}}}], rules=[])
    assert shown(settled(site, "hero")) == {"hero": []}


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize(("locale", "title"), [("fr-BE", "Bonjour"), ("en", "Hello"), ("de", "Hello"), (None, "Hello")])
def test_what_stands_in_is_in_the_language_of_the_visitor(locale: str | None, title: str) -> None:
    content = [{"id": "a", "locale": one, "title": said} for one, said in (("fr", "Bonjour"), ("en", "Hello"))]
    slot = {"id": "hero", "default": {"id": "a"}}
    site = made(content, [slot], rules=[], locales=["en", "fr"])
    (_, decision), *_ = settled(site, "hero", locale=locale).decisions
    assert [block.fields["title"] for block in decision.blocks] == [title]
