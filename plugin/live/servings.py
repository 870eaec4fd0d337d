"""How often each visitor was shown each entry, in process, for caps."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock

MOST_VISITORS = 100_000
MOST_INSTANTS = 2_000_000
MOST_PER_ENTRY = 1_000
MOST_ENTRIES = 500


class Servings:
    """Counts what was served, for as many visitors as fit; the one unseen for longest is forgotten first.

    A process knows only what it served itself: with several workers a cap can be exceeded. Counting impressions, which
    takes the place of this, is exact. A cap of more than `MOST_PER_ENTRY` is never reached.
    """

    def __init__(self, most_visitors: int = MOST_VISITORS, most_instants: int = MOST_INSTANTS) -> None:
        self._most_visitors = most_visitors
        self._most_instants = most_instants
        self._instants = 0
        self._lock = Lock()
        self._shown: OrderedDict[str, OrderedDict[str, deque[datetime]]] = OrderedDict()

    def exposures(self, visitor: str) -> Mapping[str, Sequence[datetime]]:
        """When each entry was shown to a visitor, as far as is remembered."""
        with self._lock:
            entries = self._shown.get(visitor)
            return {name: tuple(instants) for name, instants in entries.items()} if entries else {}

    def record(self, visitor: str, shown: Iterable[str], now: datetime) -> None:
        """Remember what a visitor was shown."""
        with self._lock:
            entries = self._shown.setdefault(visitor, OrderedDict())
            self._shown.move_to_end(visitor)
            for name in shown:
                instants = entries.setdefault(name, deque(maxlen=MOST_PER_ENTRY))
                self._instants += len(instants) < MOST_PER_ENTRY
                instants.append(now)
                entries.move_to_end(name)
            while len(entries) > MOST_ENTRIES:
                self._instants -= len(entries.popitem(last=False)[1])
            while len(self._shown) > 1 and self._is_full():
                self._instants -= sum(map(len, self._shown.popitem(last=False)[1].values()))

    def _is_full(self) -> bool:
        return len(self._shown) > self._most_visitors or self._instants > self._most_instants
