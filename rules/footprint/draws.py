"""Visitors by their buckets: one at least for each thing that shares, arms and the holdout can come to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rules.buckets import BUCKETS, arm_of, bucket
from rules.conditions import Percent, Reading
from rules.experiments import Experiment, Group, Holdout, arm_for
from rules.footprint.rows import Item

MOST_IDS = 20_000
Label = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids of visitors.

    Attributes:
        complete: whether everything that buckets can come to has one among them.
    """

    ids: tuple[str, ...]
    complete: bool


class Draws:
    """What the buckets of one slot are asked."""

    def __init__(self, experiments: Iterable[Experiment], groups: Mapping[str, Group], holdout: Holdout | None) -> None:
        self._groups = groups
        self._holdout = holdout
        self._labels: dict[str, list[Label]] = {}
        self._percents: set[Percent] = set()
        for one in experiments:
            weights = tuple(arm.weight for arm in one.arms)
            self._ask(f"{one.salt}:traffic", lambda at, share=one.traffic: at < share * (BUCKETS / 100))  # type: ignore[misc]
            self._ask(f"{one.salt}:arm", lambda at, weights=weights: arm_of(at, weights))  # type: ignore[misc]
            if one.group is not None:
                count = len(groups[one.group].experiments)
                self._ask(f"{one.group}:group", lambda at, count=count: at * count // BUCKETS)  # type: ignore[misc]
        if holdout is not None:
            self._ask(holdout.salt, lambda at, share=holdout.percent: at < share * (BUCKETS / 100))  # type: ignore[misc]

    def _ask(self, salt: str, label: Label) -> None:
        self._labels.setdefault(salt, []).append(label)

    def add(self, percent: Percent) -> None:
        """A share that a condition asks."""
        if percent not in self._percents:
            self._percents.add(percent)
            self._ask(percent.salt, lambda at: percent.gte <= at / 100 < percent.lt)

    def __bool__(self) -> bool:
        return bool(self._labels)

    def ids(self, taken: frozenset[object]) -> Ids:
        """Ids that are not among those `taken`, one for each thing that all buckets together come to."""
        cells = {salt: _cells(labels) for salt, labels in self._labels.items()}
        wanted = 1
        for of in cells.values():
            wanted *= len(set(of))
        found: dict[tuple[int, ...], str] = {}
        for number in range(MOST_IDS if wanted < MOST_IDS else MOST_IDS // 10):
            name = f"visitor-{number}"
            if name not in taken:
                found.setdefault(tuple(of[bucket(salt, name)] for salt, of in cells.items()), name)
                if len(found) == wanted:
                    break
        return Ids(tuple(found.values()), len(found) == wanted)

    def drawn(self, item: Item, reading: Reading) -> bool:
        """Whether the buckets alone give the visitor an arm, or the holdout."""
        one = item.experiment
        if one is None or item.arm is None:
            return self._holdout is not None and self._holdout.keeps_out(reading)
        if one.group is not None and self._groups[one.group].chosen(reading) != one.id:
            return False
        arm = arm_for(one, _Known(reading) if one.unit == "person" else reading)
        return arm is not None and arm.id == item.arm.id


class _Known:
    """A visitor taken to be known: whether they are is a condition of its own."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.now = reading.now
        self.held: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> object:
        return True if name == "visitor.known" else self._reading[name]

    def bucket(self, salt: str, *, person: bool = False) -> int | None:
        return self._reading.bucket(salt, person=person)


def _cells(labels: Sequence[Label]) -> Sequence[int]:
    """For each bucket a number, equal where everything asked is."""
    known: dict[tuple[object, ...], int] = {}
    return [known.setdefault(tuple(label(at) for label in labels), len(known)) for at in range(BUCKETS)]
