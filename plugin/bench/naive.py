"""What the compiled form is measured against: every rule looked at in turn, in two ways."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from plugin.bench.generator import World
from rules import Ruleset
from rules.conditions import compile_condition
from rules.rules import Rule

Answer: TypeAlias = Callable[[Mapping[str, object], datetime], list[Rule]]
"""From attributes and the clock to the rules that hold, in the order in which they apply."""


def compiled(ruleset: Ruleset, slot: str) -> Answer:
    """The index: what Tessera does."""
    found = ruleset.compiled(slot)

    def answer(attributes: Mapping[str, object], now: datetime) -> list[Rule]:
        return found.holding(ruleset.facts(attributes, now=now))

    return answer


def in_turn(ruleset: Ruleset, slot: str) -> Answer:
    """The same conditions without the index: one closure a test, all rules in turn."""
    zone = ruleset.document.zone
    pairs = [(rule, compile_condition(rule.when, zone)) for rule in ruleset.compiled(slot).rules]

    def answer(attributes: Mapping[str, object], now: datetime) -> list[Rule]:
        facts = ruleset.facts(attributes, now=now)
        return [rule for rule, holds in pairs if holds(facts)]

    return answer


def oracle(world: World, ruleset: Ruleset, slot: str) -> Answer | None:
    """The naive evaluator of the tests, which walks the document as it is written; None where there are no tests.

    The visitor and the segments held are made once a call, not once a rule.
    """
    try:
        visitor_of = importlib.import_module("tests.oracle.visitor").Visitor
        held_segments = importlib.import_module("tests.oracle.segments").held_segments
        holds = importlib.import_module("tests.oracle.conditions").holds
    except ModuleNotFoundError:
        return None
    whole = world.document
    by_id = {rule["id"]: rule["when"] for rule in whole["rules"]}  # type: ignore[attr-defined]
    ordered = [(rule, by_id[rule.id]) for rule in ruleset.compiled(slot).rules]

    def answer(attributes: Mapping[str, object], now: datetime) -> list[Rule]:
        visitor = visitor_of(whole, attributes, (), now)
        held = held_segments(visitor)
        return [rule for rule, when in ordered if holds(when, visitor, held)]

    return answer


def oracle_decide() -> Callable[..., Any] | None:
    """The tests' own whole decision; None where there are no tests."""
    try:
        found: Callable[..., Any] = importlib.import_module("tests.oracle").decide
    except ModuleNotFoundError:
        return None
    return found
