"""Chains as rule sets of durable-rules, within what that engine was measured to carry; and windows as its facts.

Nothing but whole numbers of ours goes in: letters as small codes, times doubled and counted from the window's first
event, the place of an event in its window. The bounds are those below which the engine was found sound: at most 60
branches that one fact can match, 400 rules and 400 codes in a rule set, a join that is always true at the end of each
`$and`, `$not` as the last of `all`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rules.patterns.durable_wire import Fact
from rules.patterns.forms import Chain
from rules.patterns.letters import PatternSet
from rules.patterns.windows import Entry

MOST_RULES = 400
MOST_BRANCHES = 60
MOST_CODES = 400
"""Different codes that the rules of one rule set ask for, of all steps together; beyond 512 compiling it never ends."""
MOST_WORK = 4_000
"""Partial matches that one window may make in one shard: some tens of milliseconds."""
LONGEST_SPAN = 10**13
"""Milliseconds between the first event of a window and now; some 300 years."""
_FAR = 10**15
_TICK = 0
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shard:
    """One rule set of the engine.

    Attributes:
        text: its rules as JSON, named `0`, `1`, …
        keys: which (pattern, form) each rule carries.
        chains: the same as chains.
        codes: the code of each letter that a step asks for.
        absences: (absent letter, letter of the last step, code) of each absence.
        possible: the places of the chains that can match at all, with the letters that each of them needs.
    """

    text: str
    keys: tuple[Key, ...]
    chains: tuple[Chain, ...]
    codes: Mapping[str, int]
    absences: tuple[tuple[str, str, int], ...]
    possible: tuple[tuple[int, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the engine is to carry.

    Attributes:
        shards: its rule sets.
        left: the chains that it does not carry; the reference answers for them.
    """

    shards: tuple[Shard, ...]
    left: frozenset[Key]


def plan_of(patterns: PatternSet) -> Plan:
    """The rule sets for the chains of a pattern set.

    Left to the reference is a single step without an absence: it joins nothing, and is a count of one.
    """
    left: set[Key] = set()
    waiting: list[tuple[Key, Chain]] = []
    for number, pattern in enumerate(patterns.patterns):
        for place, form in enumerate(pattern.forms):
            if not isinstance(form, Chain):
                continue
            if len(form.steps) == 1 and form.absent is None:
                left.add((number, place))
            else:
                waiting.append(((number, place), form))
    return Plan(tuple(_shard(part) for part in _parts(waiting)), frozenset(left))


def _parts(waiting: Iterable[tuple[Key, Chain]]) -> Iterator[list[tuple[Key, Chain]]]:
    """Chains in their order, a new part where the next would make too many rules, codes or branches."""
    part: list[tuple[Key, Chain]] = []
    branches: Counter[object] = Counter()
    for key, chain in waiting:
        more: Counter[object] = Counter(chain.steps)
        if chain.absent is not None:
            more.update([_TICK, (chain.absent, chain.steps[-1])])
        fits = all(branches[one] + count <= MOST_BRANCHES for one, count in more.items())
        fits = fits and len(part) < MOST_RULES and len(branches.keys() | more.keys()) <= MOST_CODES
        if part and not fits:
            yield part
            part, branches = [], Counter()
        part.append((key, chain))
        branches.update(more)
    if part:
        yield part


def _shard(part: Sequence[tuple[Key, Chain]]) -> Shard:
    codes: dict[str, int] = {}
    absences: dict[tuple[str, str], int] = {}
    used = _TICK
    for _key, chain in part:
        for letter in chain.steps:
            if letter not in codes:
                used += 1
                codes[letter] = used
        if chain.absent is not None and (chain.absent, chain.steps[-1]) not in absences:
            used += 1
            absences[chain.absent, chain.steps[-1]] = used
    rules = {str(place): _rule(chain, codes, absences) for place, (_key, chain) in enumerate(part)}
    return Shard(
        json.dumps(rules, separators=(",", ":")),
        tuple(key for key, _chain in part),
        tuple(chain for _key, chain in part),
        codes,
        tuple((absent, last, code) for (absent, last), code in absences.items()),
        tuple((place, frozenset(chain.steps)) for place, (_key, chain) in enumerate(part) if _possible(chain)),
    )


def _rule(chain: Chain, codes: Mapping[str, int], absences: Mapping[tuple[str, str], int]) -> Mapping[str, object]:
    parts: list[Mapping[str, object]] = [{"e0": {"l": codes[chain.steps[0]]}}]
    for step in range(1, len(chain.steps)):
        before = f"e{step - 1}"
        tests: list[object] = [{"l": codes[chain.steps[step]]}, {"$gte": {"t": {before: "t"}}}]
        span = chain.withins[step]
        if span is not None:
            tests.append({"$lt": {"t": _after(before, 2 * span)}})
        if chain.within is not None:
            tests.append({"$lt": {"t": _after("e0", 2 * (chain.within - chain.duration))}})
        tests.extend({"$neq": {"n": {f"e{earlier}": "n"}}} for earlier in range(step))
        parts.append({f"e{step}": {"$and": [*tests, _always(before)]}})
    if chain.absent is not None:
        last, span = f"e{len(chain.steps) - 1}", 2 * chain.duration
        parts.append({"k": {"$and": [{"l": _TICK}, {"$gte": {"t": _after(last, span)}}, _always(last)]}})
        tests = [
            {"l": absences[chain.absent, chain.steps[-1]]},
            {"$gte": {"t": {last: "t"}}},
            {"$lt": {"t": _after(last, span - 1)}},
        ]
        parts.append({"a$not": {"$and": [*tests, _always(last)]}})
    return {"all": parts, "count": 1}


def _after(alias: str, span: int) -> Mapping[str, object]:
    return {"$add": {"$l": {alias: "t"}, "$r": span}}


def _always(alias: str) -> Mapping[str, object]:
    """A join that is true of every two facts: without it at the end of an `$and` the engine can crash."""
    return {"$gte": {"t": {"$sub": {"$l": {alias: "t"}, "$r": _FAR}}}}


@dataclass(frozen=True, slots=True)
class Question:
    """What one shard is asked about one window.

    Attributes:
        facts: (code, doubled time, place), in the order of time, the tick last; none: nothing can match.
        left: chains of which there would be more partial matches than the engine should make.
    """

    facts: tuple[Fact, ...] = ()
    left: frozenset[Key] = frozenset()


_NOTHING = Question()


def question(shard: Shard, entries: Sequence[Entry], now: int) -> Question:
    """The facts of a window, for the rules of a shard that can match at all."""
    counts = Counter(letter for one in entries for letter in one.letters if letter in shard.codes)
    there = counts.keys()
    rows = [place for place, letters in shard.possible if there >= letters]
    if not rows:
        return _NOTHING
    work = sum(_work(shard.chains[place], counts) for place in rows)
    if work > MOST_WORK or now - entries[0].time > LONGEST_SPAN:
        return Question(left=frozenset(shard.keys[place] for place in rows))
    wanted = {letter for place in rows for letter in shard.chains[place].steps}
    gone = {(chain.absent, chain.steps[-1]) for chain in (shard.chains[place] for place in rows)}
    absences = [one for one in shard.absences if one[:2] in gone]
    base = entries[0].time - 1  # the earliest time is 2, so that one less is above zero
    facts: list[Fact] = []
    for place, entry in enumerate(entries):
        time = 2 * (entry.time - base)
        for absent, last, code in absences:
            if absent in entry.letters:
                # What could be the last step itself does not break an absence that begins with it.
                facts.append((code, time - (last in entry.letters), place))
        facts.extend((shard.codes[letter], time, place) for letter in entry.letters if letter in wanted)
    if absences:
        facts.append((_TICK, 2 * (now - base), len(entries)))
    return Question(tuple(facts))


def _possible(chain: Chain) -> bool:
    return chain.within is None or chain.duration < chain.within


def _work(chain: Chain, counts: Mapping[str, int]) -> int:
    """How many partial matches there can be at most."""
    total, product = 0, 1
    for letter in chain.steps:
        product *= counts[letter]
        total += product
    return total
