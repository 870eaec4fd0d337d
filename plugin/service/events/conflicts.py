"""Events that came under an id which another event of their visitor had: a fault of whoever sends them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock

EVERY_S = 60.0
_log = logging.getLogger(__name__)


class Conflicts:
    """Says in the log how many there were, by type: once a minute at most, and never whose. Safe for threads."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._types: Counter[str] = Counter()
        self._next = float("-inf")

    def tell(self, types: Iterable[str]) -> None:
        """Note events of these types."""
        with self._lock:
            self._types.update(types)
            now = self._monotonic()
            if not self._types or now < self._next:
                return
            found, self._types, self._next = self._types, Counter(), now + EVERY_S
        told = ", ".join(f"{number} {name}" for name, number in sorted(found.items()))
        _log.warning("events were refused whose id their visitor had sent with another content: %s", told)
