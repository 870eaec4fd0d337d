"""The supervisor of the pattern engine: a crash or a hang in it costs no evaluation."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from types import TracebackType

from plugin.live.pattern_process import Command, EngineEndedError, EngineProcess, command
from rules.patterns.durable_plan import Key, Plan, plan_of, question
from rules.patterns.durable_wire import Ask, Done, Fact, Load
from rules.patterns.letters import PatternSet
from rules.patterns.live import Answer
from rules.patterns.reference import Match
from rules.patterns.windows import Entry

_MOST_FACTS = 2_000
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take, seconds.

    Attributes:
        start: until the process has compiled one rule set, its own start included.
        window: for one window; a process that takes longer hangs.
        close: for ending by itself.
        rest: until starting is tried again, where the process did not even come up.
        megabytes: of address space that the process may take.
        facts: after so many a new process takes over, between two batches: the engine keeps about a byte of each.
    """

    start: float = 20.0
    window: float = 5.0
    close: float = 2.0
    rest: float = 30.0
    megabytes: int = 1024
    facts: int = 20_000_000


@dataclass(slots=True)
class Counts:
    """What happened, for metrics.

    Attributes:
        started: processes, the first included.
        ended: processes that crashed, hung or were out of order.
        quarantined: windows that ended a process twice.
        carried: windows that the engine answered.
        left: chains of windows that were left to the reference, for there would have been too many partial matches.
    """

    started: int = 0
    ended: int = 0
    quarantined: int = 0
    carried: int = 0
    left: int = 0

    def plus(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(slots=True)
class _Work:
    """One window on its way: its place in the batch, and what each rule set is asked."""

    place: int
    asked: tuple[tuple[int, tuple[Fact, ...]], ...]
    failures: int = 0

    @property
    def size(self) -> int:
        return sum(len(facts) for _number, facts in self.asked)


class PatternEngine:
    """Evaluates the chains of one pattern set in a child process. For one thread; other patterns take another engine.

    A window that ends the process is tried once more in a new one, and is then quarantined: its answer says so, and
    the reference evaluates it. A rule set that the engine cannot compile is refused, and its chains are left to the
    reference. While no process can be started, everything is: an answer is never withheld.
    """

    def __init__(
        self,
        patterns: PatternSet,
        limits: Limits | None = None,
        *,
        plan: Plan | None = None,
        clock: Callable[[], float] = time.monotonic,
        arguments: Command | None = None,
    ) -> None:
        """Prepare; the process is started when it is first needed, or by `start`.

        Args:
            plan: instead of what is made of the patterns.
            clock: monotonic seconds.
            arguments: what starts the process, instead of the engine's own.
        """
        self._limits = limits or Limits()
        self._plan = plan or plan_of(patterns)
        self._clock = clock
        self._arguments = arguments or command(self._limits.window, self._limits.megabytes)
        self._process: EngineProcess | None = None
        self._held: list[int] = []
        self._failures: Counter[int] = Counter()
        self._rest_until = float("-inf")
        self._facts = 0
        self.counts = Counts()

    @property
    def pid(self) -> int | None:
        """The number of the process, while there is one."""
        return self._process.pid if self._process is not None else None

    @property
    def refused(self) -> frozenset[Key]:
        """The chains, by (pattern, form), of rule sets that ended the process twice while it compiled them."""
        refused = [number for number, failures in self._failures.items() if failures >= _ATTEMPTS]
        return frozenset(key for number in refused for key in self._plan.shards[number].keys)

    def start(self) -> bool:
        """Start the process and let it compile every rule set, if that is not done; whether there is one.

        A rule set that ends the process twice is refused. Where not even an empty process starts, the next attempt is
        made after a rest.
        """
        while self._process is None:
            if self._clock() < self._rest_until:
                return False
            try:
                process = EngineProcess(self._arguments, self._clock)
                self.counts.started += 1
                process.receive(self._limits.start)
            except (OSError, EngineEndedError):
                self.counts.ended += 1
                self._rest_until = self._clock() + self._limits.rest
                return False
            self._process = self._compiled(process)
        return True

    def _compiled(self, process: EngineProcess) -> EngineProcess | None:
        self._held = []
        self._facts = 0
        for number, shard in enumerate(self._plan.shards):
            if self._failures[number] >= _ATTEMPTS:
                continue
            try:
                process.send(Load(shard.text), self._limits.start)
                process.receive(self._limits.start)
            except EngineEndedError:
                self.counts.ended += 1
                self._failures[number] += 1
                return None
            self._held.append(number)
        return process

    def evaluate(self, batch: Sequence[tuple[Sequence[Entry], int]]) -> list[Answer]:
        """An answer for each (entries up to now in order, now)."""
        if self._facts >= self._limits.facts:
            self.close()
        if not self.start():
            return [Answer({}, self._all_keys()) for _seen in batch]
        answers: list[Answer] = []
        waiting: list[_Work] = []
        for place, (entries, now) in enumerate(batch):
            asked, left = [], set(self._plan.left | self.refused)
            for number, shard in enumerate(self._plan.shards):
                if self._failures[number] >= _ATTEMPTS:
                    continue
                one = question(shard, entries, now)
                left |= one.left
                self.counts.left += len(one.left)
                if one.facts:
                    asked.append((number, one.facts))
            answers.append(Answer({}, frozenset(left)))
            if asked:
                waiting.append(_Work(place, tuple(asked)))
        while waiting:
            if not self.start():
                for work in waiting:
                    answers[work.place] = Answer({}, self._all_keys())
                break
            chunk = _chunk(waiting)
            done = self._run(chunk)
            for work, rows in zip(chunk, done, strict=False):
                answers[work.place] = self._answer(rows, batch[work.place][0], answers[work.place].left)
            self.counts.carried += len(done)
            del waiting[: len(done)]
            if len(done) < len(chunk):
                waiting[0].failures += 1
                if waiting[0].failures >= _ATTEMPTS:
                    self.counts.quarantined += 1
                    answers[waiting.pop(0).place] = Answer({}, self._all_keys(), quarantined=True)
        return answers

    def _run(self, chunk: Sequence[_Work]) -> list[Done]:
        """What the process answered, window by window, until it ended or all were answered."""
        process, done = self._process, list[Done]()
        if process is None:
            return done
        place = {number: index for index, number in enumerate(self._held)}
        # A rule set that was refused since the question was put is not asked any more.
        self._facts += sum(work.size for work in chunk)
        windows = tuple(
            tuple((place[number], facts) for number, facts in work.asked if number in place) for work in chunk
        )
        try:
            process.send(Ask(windows), self._limits.window)
            while len(done) < len(chunk):
                done.append(process.receive(self._limits.window))
        except EngineEndedError:
            self.counts.ended += 1
            self._process = None
        return done

    def _answer(self, done: Done, entries: Sequence[Entry], left: frozenset[Key]) -> Answer:
        found: dict[Key, list[Match]] = {}
        for index, rule, places in done.rows:
            key = self._plan.shards[self._held[index]].keys[rule]
            found.setdefault(key, []).append(Match(entries[places[-1]].time, entries[places[0]].time, places))
        return Answer(found, left | self.refused)

    def _all_keys(self) -> frozenset[Key]:
        return self._plan.left.union(*(shard.keys for shard in self._plan.shards))

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close(self._limits.close)
            self._process = None

    def __enter__(self) -> PatternEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _chunk(waiting: Sequence[_Work]) -> list[_Work]:
    """The next windows that are asked together: one at least, else as many as have a bounded number of facts."""
    chunk, size = [waiting[0]], waiting[0].size
    for work in waiting[1:]:
        size += work.size
        if size > _MOST_FACTS:
            break
        chunk.append(work)
    return chunk
