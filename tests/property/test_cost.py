"""The stated number of audience keys against visitors: none show more, and exact numbers are reached."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from hypothesis import given, note

import rules
from rules.footprint.causes import reads_of
from rules.footprint.counts import Count, Work, count_of
from rules.footprint.flips import stillness
from rules.footprint.rows import SlotGoals
from rules.footprint.states import Budget
from tests import oracle
from tests.strategies import Person, World, worlds
from tests.strategies.profiles import searched

LATER = [timedelta(), timedelta(minutes=1), timedelta(hours=5), timedelta(days=2, hours=3), timedelta(days=400)]
VISITORS = 10


def claims(world: World, person: Person) -> list[str]:
    """The segments that a caller may know of; those with a condition follow from it."""
    told = {item["id"] for item in world.document["segments"] if "when" not in item}
    return [name for name in person.segments if name in told]


def counted(ruleset: rules.Ruleset, content: rules.Content | None, slot: str, world: World) -> Count:
    """What is stated."""
    work = Work(Budget(60_000), Budget(2_000))
    return count_of(ruleset, content, slot, SlotGoals(ruleset.document.segments), world.now, work)


def languageless(person: Person) -> dict[str, Any]:
    """A visitor whose language is that of the others, for it is asked without content."""
    return {name: value for name, value in person.attributes.items() if name != "request.locale"}


def effects(world: World, slot: str, attributes: Any, segments: Iterable[str], now: Any) -> str:
    """The canonical outcome by the oracle."""
    answer = oracle.decide(world.document, slot, attributes, world.content, segments=segments, now=now, audiences=())
    return answer.effects


@searched(25)
@given(worlds(VISITORS))
def test_no_visitors_have_more_outcomes_than_stated_and_each_exact_one_is_shown(world: World) -> None:
    """Without content, by the oracle's outcomes, at the present moment and at later ones."""
    note(world)
    ruleset = rules.load(world.document)
    for slot in world.slots:
        count = counted(ruleset, None, slot, world)
        note((slot, count))
        met = {
            effects(world, slot, languageless(person), claims(world, person), world.now + later)
            for person in world.people
            for later in LATER
        }
        if count.how != "open":
            assert len(met) <= count.number
        assert count.shown <= count.number
        shown = {
            effects(
                world,
                slot,
                {name: value for name, value in one.attributes.items() if name != "request.locale"},
                one.segments,
                one.now,
            )
            for one in count.visitors
        }
        assert len(shown) == count.shown or count.how != "exact"
        if count.how == "exact":
            assert met <= shown


@searched(25)
@given(worlds(VISITORS))
def test_decisions_over_content_have_no_more_keys_than_stated(world: World) -> None:
    """With its languages and audience tags; and every exact number is that of real keys."""
    note(world)
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    for slot in world.slots:
        count = counted(ruleset, content, slot, world)
        note((slot, count))
        met = {
            ruleset.decide(
                slot, person.attributes, content, segments=claims(world, person), now=world.now + later
            ).audience_key
            for person in world.people
            for later in LATER
        }
        if count.how == "exact":
            shown = {
                ruleset.decide(slot, one.attributes, content, segments=one.segments, now=one.now).audience_key
                for one in count.visitors
            }
            assert len(shown) == count.number
            assert met <= shown
        elif count.how == "at_most":
            assert len(met) <= count.number


@searched(15)
@given(worlds(VISITORS))
def test_no_visitors_have_more_outcomes_than_stated_where_a_rule_is_left_out(world: World) -> None:
    """Of the first rules and experiments of each slot; and whatever adds nothing for certain adds nothing to these."""
    note(world)
    ruleset = rules.load(world.document)
    for slot in world.slots:
        count = counted(ruleset, None, slot, world)
        note((slot, count))
        if count.how == "open":
            continue
        for owner, left in list(count.without.items())[:3]:
            kind, _, id_ = owner.partition(" ")
            kept = [one for one in world.document[f"{kind}s"] if one["id"] != id_]
            rest = rules.load({**world.document, f"{kind}s": kept})
            both = [
                {
                    each.audience_key(
                        slot,
                        person.attributes,
                        segments=claims(world, person),
                        now=world.now + later,
                        audiences=(),
                        locale="",
                    )
                    for person in world.people
                    for later in LATER
                }
                for each in (ruleset, rest)
            ]
            assert len(both[1]) <= left.number
            assert not left.same or len(both[0]) == len(both[1])


@searched(60)
@given(worlds(3))
def test_nothing_flips_while_nothing_is_said_to(world: World) -> None:
    """At moments before the stated time is over, every visitor has the key and the blocks of now."""
    note(world)
    ruleset = rules.load(world.document)
    content = ruleset.prepare(world.content)
    for slot in world.slots:
        compiled = ruleset.compiled(slot)
        reads = reads_of(ruleset, content, slot)
        still = stillness(compiled, ruleset.document, reads.tests, reads.schedules, content, world.now)
        longest = still.ttl_s if still.ttl_s is not None else 10 * 86_400
        for share in (1, 3, 7, 10):
            later = world.now + timedelta(seconds=max(0, longest - 1) * share // 10)
            for person in world.people:
                told: dict[str, Any] = {"segments": claims(world, person)}
                first = ruleset.decide(slot, person.attributes, content, now=world.now, **told)
                then = ruleset.decide(slot, person.attributes, content, now=later, **told)
                note((slot, still, later, person))
                assert (first.audience_key, first.blocks) == (then.audience_key, then.blocks)
