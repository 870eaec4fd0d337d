"""What caching each slot costs: who may share what it shows, how many versions there are of it, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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

STEPS, STEPS_WITHOUT = 300_000, 20_000
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
        without: versions where it is left out; None where that was too much work.
        versions: with it.
    """

    kind: Literal["rule", "experiment"]
    id: str
    without: int | None
    versions: int


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
    """

    slot: str
    sharing: Sharing
    causes: tuple[Cause, ...]
    origin: tuple[str, ...]
    versions: int
    how: How
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
        found.append(_footprint(ruleset, content, slot, count, now, only, len(slots)))
    return found


def _work(slots: int) -> Work:
    return Work(Budget(max(_FEWEST, STEPS // slots)), Budget(max(_FEWEST_WITHOUT, STEPS_WITHOUT // slots)))


def _acts(ruleset: Ruleset, slot: str, id_: str) -> bool:
    return any(id_ in (actor.rule, actor.experiment) for actor in ruleset.compiled(slot).actors)


def _footprint(
    ruleset: Ruleset, content: Content | None, slot: str, count: Count, now: datetime, only: str | None, slots: int
) -> Footprint:
    compiled, document = ruleset.compiled(slot), ruleset.document
    reads = reads_of(ruleset, content, slot)
    additions = tuple(one for one in _additions(ruleset, slot, count) if only in (None, one.id))
    if only is not None and any(one.without is None for one in additions):
        additions = tuple(_left_out(ruleset, content, slot, one, now, slots) for one in additions)
    return Footprint(
        slot=slot,
        sharing=reads.sharing,
        causes=reads.causes,
        origin=tuple(beyond_the_edge(ruleset, slot)),
        versions=count.number,
        how=count.how,
        grows_with=count.grows_with,
        distinctions=tuple(_distinctions(count, reads)),
        additions=additions,
        stillness=stillness(compiled, document, reads.tests, reads.schedules, content, now),
    )


def _additions(ruleset: Ruleset, slot: str, count: Count) -> Iterator[Addition]:
    for actor in ruleset.compiled(slot).actors:
        if actor.rule is not None:
            yield Addition("rule", actor.rule, count.without.get(f"rule {actor.rule}"), count.number)
    for one in ruleset.compiled(slot).experiments:
        yield Addition("experiment", one.id, count.without.get(f"experiment {one.id}"), count.number)


def _left_out(
    ruleset: Ruleset, content: Content | None, slot: str, one: Addition, now: datetime, slots: int
) -> Addition:
    """What one adds, by counting again without it: a bound against a bound, where there is no more."""
    document = ruleset.document
    if one.kind == "rule":
        document = replace(document, rules=tuple(rule for rule in document.rules if rule.id != one.id))
    else:
        kept = tuple(other for other in document.experiments if other.id != one.id)
        document = replace(document, experiments=kept)
    other = count_of(Ruleset(document), content, slot, SlotGoals(document.segments), now, _work(slots))
    return replace(one, without=min(other.number, one.versions))


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
