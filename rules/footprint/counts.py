"""How many audience keys a slot can have, and how many it would have without one of its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rules.content import Content
from rules.footprint.draws import Draws
from rules.footprint.factors import Factors, Marks
from rules.footprint.inputs import LOCALE
from rules.footprint.outcomes import Merged, Outcomes
from rules.footprint.rows import Needs, SlotGoals
from rules.footprint.states import Budget, Visitor, Walk, visitor_of
from rules.footprint.values import closed_values
from rules.locales import preference
from rules.ruleset import Ruleset

How = Literal["exact", "at_most", "open"]
MOST_SHOWN = 2_048
"""Keys up to which each is shown by a visitor who has it."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many keys.

    Attributes:
        number: of keys; where `how` is `at_most`, there are no more than that.
        how: `exact` where each was shown by a visitor; `open` where there is one more for each further value of the
            attributes in `grows_with`.
        shown: keys that visitors were found for.
        without: by `rule ID` and `experiment ID`, the number where that one is left out; None: not worked out.
        visitors: of each key that was shown, one who has it.
        parts: what of a visitor and a moment counts, with the number of classes in each.
    """

    number: int
    how: How
    shown: int
    grows_with: tuple[str, ...]
    without: Mapping[str, int | None]
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
    everything = [walk.states(found, work.states, relaxed=True) for _consents, found in scenarios]
    known = all(one.complete for one in everything)
    merged = Merged(outcomes, needs.items, (state for one in everything for state in one.found if known))
    owners = list(dict.fromkeys(owner for item in needs.items if (owner := item.owner) is not None))
    if only is not None:
        owners = [owner for owner in owners if owner.partition(" ")[2] == only]
    most = len(merged) if known else sum(one.most for one in everything)
    keys: dict[str, Visitor] = {}
    for (consents, found), states in zip(scenarios, everything, strict=True):
        if not known or len(merged) > MOST_SHOWN:
            break
        real = states if all(one.complete for one in found) else walk.states(found, work.states, relaxed=False)
        met: set[object] = set()
        for state, trail in real.found.items():
            outcome = outcomes.of(state, outcomes.holding(state))
            if outcome not in met:
                met.add(outcome)
                visitor = visitor_of(trail, consents, now)
                keys.setdefault(_key(ruleset, slot, visitor, audiences, tags), visitor)
    catalogue = ruleset.document.catalogue
    asked = outcomes.named if known else named
    grows = tuple(sorted(name for name in asked if name != LOCALE and closed_values(catalogue[name]) is None))
    how: How = "exact" if known and len(keys) == most else "at_most"
    return Count(
        most,
        "open" if grows else how,
        len(keys),
        grows,
        merged.without(owners, work.without) if known else {},
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
