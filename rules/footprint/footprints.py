"""What caching each slot costs: who may share what it shows, how many versions there are of it, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from rules.analysis.goals import Literal as Asked
from rules.analysis.words import said
from rules.conditions import Test
from rules.content import Content
from rules.footprint.causes import Cause, Reads, Sharing, reads_of
from rules.footprint.counts import Count, How, Work, count_of
from rules.footprint.factors import SEGMENT
from rules.footprint.flips import Stillness, stillness
from rules.footprint.people import CLOCK
from rules.footprint.rows import SlotGoals
from rules.footprint.states import Budget
from rules.portable import beyond_the_edge
from rules.ruleset import Ruleset

STEPS, STEPS_WITHOUT = 300_000, 200_000
"""What all slots together may cost; each has its share, with what those before it left, and 3,000 or 500 at least."""
_FEWEST, _FEWEST_WITHOUT = 3_000, 500
_MOST_ASKED = 12


@dataclass(frozen=True, slots=True)
class Distinction:
    """Something of a visitor or a moment by which versions differ.

    Attributes:
        of: attributes, of which none can be told without the others; `the clock`, `segment NAME`.
        classes: how many kinds of visitors or moments are told apart.
        asked: the tests, in words; the first of them where they are many.
    """

    of: tuple[str, ...]
    classes: int
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Addition:
    """What a rule or an experiment adds.

    Attributes:
        without: versions where it is left out; no more than these where `without_how` is `at_most`.
        versions: with it.
        met: whether it may hold for anybody from now on.
        none: whether it is certain that there are as many without it; two equal bounds do not say so.
    """

    kind: Literal["rule", "experiment"]
    id: str
    without: int
    without_how: Literal["exact", "at_most"]
    versions: int
    met: bool
    none: bool


@dataclass(frozen=True, slots=True)
class Footprint:
    """One slot.

    Attributes:
        sharing: `everyone` gets the same at a given moment; `inputs`: those alike in what an edge knows of every
            request; `class`: those alike in that and in the class cookie; `private`: nobody.
        causes: why, the narrowest first.
        origin: why an edge that evaluates rules could not decide it; none: it can.
        versions: audience keys over all visitors and every moment from now on; no more than these where `how` is
            `at_most`; where it is `open`, and one more for each further value of the attributes in `grows_with`.
        exact: whether each of these was shown by a visitor, where it is `open` too; else there are no more of them.
    """

    slot: str
    sharing: Sharing
    causes: tuple[Cause, ...]
    origin: tuple[str, ...]
    versions: int
    how: How
    exact: bool
    grows_with: tuple[str, ...]
    distinctions: tuple[Distinction, ...]
    additions: tuple[Addition, ...]
    stillness: Stillness


def footprints(
    ruleset: Ruleset, content: Content | None = None, *, now: datetime, only: str | None = None
) -> list[Footprint]:
    """The footprint of each enabled slot, in the order written. The same for the same arguments.

    Args:
        content: whose languages, audience tags and dates count; None: none of these.
        now: from when on; what is over by then counts no more.
        only: the id of a rule or an experiment, to see its slots and what it adds to them, alone.
    """
    now = now.astimezone(UTC)
    slots = [slot for slot in ruleset.slots if only is None or _acts(ruleset, slot, only)]
    goals = SlotGoals(ruleset.document.segments)
    found = []
    left, left_without = STEPS, STEPS_WITHOUT
    for place, slot in enumerate(slots):
        share, share_without = left // (len(slots) - place), left_without // (len(slots) - place)
        work = Work(Budget(max(_FEWEST, share)), Budget(max(_FEWEST_WITHOUT, share_without)))
        count = count_of(ruleset, content, slot, goals, now, work, only)
        left = max(0, left - share + work.states.left)
        left_without = max(0, left_without - share_without + work.without.left)
        found.append(_footprint(ruleset, content, slot, count, now))
    return found


def _acts(ruleset: Ruleset, slot: str, id_: str) -> bool:
    return any(id_ in (actor.rule, actor.experiment) for actor in ruleset.compiled(slot).actors)


def _footprint(ruleset: Ruleset, content: Content | None, slot: str, count: Count, now: datetime) -> Footprint:
    compiled, document = ruleset.compiled(slot), ruleset.document
    reads = reads_of(ruleset, content, slot)
    return Footprint(
        slot=slot,
        sharing=reads.sharing,
        causes=reads.causes,
        origin=tuple(beyond_the_edge(ruleset, slot)),
        versions=count.number,
        how=count.how,
        exact=count.exact,
        grows_with=count.grows_with,
        distinctions=tuple(_distinctions(count, reads)),
        additions=tuple(_additions(ruleset, slot, count)),
        stillness=stillness(compiled, document, reads.tests, reads.schedules, content, now),
    )


def _additions(ruleset: Ruleset, slot: str, count: Count) -> Iterator[Addition]:
    compiled = ruleset.compiled(slot)
    owners: list[tuple[Literal["rule", "experiment"], str]] = [
        *(("rule", actor.rule) for actor in compiled.actors if actor.rule is not None),
        *(("experiment", one.id) for one in compiled.experiments),
    ]
    for kind, id_ in owners:
        left = count.without.get(f"{kind} {id_}")
        if left is not None:
            how: Literal["exact", "at_most"] = "exact" if left.exact else "at_most"
            yield Addition(kind, id_, left.number, how, count.number, left.met, left.same)


def _distinctions(count: Count, reads: Reads) -> Iterator[Distinction]:
    by_name: dict[str, list[Test]] = {}
    for test in reads.tests:
        by_name.setdefault(CLOCK if test.attribute.startswith("time.") else test.attribute, []).append(test)
    for names, classes in count.parts:
        tests = [test for name in names for test in by_name.get(name, ())]
        asked = dict.fromkeys(said(Asked(test, False, "")) for test in tests[:_MOST_ASKED])
        yield Distinction(tuple(_named(names)), classes, tuple(asked))


def _named(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name == CLOCK:
            yield "the clock"
        else:
            yield f"segment {name.removeprefix(SEGMENT)}" if name.startswith(SEGMENT) else name
