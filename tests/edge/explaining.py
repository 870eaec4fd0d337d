"""Why an answer may be wrong: under what the oracle would have said the same after all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from math import inf

from tests.edge import people
from tests.edge.judge import Judge, Staleness, Told, View, moment

MOST, MOST_TRIED = 5, 300
_ASKED = {
    "country": people.COUNTRIES,
    "device": tuple(people.AGENTS),
    "locale": people.LOCALES,
    "saves_data": (True, False),
    "speed": people.SPEEDS,
    "referrer": tuple(people.REFERRERS),
    "campaign": people.CAMPAIGNS,
    "source": people.SOURCES,
    "zone": people.ZONES,
    "consent": (None, True, False),
}


def explain(judge: Judge, told: Told, slot: str) -> str:
    """What was asked, when, by whom, what came, and what would make that right."""
    who = {name: getattr(told.person, name) for name in _ASKED}
    shown = told.slots[slot]
    wanted = next((judge.said(slot, *state) for state in judge.candidates(told, slot, Staleness())), None)
    lines = [
        f"{slot} at {moment(told.began)}, answered within {told.ended - told.began:.3f} s",
        f"  asked: {told.note[:1500]}",
        f"  visitor {told.person.id}: {who}",
        f"  class: {told.issue}",
        f"  shown:  {[block['fields']['title'] for block in shown['blocks']]} {shown['presentation']}",
    ]
    if wanted is not None:
        lines.append(f"  wanted: {[one['fields']['title'] for one in wanted['blocks']]} {wanted['presentation']}")
    found = [f"  right if {reason}" for _, reason in zip(range(MOST), _reasons(judge, told, slot), strict=False)]
    return "\n".join([*lines, *(found or ["  right under nothing that was tried"])])


def _reasons(judge: Judge, told: Told, slot: str) -> Iterator[str]:
    shown = told.slots[slot]
    seen: set[str] = set()
    for view, rules, content, at in islice(judge.candidates(told, slot, Staleness(inf, inf, 120.0)), MOST_TRIED):
        if judge.said(slot, view, rules, content, at) == shown:
            # What is not over is not stale.
            ages = [f"{max(0.0, told.began - one.until):.1f} s" for one in (rules, content)]
            reason = f"{view[0]}, rules stale by {ages[0]}, content by {ages[1]}, clock {moment(at)}"
            if reason not in seen:
                seen.add(reason)
                yield reason
            if len(seen) == 2:
                break
    for words, other in islice(_others(judge, told, slot), MOST_TRIED):
        for rules in judge.states.rules.live(told.began, told.ended, judge.staleness.rules):
            for content in judge.states.content.live(told.began, told.ended, judge.staleness.content):
                now = told.ended // 1
                if words not in seen and judge.said(slot, other, rules, content, now) == shown:
                    seen.add(words)
                    yield f"seen {words} (rules {rules.number}, content {content.number})"


def _others(judge: Judge, told: Told, slot: str) -> Iterator[tuple[str, View]]:
    """Other ways in which the visitor may have been seen: changed in one thing, or as of other facts."""
    person = told.person
    for name, values in _ASKED.items():
        for value in values:
            if value != getattr(person, name):
                changed = replace(told, person=replace(person, **{name: value}))
                for view in judge.views(changed, slot, inf):
                    yield f"{view[0]} with {name} {value!r}", view
    yield "anonymous", ("anonymous", person.seen_by_edge(), frozenset())
    for span in judge.states.facts[person.id]:
        kept, segments = person.kept(span.value)
        yield f"by facts of {moment(max(span.since, 0))}", ("", {**person.seen_by_edge(), **kept}, segments)
    for other, history in judge.states.facts.items():
        if other != person.id:
            kept, segments = person.kept(history.last)
            yield f"by the facts of {other}", ("", {**person.seen_by_edge(), **kept}, segments)
