"""How many audience keys a slot can have, and how many it would have without one of its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rules.content import Content
from rules.footprint.clock import LOCAL
from rules.footprint.draws import Draws
from rules.footprint.factors import Factors, Marks
from rules.footprint.inputs import LOCALE
from rules.footprint.outcomes import Outcomes
from rules.footprint.rows import Needs, SlotGoals
from rules.footprint.states import Budget, Visitor, Walk, visitor_of
from rules.footprint.tally import Tally
from rules.footprint.values import closed_values
from rules.locales import preference
from rules.ruleset import Ruleset

How = Literal["exact", "at_most", "open"]
MOST_SHOWN = 2_048
"""Keys up to which each is shown by a visitor who has it."""


@dataclass(frozen=True, slots=True)
class Left:
    """How many keys there are where a rule or an experiment is left out.

    Attributes:
        number: of keys; no more than that where it is not `exact`.
        met: whether what is left out may hold for anybody.
        same: whether it is certain that there are as many with it.
    """

    number: int
    exact: bool
    met: bool
    same: bool


@dataclass(frozen=True, slots=True)
class Count:
    """How many keys.

    Attributes:
        number: of keys; where `how` is `at_most`, there are no more than that.
        how: `exact` where each was shown by a visitor; `open` where there is one more for each further value of the
            attributes in `grows_with`.
        exact: whether each was shown by a visitor, where it is `open` too; else there are no more of these values.
        shown: keys that visitors were found for.
        without: by `rule ID` and `experiment ID`, what is left where that one is left out.
        visitors: of each key that was shown, one who has it.
        parts: what of a visitor and a moment counts, with the number of classes in each.
    """

    number: int
    how: How
    exact: bool
    shown: int
    grows_with: tuple[str, ...]
    without: Mapping[str, Left]
    visitors: Sequence[Visitor]
    parts: Sequence[tuple[tuple[str, ...], int]]


@dataclass(frozen=True, slots=True)
class Work:
    """What a count may cost, in steps.

    Attributes:
        states: of following what can hold at once.
        without: of counting without each rule.
    """

    states: Budget
    without: Budget


def count_of(
    ruleset: Ruleset,
    content: Content | None,
    slot: str,
    goals: SlotGoals,
    now: datetime,
    work: Work,
    only: str | None = None,
) -> Count:
    """The keys of a slot, over all visitors and every moment from `now` on.

    Args:
        content: None: entries without languages or audience tags.
        only: the one rule or experiment whose absence is asked; None: each.
    """
    compiled = ruleset.compiled(slot)
    audiences = sorted(content.pool(slot).audiences) if content is not None else []
    tags = sorted(content.pool(slot).locales | content.default(slot).locales) if content is not None else []
    needs = Needs(compiled, ruleset.document, audiences, goals)
    named = {*compiled.reads, *compiled.slot.select_refs, *compiled.slot.default_refs}
    marks = Marks(len(needs.needs), named, tags, ruleset.document.locales)
    draws = Draws(compiled.experiments, ruleset.document.groups, ruleset.document.holdout)
    factors = Factors(ruleset, needs.items, needs.needs, marks, draws, now)
    scenarios = [(consents, factors.of(consents)) for consents in factors.scenarios()]
    walk = Walk(needs.needs, marks)
    outcomes = Outcomes(compiled, needs.items, needs.needs, marks, walk)
    tally = Tally(
        compiled, needs.items, needs.needs, marks, walk, [found for _consents, found in scenarios], work.states
    )
    owners = list(dict.fromkeys(owner for item in needs.items if (owner := item.owner) is not None))
    if only is not None:
        owners = [owner for owner in owners if owner.partition(" ")[2] == only]
    most = tally.number.most
    keys: dict[str, Visitor] = {}
    for consents, found in scenarios if most <= MOST_SHOWN else ():
        met: set[object] = set()
        for state, trail in walk.states(found, work.states, relaxed=False).found.items():
            outcome = outcomes.of(state, outcomes.holding(state))
            if outcome not in met:
                met.add(outcome)
                visitor = visitor_of(trail, consents, now)
                keys.setdefault(_key(ruleset, slot, visitor, audiences, tags), visitor)
    catalogue = ruleset.document.catalogue
    # Moments are sought for tests and schedules: of what selectors compare with the clock they show a few values only.
    by_clock = {name for name in named if name in LOCAL or name == "time.now"}
    known = {name for name in named - by_clock if name == LOCALE or closed_values(catalogue[name]) is not None}
    grows = tuple(sorted(tally.named() - known))
    exact = tally.number.counted and len(keys) == most
    certain = exact and all(one.complete for _consents, found in scenarios for one in found)
    without: dict[str, Left] = {}
    for owner in owners:
        left = tally.without(owner, work.without)
        equal = left.number.most == most
        # As many at these few moments may be fewer, or more, at others.
        sure = certain and left.number.counted and not (equal and by_clock)
        same = not left.met or (left.same and not by_clock) or (sure and equal)
        without[owner] = Left(left.number.most, sure, left.met, same)
    return Count(
        most,
        "open" if grows else "exact" if exact else "at_most",
        exact,
        len(keys),
        grows,
        without,
        list(keys.values()),
        [(one.names, len(one.classes)) for one in scenarios[0][1]],
    )


def _key(ruleset: Ruleset, slot: str, visitor: Visitor, audiences: Sequence[str], tags: Sequence[str]) -> str:
    """The audience key of a visitor, as it is where content has these audience tags and languages."""
    order = preference(visitor.attributes.get(LOCALE), ruleset.document.locales)
    return ruleset.audience_key(
        slot,
        visitor.attributes,
        segments=visitor.segments,
        now=visitor.now,
        audiences=audiences,
        locale=">".join(name for name in order if name in tags),
    )
