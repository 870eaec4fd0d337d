"""Those who have no copy: mostly nobody knows them, but a server that is full may have dropped theirs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from plugin.errors import ServiceUnavailable, TesseraError
from plugin.ports import Viewed, Views

MOST_A_SECOND = 500
"""Look-ups of a process: beyond, such as under a flood of new ids, the database has other work."""
NOBODY_S = 60.0
"""So long nobody is looked up again of whom the database knows nothing; once something is kept there is a copy."""
MOST_NOBODIES = 20_000
_REST_S = 1.0


class Missing:
    """Asks the database within bounds. Safe to share between threads."""

    def __init__(self, behind: Views, *, monotonic: Callable[[], float], most_a_second: int = MOST_A_SECOND) -> None:
        """Take what it asks."""
        self._behind = behind
        self._monotonic = monotonic
        self._most = most_a_second
        self._lock = Lock()
        self._nobodies: OrderedDict[str, float] = OrderedDict()
        self._second, self._asked = float("-inf"), 0
        self._rest_until = float("-inf")

    def view(self, source: str) -> Viewed:
        """What the database has of somebody without a copy.

        Raises: TesseraError where it cannot tell, or was asked too often: whether there is something is not known.
        """
        now = self._monotonic()
        with self._lock:
            if now < self._nobodies.get(source, now):
                return Viewed(None)
            self._admit(now)
        try:
            found = self._behind.view(source)
        except TesseraError:
            self._rest_until = now + _REST_S  # no request waits for it meanwhile
            raise
        if found.octets is None:
            with self._lock:
                self._nobodies[source] = now + NOBODY_S
                self._nobodies.move_to_end(source)
                if len(self._nobodies) > MOST_NOBODIES:
                    self._nobodies.popitem(last=False)
        return found

    def _admit(self, now: float) -> None:
        if now - self._second >= 1.0:
            self._second, self._asked = now, 0
        if now < self._rest_until or self._asked >= self._most:
            raise ServiceUnavailable("Whether anything is kept of this visitor cannot be looked up now.", 1)
        self._asked += 1
