"""Everything that can hold for a visitor of a slot, as rows of literals: its rules, arms, holdout and audience tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from rules.actors import Actor
from rules.analysis.goals import Goals, Row, Rows
from rules.compiled import CompiledSlot
from rules.conditions import All, Condition, InSegment, Test
from rules.document import Document
from rules.experiments import Arm, Experiment
from rules.schedule import ALWAYS_ON, Schedule
from rules.segments import Segment

_KNOWN = Test("visitor.known", "eq", True)


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """Something that holds for a visitor at a moment, or does not; one of the three, or the holdout where all are None.

    Attributes:
        actor: a rule, or an arm of an experiment.
        experiment, arm: of an arm.
        segment: one that audience tags of the content name.
    """

    actor: Actor | None = None
    experiment: Experiment | None = None
    arm: Arm | None = None
    segment: str | None = None

    @property
    def owner(self) -> str | None:
        """What an editor could take away: `rule ID` or `experiment ID`."""
        if self.actor is None:
            return None
        return f"rule {self.actor.rule}" if self.actor.rule is not None else f"experiment {self.actor.experiment}"


class Need(NamedTuple):
    """One way in which an item can hold.

    Attributes:
        item: its place among the items.
        literals: tests and memberships, all of which are needed.
        schedule: that must be on.
        drawn: whether the visitor's buckets must give the item, an arm or the holdout.
        opaque: whether what it needs beyond that has more alternatives than are followed: it may hold or not.
    """

    item: int
    literals: Row
    schedule: Schedule = ALWAYS_ON
    drawn: bool = False
    opaque: bool = False


class Needs:
    """The items of one slot, and the ways in which each can hold, those of an item side by side."""

    def __init__(self, compiled: CompiledSlot, document: Document, audiences: Iterable[str], goals: SlotGoals) -> None:
        self.items: list[Item] = []
        self.needs: list[Need] = []
        for rule, actor in zip(compiled.rules, compiled.actors, strict=False):
            self._add(Item(actor=actor), goals.of(rule.when), rule.schedule)
        arms = {(one.experiment, one.arm): one for one in compiled.actors}
        for one in compiled.experiments:
            when = All((one.when, _KNOWN)) if one.unit == "person" else one.when
            rows = goals.of(when)
            for arm in one.arms:
                self._add(Item(arms[one.id, arm.id], one, arm), rows, one.schedule, drawn=True)
        if document.holdout is not None:
            self._add(Item(), [()], ALWAYS_ON, drawn=True)
        for name in sorted(set(audiences) & goals.names):
            self._add(Item(segment=name), goals.of(InSegment((name,))), ALWAYS_ON)

    def _add(self, item: Item, rows: Sequence[Row] | None, schedule: Schedule, *, drawn: bool = False) -> None:
        place = len(self.items)
        self.items.append(item)
        if rows is None:
            self.needs.append(Need(place, (), schedule, drawn, opaque=True))
        else:
            self.needs.extend(Need(place, row, schedule, drawn) for row in rows)


class SlotGoals:
    """Conditions as rows, segments with a condition written out; kept, for slots share rules.

    That a caller may also claim membership of a segment with a condition is left out, as it is in analysis: nothing in
    the service does. Lists are taken to be held or not, whoever is on them.
    """

    def __init__(self, segments: Iterable[Segment]) -> None:
        enabled = [segment for segment in segments if segment.enabled]
        self.names = frozenset(segment.id for segment in enabled)
        by_id: Mapping[str, Segment] = {
            one.id: replace(one, members=frozenset()) if one.members else one for one in enabled
        }
        self._goals = Goals(by_id)
        self._by_identity: dict[int, tuple[Condition, list[Row] | None]] = {}

    def of(self, condition: Condition) -> list[Row] | None:
        """The rows; None where there are more than are followed."""
        known = self._by_identity.get(id(condition))
        if known is None:
            rows = Rows(self._goals.condition(condition))
            found = list(_distinct(rows))
            if () in found:  # then nothing else matters
                found = [()]
            known = self._by_identity[id(condition)] = (condition, found if rows.complete else None)
        return known[1]


def _distinct(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows of different literals; what always holds says so alone."""
    seen: set[frozenset[tuple[str, bool]]] = set()
    for row in rows:
        key = frozenset((one.key, one.negated) for one in row)
        if key not in seen:
            seen.add(key)
            yield row
