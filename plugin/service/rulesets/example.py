"""A visitor whom a rule is for, invented, so that nobody has to think of one to see what it does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from rules.analysis.goals import Every, Goals, on
from rules.analysis.satisfy import Solver
from rules.ruleset import Ruleset


class Example(NamedTuple):
    """An invented visitor; ``at`` is None where any moment would do."""

    attributes: Mapping[str, object]
    segments: tuple[str, ...]
    at: datetime | None


def example(ruleset: Ruleset, id_: str, *, now: datetime) -> Example | None:
    """A visitor and a moment for whom a rule holds; None where none was found.

    Args:
        now: taken as the moment, unless the rule asks for another.
    """
    document = ruleset.document
    wanted = next((rule for rule in document.rules if rule.id == id_), None)
    if wanted is None:
        return None
    goals = Goals({segment.id: segment for segment in document.segments})
    found = Solver(document).ask(Every((goals.condition(wanted.when), on(wanted.schedule))), lambda _witness: True)
    if found.witness is None:
        return None
    attributes, segments, at = found.witness.attributes, found.witness.segments, found.witness.now
    slot = next((one for one in ruleset.slots if wanted.slots is None or one in wanted.slots), None)
    if slot is None:
        return Example(attributes, segments, at)

    def holds(moment: datetime) -> bool:
        facts = ruleset.facts(attributes, segments=segments, now=moment)
        return wanted.id in {one.id for one in ruleset.compiled(slot).holding(facts)}

    # The hour that was found, but today: on another day other entries are published.
    day = now.astimezone(document.zone).date()
    today = at.astimezone(document.zone).replace(year=day.year, month=day.month, day=day.day)
    return Example(attributes, segments, None if holds(now) else today if holds(today) else at)
