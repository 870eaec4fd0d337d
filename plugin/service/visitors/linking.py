"""Who is one person: links make a forest, each person is a tree of it, and what is kept stays with its source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter

from plugin.ports import Change, Link
from plugin.service.visitors.people import Draft, People
from plugin.service.visitors.writes import Writing
from rules.patterns.windows import Window

MOST_LINKED = 100
"""Sources of one known one; beyond, the link that was made first ends, as of a device that was given away long ago."""


def parents(links: Iterable[Link]) -> dict[str, str]:
    """What each source belongs to, by the links that hold."""
    return {one.source: one.known for one in links if one.ended is None}


def root(source: str, above: Mapping[str, str], people: People) -> str:
    """The source that names the person of one: as far up as there are rows."""
    seen = {source}
    while (higher := above.get(source)) is not None and higher in people and higher not in seen:
        seen.add(higher)
        source = higher
    return source


def regroup(writing: Writing) -> None:
    """Let everybody belong to whom the links say now, with the views of all whom it changes made anew."""
    people = writing.people
    above = parents(writing.tx.links(list(people)))
    changed: set[str] = set()
    left: set[str] = set()
    for source in sorted(people):
        old, new = people.person_of(source), root(source, above, people)
        if old != new:
            people.join(source, new)
            changed |= {old, new}
            left.add(old)
    for source in people:
        if people.person_of(source) in changed:
            writing.touched.add(source)
    if left:
        _leave(writing, {people.person_of(one) for one in writing.touched})


def make_room(writing: Writing, known: str) -> None:
    """End links to a known source, the first ones first, until there is room for another."""
    there = [one for one in writing.tx.links([known]) if one.known == known and one.ended is None]
    for one in sorted(there, key=attrgetter("since", "source"))[: max(0, len(there) - MOST_LINKED + 1)]:
        writing.tx.unlink(one.source, known, at=writing.now)


def _leave(writing: Writing, persons: Iterable[str]) -> None:
    """Where a person came apart, take the parts out of the patterns that their own events do not meet.

    What was announced of them all together is not what was announced of each, so that it does not stand.
    """
    groups = [writing.people.of(person) for person in sorted(persons)]
    limits = writing.stage.patterns.limits
    windows = []
    for drafts in groups:
        window = Window()
        for draft in drafts:
            window = window.merge(draft.window, limits)
        windows.append((window, writing.now))
    verdicts = writing.stage.evaluate(windows)
    met = {
        (draft.row.source, name)
        for drafts, verdict in zip(groups, verdicts, strict=True)
        for name, one in verdict.memberships.items()
        if one.holds(writing.now)
        for draft in drafts
    }
    drafts_by = {draft.row.source: draft for drafts in groups for draft in drafts}
    writing.tx.memberships(
        [
            _left(drafts_by[one.source], one.segment, writing.now)
            for one in writing.tx.held(list(drafts_by))
            if one.kind == "pattern" and (one.source, one.segment) not in met
        ]
    )


def _left(draft: Draft, segment: str, now: int) -> Change:
    why = '{"because":"it was of a person together with others, who no longer belong to it"}'
    return Change(segment, draft.row.source, draft.row.key_version, "pattern", "left", now, reason=why)
