"""What a change of content could bear on is purged by it: over random documents, content, visitors and changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

import rules
from plugin.edge.answers import keys_of_answers, surrogates_of
from plugin.edge.keys import CONTENT, keys_of
from plugin.ports import Purge
from plugin.service.delivery.sites import site_of
from rules.selectors import bind, compile_bound
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def purge(*variants: Mapping[str, Any]) -> frozenset[str]:
    """The keys that a change of one entry is purged by, of which these are the states before and after."""
    types = tuple(str(one["type"]) for one in variants)
    tags = tuple(tag for one in variants for tag in one.get("tags", ()))
    row = Purge(1, "cms", variants[0]["id"], "", types, tags, False, 1, 0, False, None, None, NOON, 0, 0)
    return frozenset(keys_of(row))


@searched(250)
@given(worlds())
def test_every_entry_that_a_slot_could_take_shares_a_key_with_its_answers(world: World) -> None:
    """Whatever visitor its selector is bound to."""
    note(world)
    ruleset = rules.load(world.document)
    zone = ruleset.document.zone
    content = ruleset.prepare(world.content)
    for name in world.slots:
        slot = ruleset.compiled(name).slot
        keys = set(surrogates_of(slot))
        for selector, refs in ((slot.select, slot.select_refs), (slot.default, slot.default_refs)):
            for person in world.people if selector is not None else ():
                facts = ruleset.facts(person.attributes, segments=person.segments, now=world.now)
                takes = compile_bound(bind(selector, {ref: facts[ref] for ref in refs}, facts.moment), zone)
                for one in content.candidates:
                    assert not takes(one.reading) or keys & purge(one.entry), (name, one.entry)


@searched(200)
@given(worlds(2), worlds(1), st.integers(0, 11), st.booleans())
def test_a_change_that_another_answer_follows_from_purges_the_one_before(
    world: World, other: World, place: int, removes: bool
) -> None:
    """One entry is new, another, or gone; who sees something else then had an answer that was purged."""
    note(world)
    after = {(one["id"], one.get("locale")): one for one in world.content}
    before = dict(after)
    if removes and world.content:
        key = list(after)[place % len(after)]
        variants = [after.pop(key)]
    elif other.content:
        changed = other.content[place % len(other.content)]
        key = (changed["id"], changed.get("locale"))
        variants = [*([after[key]] if key in after else []), changed]
        after[key] = changed
    else:
        return
    note((key, variants))
    ruleset = rules.load(world.document)
    purged = purge(*variants)
    sites = [
        site_of(ruleset, ruleset.prepare(some), 1, "1.1", sources=["cms"] * len(some))
        for some in (list(before.values()), list(after.values()))
    ]
    for person in world.people:
        for slot in world.slots:
            old, new = [
                ruleset.decide(
                    slot, person.attributes, site.content, segments=person.segments, now=world.now, scores=world.scores
                )
                for site in sites
            ]
            if [one.entry for one in old.blocks] != [one.entry for one in new.blocks] or old.fallback != new.fallback:
                keys = keys_of_answers(sites[0], [old], keyed=True)
                assert purged & set(keys), (slot, keys, purged)


def test_few_answers_are_purged_by_everything() -> None:
    """Else the properties above would say nothing."""
    document = {
        "slots": [
            {"id": "a", "select": {"content.type": "hero"}, "default": {"id": "welcome"}},
            {"id": "b", "select": {"content.tags": ["x", "y"], "content.type": "card"}},
            {"id": "c", "select": {"content.price": {"gt": 3}}},
            {"id": "d"},
        ]
    }
    ruleset = rules.load(document)
    found = {name: surrogates_of(ruleset.compiled(name).slot) for name in "abcd"}
    assert found == {
        "a": ("slot:a", "id:welcome", "type:hero"),
        "b": ("slot:b", "tag:x", "tag:y"),
        "c": ("slot:c", CONTENT),
        "d": ("slot:d", CONTENT),
    }
