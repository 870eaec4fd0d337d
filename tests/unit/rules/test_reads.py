"""What of a visitor can change a slot: nothing that is left out of it ever does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, note

import rules
from rules.footprint.causes import ONE_VISITOR, reads_of
from rules.footprint.inputs import LOCALE
from rules.wanted import wanted_by
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PIN = [{"pin": {"id": "x"}}]


def reads(content: Iterable[Mapping[str, Any]] = (), slot: Mapping[str, Any] | None = None, **parts: Any) -> set[str]:
    """Of one slot."""
    ruleset = rules.load({"version": 1, "slots": [{"id": "s", **(slot or {})}], **parts})
    return set(reads_of(ruleset, ruleset.prepare(content), "s").attributes)


def rule(**rest: Any) -> list[dict[str, Any]]:
    return [{"id": "r", "slot": "s", "then": PIN, **rest}]


def test_a_slot_without_rules_reads_nothing() -> None:
    assert reads([{"id": "x"}]) == set()


def test_conditions_are_read_with_their_refs() -> None:
    when = {"geo.country": {"eq": {"ref": "geo.region"}}}
    assert reads(rules=rule(when=when)) == {"geo.country", "geo.region"}


def test_segments_are_followed_to_the_attributes_behind_them() -> None:
    segments = [
        {"id": "phone", "when": {"device.type": "mobile"}},
        {"id": "near", "when": {"all": [{"segment": "phone"}, {"geo.eu": True}]}},
    ]
    assert reads(segments=segments, rules=rule(when={"segment": "near"})) == {"device.type", "geo.eu"}


def test_audience_tags_are_read_even_where_there_is_no_rule() -> None:
    """Who may see an entry depends on its audience, and so does the answer."""
    segments = [{"id": "phone", "when": {"device.type": "mobile"}}]
    assert reads([{"id": "x", "tags": ["audience:phone"]}], segments=segments) == {"device.type"}


def test_an_audience_tag_of_a_disabled_segment_is_for_nobody_and_reads_nothing() -> None:
    segments = [{"id": "phone", "enabled": False, "when": {"device.type": "mobile"}}]
    assert reads([{"id": "x", "tags": ["audience:phone", "audience:unknown"]}], segments=segments) == set()


@pytest.mark.parametrize(
    "parts",
    [
        {"rules": rule(when={"visitor.id": {"percent": {"lt": 20, "salt": "s"}}})},
        {"rules": rule(cap={"per_visitor": 1, "within": "1d"})},
        {"slot": {"cap": {"per_visitor": 1, "within": "1d"}}},
        {"slot": {"blend": {"model": {"name": "m", "per": "visitor"}}}},
        {"rules": [{"id": "r", "slot": "s", "then": [{"model": {"name": "m", "per": "visitor"}}]}]},
        {"experiments": [{"id": "e", "slot": "s", "arms": [{"id": "a"}]}]},
        {"holdout": {"percent": 5, "salt": "h"}},
        {"segments": [{"id": "l", "members": ["v-1"]}], "rules": rule(when={"segment": "l"})},
        {"segments": [{"id": "c", "computed": True}], "content": [{"id": "x", "tags": ["audience:c"]}]},
    ],
)
def test_what_only_one_visitor_has_makes_a_slot_the_visitors_own(parts: dict[str, Any]) -> None:
    assert ONE_VISITOR in reads(**parts)


@pytest.mark.parametrize(
    "parts",
    [
        {"rules": rule(when={"time.hour": 3})},
        {"rules": rule(**{"from": "2026-11-20", "timezone": "visitor"})},
        {"rules": [{"id": "r", "slot": "s", "then": [{"boost": {"content.day": {"ref": "time.weekday"}}, "by": 1}]}]},
        {"slot": {"select": {"content.day": {"ref": "time.weekday"}}}},
    ],
)
def test_what_reads_local_time_reads_the_visitors_zone(parts: dict[str, Any]) -> None:
    assert reads(**parts) == {"context.timezone", "geo.timezone"}


def test_languages_are_read_where_the_content_has_them() -> None:
    assert reads([{"id": "x", "locale": "fr"}]) == {LOCALE}
    default = {"select": {"content.type": "none"}, "default": {"id": "x"}}
    assert reads([{"id": "x", "locale": "fr"}], slot=default) == {LOCALE}


def test_selectors_of_the_slot_and_its_default_are_read() -> None:
    slot = {"select": {"content.region": {"ref": "geo.country"}}, "default": {"content.plan": {"ref": "custom.plan"}}}
    assert reads(slot=slot, attributes={"custom.plan": {"type": "string"}}) == {"geo.country", "custom.plan"}


def test_an_attribute_with_a_purpose_is_read_with_its_consent() -> None:
    attributes = {"custom.plan": {"type": "string", "purpose": "personalization"}}
    found = reads(attributes=attributes, rules=rule(when={"custom.plan": "pro"}))
    assert found == {"custom.plan", "consent.personalization"}


def test_everything_that_some_slot_reads_is_wanted() -> None:
    document = {
        "version": 1,
        "slots": [{"id": "s", "select": {"content.region": {"ref": "geo.region"}}}],
        "segments": [{"id": "phone", "when": {"device.type": "mobile"}}],
        "rules": rule(when={"any": [{"segment": "phone"}, {"visitor.id": {"percent": {"lt": 5, "salt": "s"}}}]}),
        "experiments": [{"id": "e", "slot": "s", "when": {"network.save_data": True}, "arms": [{"id": "a"}]}],
    }
    wanted = wanted_by(rules.load(document))
    assert {"geo.region", "device.type", "network.save_data"} <= wanted
    assert not {ONE_VISITOR, "visitor.known"} & wanted


def test_whether_a_visitor_is_known_is_wanted_by_experiments_on_persons() -> None:
    one = {"id": "e", "slot": "s", "unit": "person", "arms": [{"id": "a"}]}
    document = {"version": 1, "slots": [{"id": "s"}], "experiments": [one]}
    assert "visitor.known" in wanted_by(rules.load(document))


@searched(150)
@given(worlds(2))
def test_what_a_slot_does_not_read_never_changes_it(world: World) -> None:
    """Two visitors who agree on what is read get the same, whatever else differs between them."""
    note(repr(world))
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    first, second = (dict(person.attributes) for person in world.people)
    for slot in world.slots:
        read = reads_of(ruleset, content, slot).attributes
        if ONE_VISITOR in read:
            continue
        mixed = {name: value for name, value in second.items() if name not in read}
        mixed |= {name: value for name, value in first.items() if name in read}
        note(f"{slot} reads {sorted(read)}: {first} and {mixed}")
        mine, theirs = (
            ruleset.decide(slot, attributes, content, now=world.now, scores=world.scores)
            for attributes in (first, mixed)
        )
        assert (mine.blocks, mine.presentation, mine.fallback) == (theirs.blocks, theirs.presentation, theirs.fallback)
        assert mine.audience_key == theirs.audience_key
