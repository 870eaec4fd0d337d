"""From states to canonical outcomes: which of them share an audience key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rules.actors import after_stop, telling
from rules.compiled import CompiledSlot
from rules.footprint.factors import Marks
from rules.footprint.rows import Item, Need
from rules.footprint.states import Walk
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
        return tuple(self._values.get(name, {}).get(state & self._masks.get(name, 0)) for name in names)
