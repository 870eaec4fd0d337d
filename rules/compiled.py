"""One slot, compiled: which of its rules hold, and which arms the visitor is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from rules.actors import Actor, Outcome, Written, after_stop, of_arm, of_rule
from rules.clock_step import clock_step
from rules.document import Document
from rules.effects import canonical
from rules.experiments import Experiment, arm_for, reserved_by
from rules.facts import Facts
from rules.index import Index
from rules.named_tuples import make
from rules.picking import Picker
from rules.rules import Rule
from rules.segments import Segment
from rules.selectors import ages
from rules.slots import Slot

LARGEST_SHARED = 8192


class RuleTable:
    """Enabled rules in the order in which they apply, with their index.

    Slots share one as long as it is small, for what costs is the number of attributes asked and not that of rules; with
    more rules than LARGEST_SHARED each slot has one of its own. A shared one also answers for the segments that name no
    others, as they mostly ask for the same attributes.
    """

    def __init__(self, rules: Iterable[Rule], document: Document, segments: Iterable[Segment] = ()) -> None:
        self.rules = sorted((rule for rule in rules if rule.enabled), key=lambda rule: (-rule.priority, rule.id))
        self.actors = [of_rule(rule) for rule in self.rules]
        self.index = Index(
            [(rule.when, rule.schedule) for rule in self.rules],
            document.catalogue,
            document.zone,
            [(segment.when, segment.id) for segment in segments],
        )
        self.actors_of = self.index.values(self.actors)

    @cached_property
    def rules_of(self) -> Picker[Rule]:
        """The rules by rows; requests need the actors alone."""
        return self.index.values(self.rules)


def rules_by_slot(document: Document) -> Mapping[str, Sequence[Rule]]:
    """The rules for each slot, in the order written."""
    found: dict[str, list[Rule]] = {slot.id: [] for slot in document.slots}
    for rule in document.rules:
        for name in found if rule.slots is None else rule.slots:
            if name in found:
                found[name].append(rule)
    return found


def shared_table(document: Document) -> RuleTable | None:
    """The table of all slots, or None where each should have its own."""
    if len(document.rules) > LARGEST_SHARED and len(document.slots) > 1:
        return None
    first = document.layers[0] if document.layers else ()
    return RuleTable(document.rules, document, [one for one in first if one.enabled and not one.names_others])


class Situation(NamedTuple):
    """What decides a slot apart from its content.

    Attributes:
        rows: those of the index that hold.
        arms: experiment and arm, all that the visitor is in, by experiment.
        held_out: whether the visitor is in the holdout.
    """

    rows: int
    arms: tuple[tuple[str, str], ...]
    held_out: bool = False


_HELD_OUT = Situation(0, (), True)


class CompiledSlot:
    """Immutable once built; safe to share between threads."""

    def __init__(
        self, slot: Slot, document: Document, rules: Sequence[Rule] = (), shared: RuleTable | None = None
    ) -> None:
        """Compile.

        Args:
            rules: the slot's own, where no table is shared.
            shared: the table of all slots.
        """
        self.slot = slot
        self.zone = document.zone
        table = shared
        if table is None:
            table = RuleTable(rules, document)
        own = [position for position, rule in enumerate(table.rules) if _is_for(rule.slots, slot.id)]
        self.rules: tuple[Rule, ...] = tuple(table.rules[position] for position in own)
        self._table = table
        within = table.index.rows(frozenset(own))
        self._within = None if within == table.index.mine else within
        self.experiments: tuple[Experiment, ...] = tuple(
            sorted(
                (one for one in document.experiments if one.enabled and one.arms and _is_for(one.slots, slot.id)),
                key=lambda one: one.id,
            )
        )
        self._experiment_index = Index(
            [(one.when, one.schedule) for one in self.experiments], document.catalogue, document.zone
        )
        self._experiments_of = self._experiment_index.values([one.id for one in self.experiments])
        self.arms = {(one.id, arm.id): of_arm(one, arm) for one in self.experiments for arm in one.arms}
        self._groups = document.groups
        self._holdout = document.holdout
        self._reserved = [
            (*one.schedule.span(document.zone), names) for one in self.experiments if (names := reserved_by(one))
        ]
        self.reserves = bool(self._reserved)
        self._pinned = {(one.id, arm.id): arm.pinned_ids for one in self.experiments for arm in one.arms}
        scheduled: tuple[Rule | Experiment, ...] = (*self.rules, *self.experiments)
        conditions = [one.when for one in scheduled]
        conditions.extend(segment.when for segment in document.segments)
        recurs = any(one.schedule.recurs or one.schedule.visitor for one in scheduled)
        self.ends: tuple[datetime, ...] = tuple(
            sorted({end for one in scheduled for end in one.schedule.span(document.zone) if end is not None})
        )
        self.actors: tuple[Actor, ...] = (*(table.actors[position] for position in own), *self.arms.values())
        self.arm_pairs = tuple(self.arms)
        self.written: dict[str, Written] = {}
        self.ages = tuple(
            dict.fromkeys(
                (
                    *ages(slot.select),
                    *(ages(slot.default) if slot.default is not None else ()),
                    *(one for actor in self.actors for one in actor.ages),
                )
            )
        )
        self.has_caps = slot.cap is not None or any(actor.cap is not None for actor in self.actors)
        self.reads = frozenset(name for actor in self.actors for name in actor.refs)
        self._unlike = slot.select_moves or slot.default_moves
        self._arms_move = any(actor.moves for actor in self.arms.values())
        self._aged = self._rows_of(own, lambda actor: bool(actor.ages))
        self._referring = self._rows_of(own, lambda actor: bool(actor.refs))
        self._stopping = self._rows_of(own, lambda actor: actor.stops)
        self.clock_step = clock_step(conditions, {*self.reads, *slot.select_refs, *slot.default_refs}, recurs)

    @cached_property
    def places(self) -> Mapping[Actor, int]:
        """Where each actor stands among `actors`."""
        return {actor: place for place, actor in enumerate(self.actors)}

    @cached_property
    def arm_places(self) -> Mapping[tuple[str, str], int]:
        """Where each arm stands among `arm_pairs`: experiment and arm."""
        return {pair: place for place, pair in enumerate(self.arm_pairs)}

    def _rows_of(self, own: Sequence[int], wanted: Callable[[Actor], bool]) -> int:
        return self._table.index.rows({position for position in own if wanted(self._table.actors[position])})

    def holding(self, facts: Facts) -> list[Rule]:
        """The rules whose condition and schedule hold, in the order in which they apply."""
        return self._table.rules_of(self._table.index.alive(facts, self._within))

    def situation(self, facts: Facts, arms: Mapping[str, str] | None = None) -> Situation:
        """Which rules hold and which arms the visitor is in; `arms` stands instead of what the buckets give."""
        if self._holdout is not None and self._holdout.keeps_out(facts):
            return _HELD_OUT
        rows = self._table.index.alive(facts, self._within)
        assigned = self._assigned(facts, arms or {}) if self.experiments else ()
        return make(Situation, (rows, assigned, False))

    def outcome_of(self, situation: Situation) -> Outcome:
        """What a situation comes to."""
        if situation.held_out:
            return Outcome((), (), (), True)
        rows, arms, _held_out = situation
        actors = self._table.actors_of(rows)
        if arms:
            actors.extend(self.arms[pair] for pair in arms)
            actors.sort(key=lambda actor: actor.order)
        elif not rows & self._stopping:
            return make(Outcome, (actors, (), (), False))
        remaining, stopped = after_stop(actors)
        return Outcome(remaining, stopped, arms, False)

    def outcome(self, facts: Facts, arms: Mapping[str, str] | None = None) -> Outcome:
        """What the rules and experiments come to."""
        return self.outcome_of(self.situation(facts, arms))

    def bound(self, situation: Situation, facts: Facts) -> str | tuple[object, ...] | None:
        """The values that selectors of the acting name; None where what they take depends on more."""
        if self._unlike or situation.rows & self._aged or (situation.arms and self._arms_move):
            return None
        if not situation.rows & self._referring:
            return ()
        values = tuple([facts[name] for name in self.reads])
        for value in values:
            if value is not None and type(value) is not str:
                return canonical(values)  # 1, 1.0 and True are equal, and name different entries
        return values

    def _assigned(self, facts: Facts, forced: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        found = []
        meeting = set(self._experiments_of(self._experiment_index.alive(facts)))
        chosen: dict[str, str | None] = {}
        for one in self.experiments:
            if one.id in forced:
                if (one.id, forced[one.id]) in self.arms:
                    found.append((one.id, forced[one.id]))
                continue
            if one.id not in meeting:
                continue
            if one.group is not None:
                if one.group not in chosen:
                    chosen[one.group] = self._groups[one.group].chosen(facts)
                if chosen[one.group] != one.id:
                    continue
            arm = arm_for(one, facts)
            if arm is not None:
                found.append((one.id, arm.id))
        return tuple(found)

    def reserved(self, now: datetime, arms: tuple[tuple[str, str], ...]) -> frozenset[str]:
        """The entries that running experiments pin by id, less those that an arm of this visitor pins."""
        kept_out: set[str] = set()
        for start, until, names in self._reserved:
            if (start is None or now >= start) and (until is None or now < until):
                kept_out |= names
        for pair in arms:
            kept_out -= self._pinned[pair]
        return frozenset(kept_out)


def _is_for(slots: tuple[str, ...] | None, slot: str) -> bool:
    return slots is None or slot in slots
