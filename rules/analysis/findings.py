"""Rules that can never fire, are always beaten, contradict each other, or are there twice; each shown by a visitor.

Only what is certain is reported. A visitor is invented, and then decided for by the rule set itself before a finding
names it; "never" is a proof. Where a search ends with neither, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, combinations, islice
from typing import Literal, Protocol

from rules.analysis.effects import stops, undoes
from rules.analysis.goals import Every, Goal, Goals, claimable, on
from rules.analysis.pairs import required, set_apart, silenced, taken_away
from rules.analysis.satisfy import Answer, Solver
from rules.analysis.witness import Witness
from rules.analysis.words import key_of, together
from rules.compiled import CompiledSlot
from rules.document import Document
from rules.effects import Effect, canonical
from rules.facts import Facts
from rules.rules import Rule

Kind = Literal["unreachable", "shadowed", "contradiction", "duplicate"]
MOST_PAIRS = 2000
"""How many pairs of rules are looked at; beyond that pairs are passed over, never rules."""
MOST_FINDINGS = 500
_MOST_EARLIER = 64
_MOST_NEIGHBOURS = 60_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an editor probably did not mean.

    Attributes:
        rules: their ids; of one that is beaten, first its own, then those that beat it.
        slot: where it is so; None: in each of their slots.
        message: a sentence for the editor.
        witness: `{"attributes": ..., "segments": [...], "now": ...}`, an invented visitor who shows it; None only where
            there is none because the rule is unreachable.
    """

    kind: Kind
    rules: tuple[str, ...]
    slot: str | None
    message: str
    witness: Mapping[str, object] | None


class Deciding(Protocol):
    """What is asked of a compiled document, to see that invented visitors get what is said of them."""

    document: Document

    def compiled(self, slot: str) -> CompiledSlot: ...

    def facts(
        self, attributes: Mapping[str, object], *, segments: Iterable[str] = ..., now: datetime | str
    ) -> Facts: ...


def analyse(ruleset: Deciding) -> list[Finding]:
    """The findings of a document: unreachable rules, then duplicates, shadowed rules and contradictions, by id.

    A visitor's `time.*` are taken to follow from the clock, and segments with a condition from it; where a caller's
    claim could make a difference, the sentence says so.
    """
    return _Analysis(ruleset).findings()


class _Analysis:
    def __init__(self, ruleset: Deciding) -> None:
        self._ruleset = ruleset
        document = ruleset.document
        self._slots = {slot.id: slot for slot in document.slots if slot.enabled}
        self._alike = {
            name: (slot.limit == 1, tuple(rule.id for rule in self._ruleset.compiled(name).rules))
            for name, slot in self._slots.items()
        }
        self._segments = {segment.id: segment for segment in document.segments}
        self._goals = Goals(self._segments)
        self._solver = Solver(document)
        self._rules = sorted(
            (rule for rule in document.rules if rule.enabled and self._places(rule)),
            key=lambda rule: (-rule.priority, rule.id),
        )
        self._rank = {rule.id: rank for rank, rule in enumerate(self._rules)}
        self._wanted: dict[str, Goal] = {}
        self._shown: dict[str, Witness] = {}
        self._needs: dict[str, Mapping[str, frozenset[object]]] = {}
        self._latest: tuple[Witness, Facts] | None = None
        self._pairs = 0

    def findings(self) -> list[Finding]:
        unreachable = list(self._unreachable())
        live = [rule for rule in self._rules if rule.id in self._shown]
        duplicates = list(self._duplicates(live))
        twins = {frozenset(pair) for finding in duplicates for pair in combinations(finding.rules, 2)}
        shadowed = list(self._shadowed(live, twins))
        beaten = {finding.rules[0] for finding in shadowed}
        contradictions = self._contradictions([rule for rule in live if rule.id not in beaten])
        return [*unreachable, *duplicates, *shadowed, *contradictions][:MOST_FINDINGS]

    def _places(self, rule: Rule) -> list[str]:
        """The enabled slots of a rule."""
        return [name for name in self._slots if rule.slots is None or name in rule.slots]

    def _goal(self, rule: Rule) -> Goal:
        """That a rule holds."""
        found = self._wanted.get(rule.id)
        if found is None:
            found = Every((self._goals.condition(rule.when), on(rule.schedule)))
            self._wanted[rule.id] = found
        return found

    def _facts(self, witness: Witness) -> Facts:
        """What is known of an invented visitor; the same object for all slots while one rule is looked at."""
        if self._latest is None or self._latest[0] is not witness:
            facts = self._ruleset.facts(witness.attributes, segments=witness.segments, now=witness.now)
            self._latest = witness, facts
        return self._latest[1]

    def _holding(self, witness: Witness, slot: str) -> set[str]:
        return {rule.id for rule in self._ruleset.compiled(slot).holding(self._facts(witness))}

    def _applied(self, witness: Witness, slot: str) -> set[str | None]:
        """The rules that hold and are not stopped, for a visitor who is not held out."""
        return {actor.rule for actor in self._ruleset.compiled(slot).outcome(self._facts(witness)).actors}

    def _claims(self, *rules: Rule) -> str:
        """What a claim about "never" leaves out."""
        names = sorted({name for rule in rules for name in claimable(rule.when, self._segments)})
        return f", unless a caller says so of segment {', '.join(map(repr, names))}" if names else ""

    def _unreachable(self) -> Iterator[Finding]:
        for rule in self._rules:
            slot = self._places(rule)[0]
            answer = self._solver.ask(
                self._goal(rule),
                lambda witness, slot=slot, rule=rule: rule.id in self._holding(witness, slot),  # type: ignore[misc]
            )
            if answer.witness is not None:
                self._shown[rule.id] = answer.witness
            elif answer.kind == "never":
                message = f"{rule.id!r} can never hold: {together(answer.clashes)}{self._claims(rule)}."
                yield Finding("unreachable", (rule.id,), self._only_place(rule), message, None)

    def _only_place(self, *rules: Rule) -> str | None:
        """The slot, where it is one and the same."""
        places = [self._places(rule) for rule in rules]
        return places[0][0] if all(place == places[0] and len(place) == 1 for place in places) else None

    def _duplicates(self, live: Sequence[Rule]) -> Iterator[Finding]:
        groups: dict[object, list[Rule]] = {}
        for rule in live:
            effects = canonical(sorted(map(_effect_key, rule.effects)))
            same = (key_of(rule.when), rule.schedule, tuple(self._places(rule)), effects, rule.cap)
            groups.setdefault(same, []).append(rule)
        for rules in groups.values():
            if len(rules) > 1:
                ids = tuple(sorted(rule.id for rule in rules))
                message = f"{_listed(ids)} have the same condition, schedule, slots and effects."
                yield Finding("duplicate", ids, self._only_place(*rules), message, self._shown[rules[0].id].to_dict())

    def _shadowed(self, live: Sequence[Rule], twins: set[frozenset[str]]) -> Iterator[Finding]:
        for rule in live:
            witness = self._shown[rule.id]
            implied: dict[str, bool] = {}
            beaten_by: list[Rule] = []
            stopped = True
            for slot in self._different(rule):
                beating = self._beating(rule, slot, witness, implied, twins)
                if beating is None:
                    break
                stopped = stopped and stops(beating[0])
                beaten_by.extend(beating)
            else:
                others = tuple(dict.fromkeys(other.id for other in beaten_by))
                does = "stops it" if stopped else "leaves it nothing to do"
                verb = (
                    f"{others[0]!r} holds too and {does}"
                    if len(others) == 1
                    else f"{_listed(others)} hold too and {'stop it' if stopped else 'leave it nothing to do'}"
                )
                message = f"{rule.id!r} never has an effect: whenever it holds, {verb}{self._claims(rule, *beaten_by)}."
                yield Finding("shadowed", (rule.id, *others), self._only_place(rule), message, witness.to_dict())

    def _different(self, rule: Rule) -> list[str]:
        """Slots of a rule, one of those that have the same rules and limit: what beats it there beats it in all."""
        alike = {self._alike[slot]: slot for slot in reversed(self._places(rule))}
        return list(alike.values())

    def _beating(
        self, rule: Rule, slot: str, witness: Witness, implied: dict[str, bool], twins: set[frozenset[str]]
    ) -> list[Rule] | None:
        """The rules that leave a rule without effect in a slot: one that stops it, or those that undo each effect."""
        holding = self._holding(witness, slot)
        before = [
            other
            for other in self._ruleset.compiled(slot).rules
            if other.id in holding and self._rank[other.id] < self._rank[rule.id] and {other.id, rule.id} not in twins
        ]
        for other in before:
            if stops(other) and other.priority > rule.priority and self._implied(rule, other, implied):
                return [other]
        if stops(rule) or rule.strict or not rule.effects:
            return None
        found = []
        for effect in rule.effects:
            able = (other for other in before[:_MOST_EARLIER] if undoes(other, rule, effect, self._slots[slot]))
            beater = next((other for other in able if self._implied(rule, other, implied)), None)
            if beater is None:
                return None
            found.append(beater)
        return found

    def _implied(self, rule: Rule, other: Rule, known: dict[str, bool]) -> bool:
        """Whether the other rule holds whenever the rule does."""
        found = known.get(other.id)
        if found is None:
            found = known[other.id] = all(
                self._solver.never(Every((self._goal(rule), missing)))
                for missing in (self._goals.condition(other.when, negated=True), on(other.schedule, negated=True))
            )
        return found

    def _contradictions(self, live: Sequence[Rule]) -> Iterator[Finding]:
        seen: set[tuple[str, str, str]] = set()
        for slot in self._slots:
            rules = [rule for rule in live if slot in self._places(rule)]
            pairs = chain(islice(taken_away(rules), _MOST_NEIGHBOURS), islice(set_apart(rules), _MOST_NEIGHBOURS))
            for left, right, what in pairs:
                if (left.id, right.id, what) in seen or self._pairs >= MOST_PAIRS:
                    continue
                seen.add((left.id, right.id, what))
                if silenced(left, right) or self._exclusive(left, right):
                    continue
                witness = self._both(left, right, slot)
                if witness is not None:
                    message = f"{left.id!r} and {right.id!r} can hold at once: {what}."
                    yield Finding("contradiction", (left.id, right.id), slot, message, witness.to_dict())

    def _exclusive(self, left: Rule, right: Rule) -> bool:
        """Whether two rules ask different values of one attribute; a quick way to pass most pairs over."""
        ours, theirs = self._required(left), self._required(right)
        return any(ours[name].isdisjoint(theirs[name]) for name in ours.keys() & theirs.keys())

    def _required(self, rule: Rule) -> Mapping[str, frozenset[object]]:
        """By attribute, values of which a rule needs one; not all that it needs."""
        found = self._needs.get(rule.id)
        if found is None:
            found = self._needs[rule.id] = dict(required(self._goal(rule)))
        return found

    def _both(self, left: Rule, right: Rule, slot: str) -> Witness | None:
        """A visitor for whom both rules hold and neither is stopped."""
        self._pairs += 1
        wanted = {left.id, right.id}
        for rule in (left, right):
            witness = self._shown[rule.id]
            if wanted <= self._applied(witness, slot):
                return witness
        goal = Every((self._goal(left), self._goal(right)))
        answer: Answer = self._solver.ask(goal, lambda witness: wanted <= self._applied(witness, slot))
        return answer.witness


def _effect_key(effect: Effect) -> str:
    selector = getattr(effect, "selector", None)
    rest = {name: getattr(effect, name) for name in effect.__slots__ if name not in ("selector", "refs")}
    return canonical([type(effect).__name__, key_of(selector) if selector is not None else None, rest])


def _listed(ids: Iterable[str]) -> str:
    names = [repr(name) for name in ids]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
