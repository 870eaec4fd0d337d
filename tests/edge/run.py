"""The correctness run: visitors ask through the edge while everything changes, and every answer is judged."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from plugin.edge.keys import AUDIENCE, TESSERA
from tests.edge import people, traffic, worlds
from tests.edge.explaining import explain
from tests.edge.judge import Judge, Staleness, States, Told
from tests.edge.management import Management
from tests.edge.site import AGAIN_S, STALE_S, Edge
from tests.edge.tampering import Fault

LAG_S = 1.5
"""From a change to its first purge, with room for a machine that is busy with other things."""
CHANGING = Staleness(rules=AGAIN_S + LAG_S, content=AGAIN_S + LAG_S + STALE_S, clock=LAG_S)
MOST_EXPLAINED = 6
WARM = ("s.input", "s.open", "s.class")
"""The slots that publications change one by one."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is asked, by how many, for how long.

    Attributes:
        requests: while all changes, and as many again while nothing but the clock does, times `frozen`.
        every_s: from one change to the next.
    """

    requests: int
    persons: int
    lasts_s: float
    every_s: float
    frozen: float = 0.5
    spread_s: float = 30.0


SHORT = Plan(requests=800, persons=40, lasts_s=10.0, every_s=0.4)
FULL = Plan(requests=20_000, persons=300, lasts_s=200.0, every_s=0.5, frozen=0.25)


@dataclass
class Part:
    """Answers, those of them that are wrong, and what the edge did."""

    told: Sequence[Told]
    wrong: list[tuple[Told, str]] = field(default_factory=list)
    failed: list[Told] = field(default_factory=list)
    how: Counter[str] = field(default_factory=Counter)

    @property
    def figures(self) -> dict[str, object]:
        """In numbers."""
        slots = sum(len(one.slots) for one in self.told)
        numbers = {"requests": len(self.told), "slots": slots, "wrong": len(self.wrong), "failed": len(self.failed)}
        return {**numbers, "how": dict(self.how)}


class Run:
    """A run against a running edge, in parts. What goes wrong is explained in `said`, the first of it."""

    def __init__(self, edge: Edge, plan: Plan, seed: str) -> None:
        self._random = Random(seed)
        self.edge, self.plan, self.seed = edge, plan, seed
        uid = edge.origin.hasher.uid
        names = [f"v-{number:04}" for number in range(plan.persons)]
        self.persons = [people.person(self._random, number, uid(name), name) for number, name in enumerate(names)]
        self.management = Management(edge.origin.url, self._random, spread_s=plan.spread_s)
        self.said: list[str] = []
        self.explains = True

    def begin(self) -> None:
        """Push, remember and publish, and wait until all of it is everywhere."""
        self.management.begin(self.persons)
        self.settle()

    def changing(self, allowed: Staleness = CHANGING, fault: Fault | None = None, *, slot: str | None = None) -> Part:
        """Ask while everything changes; a fault is made from a publication on, which with a slot changes that alone."""
        over = threading.Event()
        faults: list[BaseException] = []

        def change() -> None:
            try:
                while not over.wait(self.plan.every_s):
                    self.management.change(self.persons)
                    if self._random.random() < 0.1:
                        self.edge.purge(f"slot:{self._random.choice(worlds.SLOTS)}", hard=self._random.random() < 0.5)
            except BaseException as raised:  # noqa: BLE001 - raised again by who waits
                faults.append(raised)

        if fault is not None:
            # What is stored under the rules of before is what a lost purge leaves.
            self.management.publish()
            time.sleep(LAG_S)
            self._ask(self.plan.requests // 2, self.plan.lasts_s / 3)
            self.edge.behind.fault = self.edge.purges.fault = fault
            self.management.publish(slot)
        thread = threading.Thread(target=change)
        thread.start()
        try:
            told = self._ask(self.plan.requests, self.plan.lasts_s)
        finally:
            over.set()
            thread.join()
            self.edge.behind.fault = self.edge.purges.fault = Fault()
        if faults:
            raise faults[0]
        return self._judged(told, allowed)

    def frozen(self) -> Part:
        """Ask while nothing changes but the clock; much of what is published begins and ends meanwhile."""
        self.management.publish()
        self.settle()
        share = self.plan.frozen
        return self._judged(self._ask(int(self.plan.requests * share), self.plan.lasts_s * share), Staleness())

    def slot_by_slot(self) -> Part:
        """Ask while nothing changes but the clock, after publications that change one slot each.

        Nothing is taken away but what these purge, so most of what is shown was stored under the rules of before.
        """
        self.management.publish()
        self.settle()
        turns = (None, *WARM)
        share, told = self.plan.frozen / len(turns), []
        for slot in turns:
            if slot is not None:
                self.management.publish(slot)
                time.sleep(AGAIN_S + LAG_S)
            told += self._ask(int(self.plan.requests * share), self.plan.lasts_s * share)
        return self._judged(told, Staleness())

    def close(self) -> None:
        self.management.close()

    def settle(self) -> None:
        """From here on nothing may be shown that is not live now."""
        time.sleep(AGAIN_S + LAG_S)  # every process serves it, and all fetches begun before are over
        self.forget()

    def forget(self) -> None:
        """Nothing is stored any more."""
        self.edge.purge(TESSERA, AUDIENCE)

    def _ask(self, requests: int, lasts_s: float) -> list[Told]:
        return traffic.run(
            self.edge.port,
            traffic.by_edge,
            self.persons,
            requests=requests,
            lasts_s=lasts_s,
            seed=f"{self.seed} {self._random.random()}",
        )

    def _judged(self, told: Sequence[Told], allowed: Staleness) -> Part:
        most = MOST_EXPLAINED if self.explains else 0
        return judged(told, self.management.states, allowed, self.said, most)


def judged(told: Sequence[Told], states: States, allowed: Staleness, said: list[str], most: int) -> Part:
    """Every answer judged; why the first wrong ones may be so goes to `said`."""
    part, judge = Part(told), Judge(states, allowed)
    for one in told:
        part.how[how(one)] += 1
        if not one.slots:
            part.failed.append(one)
            if len(said) < most:
                said.append(f"no answer: {one.note}")
            continue
        for slot in judge.wrong(one):
            part.wrong.append((one, slot))
            if len(said) < most:
                said.append(explain(judge, one, slot))
    return part


def how(told: Told) -> str:
    """What the edge did with a request, in a word."""
    kind = told.note.partition("?")[0].rpartition("/")[2]
    if told.personal:
        return f"{kind}: personal"
    stored = "stored" if "varnish; hit" in told.note else "new"
    return f"{kind}: {'by class' if told.issue and told.issue.cookie else 'anonymous'}, {stored}"
