"""Pairs of rules that may work against each other, found by what their effects share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

from rules.analysis.effects import apart, facts_of, implies, named, of_kind, stops
from rules.analysis.goals import Either, Every, Goal, Literal
from rules.analysis.words import selector_text
from rules.conditions import Test
from rules.effects import Hide, Only, Pin, SetHints, canonical
from rules.rules import Rule


def required(goal: Goal) -> Iterator[tuple[str, frozenset[object]]]:
    """Attributes with values of which a goal needs one; not all that it needs."""
    if isinstance(goal, Every):
        for part in goal.parts:
            yield from required(part)
    elif isinstance(goal, Either) and len(goal.parts) == 1:
        yield from required(goal.parts[0])
    elif isinstance(goal, Literal) and not goal.negated and isinstance(goal.leaf, Test) and not goal.leaf.any_case:
        test = goal.leaf
        if test.op == "eq" and isinstance(test.operand, str | int | float):
            yield test.attribute, frozenset([test.operand])
        elif test.op == "in" and isinstance(test.operand, tuple):
            yield test.attribute, frozenset(test.operand)


def silenced(left: Rule, right: Rule) -> bool:
    """Whether one drops the other, so that an editor has settled which of them counts."""
    high, low = (left, right) if left.priority >= right.priority else (right, left)
    return high.priority > low.priority and stops(high)


class _Pins:
    """The pins of some rules, and shelves of them, so that not every pair has to be looked at."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._all: list[tuple[Rule, Pin]] = [
            (rule, effect) for rule in rules for effect in of_kind(rule, Pin) if isinstance(effect, Pin)
        ]
        self._by_key: dict[str, list[tuple[Rule, Pin]]] = {}
        self._by_field: dict[str, list[tuple[Rule, Pin]]] = {}
        for rule, pin in self._all:
            for key in facts_of(pin.selector):
                self._by_key.setdefault(key, []).append((rule, pin))
            for field in named(pin.selector):
                self._by_field.setdefault(field, []).append((rule, pin))

    def hidden(self, hide: Hide) -> Iterator[tuple[Rule, Pin]]:
        """Those of which all entries are hidden."""
        keys, fields = facts_of(hide.selector), named(hide.selector)
        near = [
            *(one for key in sorted(keys) for one in self._by_key.get(key, ())),
            *(one for field in fields for one in self._by_field.get(field, ())),
        ]
        for rule, pin in near if keys else self._all:
            if implies(pin.selector, hide.selector):
                yield rule, pin

    def left_out(self, only: Only) -> Iterator[tuple[Rule, Pin]]:
        """Those of which no entry stays."""
        for field in named(only.selector):
            for rule, pin in self._by_field.get(field, ()):
                if apart(pin.selector, only.selector):
                    yield rule, pin


def taken_away(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule, str]]:
    """Pairs of which one pins what the other hides, or leaves out by `only`; by keys that both must share."""
    pins = _Pins(rules)
    for other in rules:
        for effect in other.effects:
            if isinstance(effect, Hide):
                for rule, pin in pins.hidden(effect):
                    if rule is not other:
                        yield rule, other, f"one pins what the other hides ({selector_text(pin.selector)})"
            elif isinstance(effect, Only):
                for rule, pin in pins.left_out(effect):
                    if rule is not other:
                        shown, kept = selector_text(pin.selector), selector_text(effect.selector)
                        yield rule, other, f"one pins what the other leaves out ({shown}, while only {kept} stays)"


def set_apart(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule, str]]:
    """Pairs of equal priority that give one hint two values."""
    givers: dict[tuple[str, float], dict[str, list[tuple[Rule, object]]]] = {}
    for rule in rules:
        hints: dict[str, object] = {}
        for effect in rule.effects:
            if isinstance(effect, SetHints):
                hints = {**dict(effect.hints), **hints}
        for name, value in hints.items():
            givers.setdefault((name, rule.priority), {}).setdefault(canonical(value), []).append((rule, value))
    for (name, _priority), by_value in givers.items():
        for some, others in combinations(by_value.values(), 2):
            for (left, mine), (right, theirs) in product(some, others):
                yield (
                    left,
                    right,
                    f"with equal priority one sets presentation.{name} to {mine!r}, the other to {theirs!r}",
                )
