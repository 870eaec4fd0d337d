"""From states to canonical outcomes: which of them share an audience key, and which would without some rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rules.actors import after_stop, telling
from rules.compiled import CompiledSlot
from rules.footprint.factors import Marks
from rules.footprint.rows import Item, Need
from rules.footprint.states import Budget, Walk
from rules.picking import Picker

Outcome = tuple[object, ...]


class Outcomes:
    """Gives for a state what an audience key would be the hash of."""

    def __init__(
        self, compiled: CompiledSlot, items: Sequence[Item], needs: Sequence[Need], marks: Marks, walk: Walk
    ) -> None:
        self._items = items
        self._settled = list(walk.settled.items())
        self._rows = (1 << len(needs)) - 1
        self._places = Picker([need.item for need in needs], range(len(items)))
        self._of_slot = (*compiled.slot.select_refs, *compiled.slot.default_refs)
        self._values = {name: {bit: text for text, bit in known.items()} for name, known in marks.values.items()}
        self._masks = {name: sum(known.values()) for name, known in marks.values.items()}
        self._orders = {bit: order for order, bit in marks.orders.items()}
        self._order_mask = sum(marks.orders.values())
        self.named: set[str] = set()
        """The attributes whose values some outcome had."""

    def holding(self, state: int) -> list[int]:
        """The items that hold, by their places."""
        found = self._places(state & self._rows)
        if self._settled:
            found.extend(place for place, bit in self._settled if state & bit)
            found.sort()
        return found

    def of(self, state: int, holding: Iterable[int]) -> Outcome:
        """The outcome of these items, with the values of a state."""
        found = [self._items[place] for place in holding]
        segments = tuple(one.segment for one in found if one.segment is not None)
        acting = [one for one in found if one.actor is not None]
        if any(one.actor is None and one.segment is None for one in found):  # held out
            acting = []
        actors = sorted((one.actor for one in acting if one.actor is not None), key=lambda actor: actor.order)
        arms = tuple((one.actor.experiment, one.actor.arm) for one in acting if one.actor and one.arm is not None)
        remaining, _stopped = after_stop(actors)
        digests = tuple(actor.digest for actor in telling(remaining))
        refs = tuple(self._bound(state, actor.refs) for actor in remaining if actor.refs)
        order = self._orders.get(state & self._order_mask)
        return digests, refs, self._bound(state, self._of_slot), arms, order or None, segments

    def _bound(self, state: int, names: Sequence[str]) -> tuple[str | None, ...]:
        self.named.update(names)
        return tuple(self._values.get(name, {}).get(state & self._masks.get(name, 0)) for name in names)


class Merged:
    """The outcomes of all states, and what they would be without one rule or experiment."""

    def __init__(self, outcomes: Outcomes, items: Sequence[Item], states: Iterable[int]) -> None:
        self._outcomes, self._items = outcomes, items
        self.first: dict[Outcome, int] = {}
        self._states: Counter[Outcome] = Counter()
        self._with: dict[str, list[tuple[int, tuple[int, ...]]]] = {}
        for state in states:
            holding = tuple(outcomes.holding(state))
            found = outcomes.of(state, holding)
            self.first.setdefault(found, state)
            self._states[found] += 1
            for owner in dict.fromkeys(owner for place in holding if (owner := items[place].owner) is not None):
                self._with.setdefault(owner, []).append((state, holding))

    def __len__(self) -> int:
        return len(self.first)

    def without(self, owners: Sequence[str], budget: Budget) -> Mapping[str, int | None]:
        """How many outcomes there would be without each; None where the work for it is too much."""
        found: dict[str, int | None] = {}
        for owner in owners:
            met = self._with.get(owner, [])
            found[owner] = self._without(owner, met) if budget.take(len(met)) else None
        return found

    def _without(self, owner: str, met: Sequence[tuple[int, tuple[int, ...]]]) -> int:
        lost: Counter[Outcome] = Counter()
        left: set[Outcome] = set()
        for state, holding in met:
            lost[self._outcomes.of(state, holding)] += 1
            left.add(self._outcomes.of(state, [one for one in holding if self._items[one].owner != owner]))
        gone = {one for one, count in lost.items() if count == self._states[one]}
        return len(self.first) - len(gone) + sum(one not in self.first or one in gone for one in left)
