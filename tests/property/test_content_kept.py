"""Content that was made from what was there before decides as if all of it were read anew."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

import rules
from rules.content import Content
from rules.horizon import fresh_for
from rules.shared_slots import SharedSlots
from tests.strategies import World, worlds
from tests.strategies.profiles import searched

LATER = timedelta(seconds=2)


def answers(ruleset: rules.Ruleset, content: Content, world: World, now: datetime) -> list[Any]:
    """All that is told of every slot and visitor."""
    found: list[Any] = []
    for person in world.people:
        facts = ruleset.facts(person.attributes, segments=person.segments, now=now)
        for slot in ruleset.slots:
            plan = ruleset.plan(slot, facts, content)
            made = ruleset.settle(
                plan, scores=world.scores or {}, exposures=world.exposures or {}, limit=world.limit, explain=True
            )
            found.append((slot, made.to_dict(), [dict(one.entry) for one in made.blocks], made.trace))
            found.append((fresh_for(plan, 60), plan.audience_key, ruleset.outcome_text(plan, content)))
    return found


def shared(ruleset: rules.Ruleset, content: Content, before: SharedSlots | None = None) -> SharedSlots:
    """With all of it worked out, as for an edge."""
    found = SharedSlots(ruleset, content, before)
    found.prepare()
    return found


@searched(250)
@given(worlds(2), worlds(1), st.data())
def test_content_made_from_what_was_there_before_is_as_if_it_were_read_anew(
    world: World, other: World, data: st.DataObject
) -> None:
    """Entries come, go and change; each content is asked twice, so that what it keeps is used."""
    note(world)
    ruleset = rules.load(world.document)
    entries: list[Mapping[str, Any]] = list(world.content)
    content = ruleset.prepare(entries)
    told = shared(ruleset, content)
    for _change in range(3):
        for _twice in range(3):
            answers(ruleset, content, world, world.now)
        stays = data.draw(st.lists(st.booleans(), min_size=len(entries), max_size=len(entries)))
        came = data.draw(st.lists(st.sampled_from(other.content), max_size=3, unique_by=id)) if other.content else []
        there = {(one["id"], one.get("locale")): dict(one) for one in came}
        entries = [one for one, stay in zip(entries, stays, strict=True) if stay]
        entries = [one for one in entries if (one["id"], one.get("locale")) not in there] + list(there.values())
        content = ruleset.prepare(entries, before=content)
        anew = ruleset.prepare([dict(one) for one in entries])
        for now in (world.now, world.now + LATER):
            assert answers(ruleset, content, world, now) == answers(ruleset, anew, world, now)
        assert (content.repeated, content.unknown_audiences) == (anew.repeated, anew.unknown_audiences)
        told, fresh = shared(ruleset, content, told), shared(ruleset, anew)
        assert (told.slots, told.reads, told.classes.digest) == (fresh.slots, fresh.reads, fresh.classes.digest)


def test_a_slot_that_selects_nothing_else_keeps_what_was_worked_out_for_it() -> None:
    ruleset = rules.load(
        {"version": 1, "slots": [{"id": name, "select": {"content.tags": name}} for name in ("touched", "untouched")]}
    )
    first, second = ({"id": name, "type": "card", "tags": [name]} for name in ("touched", "untouched"))
    before = ruleset.prepare([first, second])
    slots = [ruleset.compiled(name) for name in ("touched", "untouched")]
    touched, untouched = (before.ground(one) for one in slots)
    after = ruleset.prepare([{**first, "title": "another"}, second], before=before)
    assert after.ground(slots[0]) is not touched
    assert after.ground(slots[1]) is untouched
