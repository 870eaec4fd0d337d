"""In process: the rules that hold, and whole decisions. What is timed is also compared with the naive answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import rules
from plugin.bench import naive
from plugin.bench.clock import Timing, compare, reference
from plugin.bench.generator import World, make, moments, visitors

INDEX, IN_TURN, ORACLE, LOOP = "tessera", "closures in turn", "naive evaluator of the tests", "reference loop"
SEEN = "seen before"
_SEEN_VISITORS = 50
SIZES = (10, 100, 1_000, 10_000)
SHAPES = ("equalities", "ranges", "half")
_ORACLE_RULES = 20_000
"""How many rules the naive evaluator looks at in one turn: it takes about 10 µs for each."""


class WrongAnswerError(AssertionError):
    """What was measured did not answer as the naive evaluation does; no figure of it is worth anything."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: turns of each contender, calls in a turn, and visitors that take turns in the calls."""

    rounds: int
    calls: int
    visitors: int
    checked: int


FULL = Effort(rounds=20, calls=200, visitors=1_000, checked=200)
QUICK = Effort(rounds=5, calls=60, visitors=200, checked=40)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One slot with so many rules of one shape.

    Attributes:
        holding: the mean share of the rules that held.
        timings: by contender, in the same run.
        checked: for how many visitors each contender's answer was found equal to the index's.
    """

    shape: str
    rules: int
    holding: float
    timings: Mapping[str, Timing]
    checked: Mapping[str, int]


def evaluate(shape: str, size: int, effort: Effort) -> Evaluation:
    """Time which rules hold, making the facts included; attributes and clock change from call to call.

    Raises:
        WrongAnswerError: a contender answered otherwise than the index.
    """
    world = make(shape, rules=size)
    ruleset = rules.load(world.document)
    slot = world.slots[0]
    people, clock = visitors(effort.visitors), moments(effort.visitors)
    answers: dict[str, naive.Answer] = {
        INDEX: naive.compiled(ruleset, slot),
        IN_TURN: naive.in_turn(ruleset, slot),
    }
    oracle = naive.oracle(world, ruleset, slot)
    if oracle is not None:
        answers[ORACLE] = oracle
    slow = max(1, _ORACLE_RULES // size // effort.rounds)
    calls = {INDEX: effort.calls, IN_TURN: max(3, min(effort.calls, 200_000 // size)), ORACLE: slow, LOOP: 20}
    checked = {IN_TURN: effort.checked, ORACLE: min(effort.checked, max(3, 40_000 // size))}
    held = 0
    for number in range(effort.checked):
        found = answers[INDEX](people[number], clock[number])
        held += len(found)
        for name, answer in answers.items():
            if number < checked.get(name, 0) and answer(people[number], clock[number]) != found:
                raise WrongAnswerError(f"{shape}, {size} rules, visitor {number}: the index and {name!r} differ")
    contenders: dict[str, Callable[[int], object]] = {
        name: _of_visitors(answer, people, clock) for name, answer in answers.items()
    }
    contenders[LOOP] = reference
    timings = compare(contenders, rounds=effort.rounds, calls=calls)
    shown = {name: count for name, count in checked.items() if name in answers}
    return Evaluation(shape, size, held / effort.checked / size, timings, shown)


def _of_visitors(
    answer: naive.Answer, people: Sequence[Mapping[str, object]], clock: Sequence[datetime]
) -> Callable[[int], object]:
    count = len(people)
    return lambda number: answer(people[number % count], clock[number % count])


@dataclass(frozen=True, slots=True)
class Deciding:
    """Whole decisions of one request: `slots` slots, `candidates` candidates each, `rules` rules in all."""

    slots: int
    candidates: int
    rules: int
    timings: Mapping[str, Timing]
    checked: int


def decide(*, slots: int, size: int, effort: Effort, shape: str = "equalities", candidates: int = 10) -> Deciding:
    """Time a request's decisions with the profile and the prepared content in memory: facts once, then each slot.

    Every call of the first contender is of another visitor, never met before; those of `SEEN` are of a few who came
    again and again, as most requests of a site are of situations that it has met.

    Raises:
        WrongAnswerError: a decision was otherwise than the naive one.
    """
    world = make(shape, rules=size, slots=slots, candidates=candidates)
    ruleset = rules.load(world.document)
    count = effort.rounds * effort.calls
    people, clock = visitors(count), moments(count)
    request = deciding(ruleset, ruleset.prepare(world.content), world.slots)
    again = deciding(ruleset, ruleset.prepare(world.content), world.slots)
    checked = _check_decisions(world, request, people[: min(effort.checked, 20)], clock)
    for _time in range(3):
        _check_decisions(world, again, people[:_SEEN_VISITORS], clock)
    timings = compare(
        {
            INDEX: lambda number: request(people[number % count], clock[number % count]),
            SEEN: lambda number: again(people[number % _SEEN_VISITORS], clock[number % _SEEN_VISITORS]),
            LOOP: reference,
        },
        rounds=effort.rounds,
        calls={INDEX: effort.calls, SEEN: effort.calls, LOOP: 20},
    )
    return Deciding(slots, candidates, size, timings, checked)


def deciding(
    ruleset: rules.Ruleset, content: rules.Content, slots: Sequence[str]
) -> Callable[[Mapping[str, object], datetime], list[rules.Decision]]:
    """What one request asks of the engine: no model, nothing shown before."""

    def request(attributes: Mapping[str, object], now: datetime) -> list[rules.Decision]:
        facts = ruleset.facts(attributes, now=now)
        return [ruleset.settle(ruleset.plan(slot, facts, content), scores={}, exposures={}) for slot in slots]

    return request


def _check_decisions(
    world: World,
    request: Callable[[Mapping[str, object], datetime], list[rules.Decision]],
    people: Sequence[Mapping[str, object]],
    clock: Sequence[datetime],
) -> int:
    """How many visitors were compared; 0 where the naive evaluator of the tests is not there."""
    oracle = naive.oracle_decide()
    if oracle is None:
        return 0
    for number, attributes in enumerate(people):
        for found in request(attributes, clock[number]):
            wanted = oracle(world.document, found.slot, attributes, world.content, now=clock[number])
            same = [block.id for block in found.blocks] == wanted.ids
            if not same or dict(found.presentation) != wanted.presentation or found.fallback != wanted.fallback:
                raise WrongAnswerError(f"{world.shape}, visitor {number}: {found.slot} was decided otherwise")
    return len(people)
