"""What caches are told of an answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from plugin.edge.answers import etag_by_state, holding, keys_of_answers
from plugin.edge.headers import Lifetime, Longest
from plugin.flow.types import Site
from plugin.service.delivery.sites import site_of
from rules import load

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DOCUMENT: dict[str, Any] = {
    "slots": [
        {"id": "hero", "select": {"content.type": "hero"}},
        {"id": "feed", "limit": 99},
        {"id": "legal", "select": {"content.type": "text"}},
    ],
    "rules": [
        {"id": "later", "slot": "hero", "from": "2026-11-22T12:00:30Z", "then": [{"set": {"presentation.a": 1}}]},
        {"id": "law", "slot": "legal", "strict": True, "when": {"geo.eu": True}, "then": [{"pin": {"id": "t"}}]},
    ],
}


def site(*entries: dict[str, Any], revision: str = "1.1", born: str = "1 then") -> Site:
    ruleset = load(DOCUMENT)
    content = ruleset.prepare(entries)
    return site_of(ruleset, content, 1, revision, sources=["cms"] * len(entries), born=born)


def keys(made: Site, slot: str, *, keyed: bool = False) -> tuple[str, ...]:
    decision = made.ruleset.decide(slot, {}, made.content, now=NOON)
    return keys_of_answers(made, [decision], keyed=keyed)


def test_an_answer_has_the_keys_of_its_slot_of_what_it_shows_and_of_what_it_looked_at() -> None:
    made = site({"id": "h", "type": "hero"}, {"id": "c d", "type": "card"})
    assert keys(made, "hero") == ("tessera", "audience", "slot:hero", "among:type:hero", "entry:cms/h")
    assert keys(made, "hero", keyed=True) == ("tessera", "slot:hero", "among:type:hero", "entry:cms/h")
    assert set(keys(made, "feed")) >= {"among:content", "entry:cms/h", "entry:cms/c%20d"}


def test_an_answer_with_too_many_keys_for_its_fields_has_those_of_any_change() -> None:
    reads = {"any": [{f"content.field-{place}-{'x' * 100}": 1} for place in range(25)]}
    documents = [{"id": name, "select": {"all": [{"content.type": name}, reads]}} for name in "ab"]
    ruleset = load({"slots": documents})
    made = site_of(ruleset, ruleset.prepare([]), 1, "1.1")
    decisions = [ruleset.decide(name, {}, made.content, now=NOON) for name in "ab"]
    assert len(keys_of_answers(made, decisions[:1], keyed=True)) == 3 + 25
    assert keys_of_answers(made, decisions, keyed=True) == ("tessera", "slot:a", "type:a", "slot:b", "type:b")


def test_an_answer_of_very_many_entries_is_purged_with_any() -> None:
    """Its header would be refused by caches, or cut off."""
    made = site(*({"id": f"{number}-{'x' * 100}", "type": "card"} for number in range(60)))
    assert keys(made, "feed") == ("tessera", "audience", "content")
    assert keys(made, "feed", keyed=True) == ("tessera", "content")


def test_a_slot_holds_until_the_next_thing_that_flips() -> None:
    made = site({"id": "h", "type": "hero"}, {"id": "c", "type": "card", "published_at": "2026-11-22T14:00:00Z"})
    both = holding(made, ["hero", "feed"], NOON)
    assert both.slots == (("hero", NOON + timedelta(seconds=30)), ("feed", NOON + timedelta(hours=2)))
    assert both.ttl_s(60) == (30, 60)
    assert both.lifetime(Longest(60, 60, 9)) == Lifetime(29, 0, 9)
    assert holding(made, ["feed"], NOON).lifetime(Longest(60, 60, 9)) == Lifetime(60, 60, 9)
    later = NOON + timedelta(seconds=30)
    assert holding(made, ["hero"], later).slots[0][1] > later + timedelta(days=365)


def test_a_strict_rule_counts_whether_it_holds_or_not() -> None:
    made = site({"id": "t", "type": "text"})
    assert holding(made, ["legal"], NOON).lifetime(Longest()).strict
    assert not holding(made, ["feed", "hero"], NOON).lifetime(Longest()).strict
    assert holding(made, ["feed", "legal"], NOON).strict


def test_a_tag_follows_from_all_that_an_answer_does() -> None:
    entries = {"id": "h", "type": "hero"}
    first = site(entries)

    def tag(made: Site = first, *, by: str = "m", address: str = "/a", at: datetime = NOON, **rest: Any) -> str:
        held = holding(made, rest.pop("slots", ["hero"]), at)
        return etag_by_state(by, made, address, rest.pop("ttls", (60,)), held, **rest)

    tags = [
        tag(),
        tag(site(entries, revision="1.2")),
        tag(site(entries, born="1 another day")),
        tag(by="another program"),
        tag(address="/b"),
        tag(at=NOON + timedelta(minutes=1)),
        tag(ttls=(59,)),
        tag(slots=["feed"]),
        tag(key="7.a"),
        tag(key=""),
    ]
    assert len(set(tags)) == len(tags)
    assert tag(at=NOON + timedelta(seconds=29)) == tag(), "nothing flipped"
    assert tag(site(entries)) == tag(), "another process"
