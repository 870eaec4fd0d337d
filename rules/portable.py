"""What of a slot only the origin can decide: expressions beyond the subset that every edge evaluates alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rules.conditions import Condition, InSegment, Percent, Ref, Test, walk
from rules.effects import Boost, Hide, Only, Pin
from rules.predicates import network_of

if TYPE_CHECKING:
    from rules.ruleset import Ruleset

LONGEST_LIST = 10_000


def beyond_the_edge(ruleset: Ruleset, slot: str) -> list[str]:
    """Why a slot is decided at the origin and never at an edge, one reason each; none: an edge can decide it."""
    compiled = ruleset.compiled(slot)
    segments = {segment.id: segment for segment in ruleset.document.segments if segment.enabled}
    waiting: list[tuple[str, Condition]] = [(f"the rule {rule.id!r}", rule.when) for rule in compiled.rules]
    waiting.extend((f"the experiment {one.id!r}", one.when) for one in compiled.experiments)
    waiting.append(("its selection", compiled.slot.select))
    for actor in compiled.actors:
        whose = f"the rule {actor.rule!r}" if actor.rule is not None else f"the experiment {actor.experiment!r}"
        waiting.extend(
            (whose, effect.selector) for effect in actor.effects if isinstance(effect, Only | Hide | Pin | Boost)
        )
    found: list[str] = []
    while waiting:
        whose, condition = waiting.pop(0)
        for leaf in walk(condition):
            if isinstance(leaf, InSegment):
                named = [segments.pop(name) for name in leaf.names if name in segments]
                waiting.extend((f"the segment {segment.id!r}", segment.when) for segment in named)
            else:
                found.extend(f"{whose} {reason}" for reason in _reasons(leaf))
    return list(dict.fromkeys(found))


def leaves_edge(condition: Condition) -> bool:
    """Whether a condition is beyond the edge, whatever the segments are that it names."""
    return any(True for leaf in walk(condition) if isinstance(leaf, Test) for _reason in _reasons(leaf))


def _names_somebody(test: Test) -> bool:
    """Whether it says who a visitor is: what tells one person is nothing for an edge to hold."""
    if test.op == "exists" or isinstance(test.operand, Percent | Ref):
        return False
    if test.op == "in_network":
        networks: Sequence[str] = test.operand  # type: ignore[assignment]
        return any(network_of(one).num_addresses == 1 for one in networks)
    return test.attribute in ("visitor.id", "request.ip")


def _reasons(test: Test) -> Iterator[str]:
    operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    if test.op == "matches":
        yield "has an expression ('matches')"
    if test.any_case and any(isinstance(one, str) and not one.isascii() for one in operands):
        yield "compares letters beyond ASCII in any case"
    if len(operands) > LONGEST_LIST:
        yield f"has a list of more than {LONGEST_LIST}"
    if _names_somebody(test):
        yield "names visitors by their ids or addresses, which no edge should hold"
