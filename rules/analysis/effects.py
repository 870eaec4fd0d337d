"""How the effects of two rules bear on each other: what one pins and the other takes away, what is left undone."""

from __future__ import annotations

from collections.abc import Iterator

from rules.analysis.words import key_of
from rules.conditions import All, Condition, Test
from rules.effects import Effect, Hide, Only, Pin, SetHints, Stop, UseModel, canonical
from rules.rules import Rule
from rules.slots import Slot

_SCALAR_FIELDS = frozenset({"content.id", "content.type", "content.locale"})
"""Declared to hold one text: two lists of them with nothing in common exclude each other."""


def facts_of(selector: Condition) -> frozenset[str]:
    """Keys of what is true of every entry that a selector takes; of several ids, `ids` alone knows more."""
    items = selector.items if isinstance(selector, All) else (selector,)
    return frozenset(key for item in items for key in (facts_of(item) if isinstance(item, All) else (key_of(item),)))


def named(selector: Condition) -> dict[str, frozenset[str]]:
    """By field, the only texts that an entry may have there for a selector to take it."""
    found: dict[str, frozenset[str]] = {}
    for test in _tests(selector):
        if test.attribute not in _SCALAR_FIELDS or test.any_case:
            continue
        if test.op == "eq" and isinstance(test.operand, str):
            texts = frozenset([test.operand])
        elif test.op == "in" and isinstance(test.operand, tuple):
            texts = frozenset(text for text in test.operand if isinstance(text, str))
        else:
            continue
        found[test.attribute] = found[test.attribute] & texts if test.attribute in found else texts
    return found


def _tests(selector: Condition) -> Iterator[Test]:
    if isinstance(selector, Test):
        yield selector
    elif isinstance(selector, All):
        for item in selector.items:
            yield from _tests(item)


def implies(narrow: Condition, wide: Condition) -> bool:
    """Whether every entry that `narrow` takes is certainly taken by `wide`, refs being those of one visitor."""
    known, names = facts_of(narrow), named(narrow)
    for item in wide.items if isinstance(wide, All) else (wide,):
        if isinstance(item, All):
            if not implies(narrow, item):
                return False
        elif key_of(item) not in known:
            allowed = named(item)
            if not allowed or any(
                not names.get(field) or not names[field] <= texts for field, texts in allowed.items()
            ):
                return False
    return True


def apart(left: Condition, right: Condition) -> bool:
    """Whether no entry can be taken by both, for a field of one text is to have two."""
    ours, theirs = named(left), named(right)
    return any(ours[field].isdisjoint(theirs[field]) for field in ours.keys() & theirs.keys())


def of_kind(rule: Rule, kind: type[Effect]) -> Iterator[Effect]:
    """The effects of one kind."""
    return (effect for effect in rule.effects if isinstance(effect, kind))


def stops(rule: Rule) -> bool:
    """Whether the rule drops those of lower priority."""
    return any(isinstance(effect, Stop) for effect in rule.effects)


def undoes(other: Rule, rule: Rule, effect: Effect, slot: Slot) -> bool:
    """Whether an effect of a rule certainly changes nothing in a slot where another rule holds too.

    Args:
        other: comes before the rule, so that nothing stops it and not the rule.
    """
    settled = other.priority > rule.priority
    return any(_undoes(effect, stronger, slot, other, settled=settled) for stronger in other.effects)


def _undoes(effect: Effect, stronger: Effect, slot: Slot, other: Rule, *, settled: bool) -> bool:
    """`settled`: other values of a hint are meant; with equal priority they are a contradiction instead."""
    match effect, stronger:
        case Pin(), Pin():
            return (
                slot.limit == 1
                and stronger.position in (None, 1)
                and other.cap is None
                and (stronger.uncapped or not effect.uncapped)
                and implies(effect.selector, stronger.selector)
            )
        case SetHints(hints), SetHints(before):
            given = {name: canonical(value) for name, value in before}
            return all(name in given and (settled or given[name] == canonical(value)) for name, value in hints)
        case UseModel(), UseModel():
            pairs = ((effect.name, stronger.name), (effect.weight, stronger.weight), (effect.per, stronger.per))
            return all(mine is None or theirs is not None for mine, theirs in pairs)
        case Hide(), Hide():
            return implies(effect.selector, stronger.selector)
        case Only(), Only():
            return implies(stronger.selector, effect.selector)
    return False
