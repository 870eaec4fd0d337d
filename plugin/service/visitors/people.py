"""People within one transaction: the rows of their sources, worked on, and the views made of them anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from plugin.ports import Change, Groups, HotCopy, Membership, VisitorRow
from plugin.profiles import fold, state
from plugin.profiles.identity import Identity
from plugin.profiles.state import EMPTY, SourceState
from rules.patterns.letters import PatternSet
from rules.patterns.live import Membership as Live
from rules.patterns.live import Verdict, settle
from rules.patterns.windows import Window

Evaluate = Callable[[Sequence[tuple[Window, int]]], Sequence[Verdict]]
"""What the patterns say of windows, each at its instant."""


@dataclass(slots=True)
class Draft:
    """One source, as it will be written."""

    row: VisitorRow
    state: SourceState
    window: Window


class People:
    """The people of one transaction: those whose rows were read, and those who are new."""

    def __init__(self, rows: Iterable[VisitorRow], now: int) -> None:
        self._now = now
        self._drafts: dict[str, Draft] = {}
        self._groups: dict[str, list[str]] = {}
        for row in rows:
            self._add(Draft(row, state.decode(row.state) if row.state else EMPTY, Window.decode(row.window)))

    def _add(self, draft: Draft) -> Draft:
        self._drafts[draft.row.source] = draft
        self._groups.setdefault(draft.row.person, []).append(draft.row.source)
        return draft

    def __contains__(self, source: str) -> bool:
        return source in self._drafts

    def __iter__(self) -> Iterator[str]:
        """The sources, in no order."""
        return iter(self._drafts)

    def draft(self, identity: Identity) -> Draft:
        """A source, made where it is new. One that came in by a list alone learns its uid here."""
        found = self._drafts.get(identity.source)
        if found is None:
            source, key_version, uid = identity
            # Whom no event tells of was seen as they were written: retention goes by that.
            new = VisitorRow(source, key_version, uid, False, source, 0, b"", b"", b"", self._now, self._now)
            return self._add(Draft(new, EMPTY, Window()))
        if not found.row.uid and identity.uid:
            found.row = replace(found.row, uid=identity.uid)
        return found

    def person_of(self, source: str) -> str:
        """Who a source belongs to."""
        return self._drafts[source].row.person

    def is_reserved(self, source: str) -> bool:
        """Whether browsers need a user token for it."""
        return source in self._drafts and self._drafts[source].row.reserved

    def of(self, person: str) -> list[Draft]:
        """The sources of a person, in order."""
        return [self._drafts[source] for source in sorted(self._groups[person])]

    def join(self, source: str, person: str) -> None:
        """Let a source belong to another person."""
        draft = self._drafts[source]
        self._groups[draft.row.person].remove(source)
        draft.row = replace(draft.row, person=person)
        self._groups.setdefault(person, []).append(source)

    def merged(self, person: str) -> SourceState:
        """What is kept of all of somebody's sources together."""
        drafts = self.of(person)
        found = drafts[0].state
        for one in drafts[1:]:
            found = fold.merge(found, one.state)
        return found


def remake(
    tx: Groups, people: People, persons: Collection[str], patterns: PatternSet, evaluate_: Evaluate, now: int
) -> list[HotCopy]:
    """Work out the segments and views of these people anew, and write all of their sources.

    Returns:
        the view of each source that was written, as of its version.
    """
    named = sorted(persons)
    groups = [people.of(person) for person in named]
    windows = [_window(drafts, patterns) for drafts in groups]
    verdicts = evaluate_([(window, now) for window in windows])
    held: dict[str, list[Membership]] = {}
    for membership in tx.held([one.row.source for drafts in groups for one in drafts]):
        held.setdefault(membership.source, []).append(membership)
    rows: list[VisitorRow] = []
    changes: list[Change] = []
    ticks: dict[str, int] = {}
    idle: list[str] = []
    live = frozenset(one.segment for one in patterns.patterns)
    for person, drafts, verdict in zip(named, groups, verdicts, strict=True):
        mine = [one for draft in drafts for one in held.get(draft.row.source, ())]
        kept, moved = _settled(person, drafts[0].row.key_version, mine, verdict, live, now)
        changes += moved
        due = _due([*kept, *(one for one in mine if one.kind != "pattern")], verdict, now)
        if due is None:
            idle.append(person)
        else:
            ticks[person] = due
        rows += _rows(person, drafts, _segments(kept, mine))
    tx.memberships(changes)
    tx.ticks(ticks, idle)
    versions = tx.save(rows)
    return [HotCopy(one.source, versions[one.source], one.hot) for one in rows]


def _window(drafts: Sequence[Draft], patterns: PatternSet) -> Window:
    window = drafts[0].window
    for one in drafts[1:]:
        window = window.merge(one.window, patterns.limits)
    return window


def _settled(
    person: str, key_version: int, held: Sequence[Membership], verdict: Verdict, live: frozenset[str], now: int
) -> tuple[list[Membership], list[Change]]:
    """The pattern segments that somebody is in now, and what changed."""
    before: dict[str, Membership] = {}
    others: list[Membership] = []  # of people who were linked, each source can have one of its own
    for one in held:
        if one.kind == "pattern":
            there = before.setdefault(one.segment, one)
            if there is not one:
                others.append(one)
    kept: list[Membership] = []
    changes: list[Change] = []
    for segment in sorted(before.keys() | verdict.memberships.keys()):
        was = before.get(segment)
        found = settle(_live(was), verdict.memberships.get(segment), now) if segment in live else None
        source = was.source if was is not None else person
        if found is None or not found.holds(now):
            if was is not None:
                why = "{}" if segment in live else '{"because":"the segment has no pattern any more"}'
                changes.append(Change(segment, source, key_version, "pattern", "left", now, reason=why))
            continue
        reason = json.dumps({"at": found.at, "events": found.event_ids}, separators=(",", ":"))
        since = was.since if was is not None else now
        one = Membership(segment, source, "pattern", since, found.until, None, reason)
        kept.append(one)
        if was != one:
            changes.append(
                Change(segment, source, key_version, "pattern", "entered", now, until=found.until, reason=reason)
            )
    staying = {one.segment: one for one in kept}
    for other in others:
        stays = staying.get(other.segment)
        if stays is None:
            why = '{"because":"of another id of the same person, whom it was of too"}'
            changes.append(Change(other.segment, other.source, key_version, "pattern", "left", now, reason=why))
        elif (other.until, other.reason) != (stays.until, stays.reason):
            changes.append(
                Change(
                    *(other.segment, other.source, key_version, "pattern", "entered", now),
                    until=stays.until,
                    reason=stays.reason,
                )
            )
    return kept, changes


def _live(stored: Membership | None) -> Live | None:
    """What was announced, as the patterns know it."""
    if stored is None:
        return None
    reason = json.loads(stored.reason)
    return Live(stored.segment, reason.get("at", stored.since), stored.until, tuple(reason.get("events", ())))


def _due(held: Sequence[Membership], verdict: Verdict, now: int) -> int | None:
    """When to look again though nothing happens."""
    instants = [one.until for one in held if one.until is not None and one.until > now]
    if verdict.due is not None:
        instants.append(max(verdict.due, now + 1))
    return min(instants, default=None)


def _segments(kept: Sequence[Membership], held: Sequence[Membership]) -> dict[str, tuple[int, int | None]]:
    """Of several memberships in one segment, from two sources of a person, the longest counts."""
    found: dict[str, tuple[int, int | None]] = {}
    for one in (*kept, *(other for other in held if other.kind != "pattern")):
        since, until = found.get(one.segment, (one.since, one.until))
        longest = None if until is None or one.until is None else max(until, one.until)
        found[one.segment] = (min(since, one.since), longest)
    return found


def _rows(person: str, drafts: Sequence[Draft], segments: Mapping[str, tuple[int, int | None]]) -> list[VisitorRow]:
    """The rows of a person, each with the one view of them all."""
    named = next((one.row for one in drafts if one.row.source == person), drafts[0].row)
    view = fold.fold(
        [(one.row.source, one.state) for one in drafts],
        uid=named.uid,
        person=person,
        known=any(one.row.known for one in drafts),
        segments=segments,
    )
    hot = fold.encode(view)
    return [
        replace(
            one.row,
            state=state.encode(one.state),
            window=one.window.encode() if one.window.entries or one.window.cut else b"",
            hot=hot,
            seen=max(one.row.seen, one.state.last_seen),
        )
        for one in drafts
    ]
