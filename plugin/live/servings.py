"""How often each visitor was shown each entry, in process, for caps."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock

MOST_VISITORS = 100_000
MOST_PER_ENTRY = 100
MOST_ENTRIES = 500


class Servings:
    """Counts what was served, for as many visitors as fit; the one unseen for longest is forgotten first.

    A process knows only what it served itself: with several workers a cap can be exceeded. Counting impressions, which
    takes the place of this, is exact.
    """

    def __init__(self, most_visitors: int = MOST_VISITORS) -> None:
        self._most = most_visitors
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
                entries.setdefault(name, deque(maxlen=MOST_PER_ENTRY)).append(now)
                entries.move_to_end(name)
            while len(entries) > MOST_ENTRIES:
                entries.popitem(last=False)
            while len(self._shown) > self._most:
                self._shown.popitem(last=False)
