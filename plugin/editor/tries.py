"""Failed log-ins are counted for each address: after a few, that address waits."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from plugin.errors import RateLimited

MOST = 10
WITHIN = timedelta(minutes=5)
_MOST_ADDRESSES = 10_000


class Tries:
    """In this process. Addresses of IPv6 count by their network, for one household has many."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failed: OrderedDict[str, deque[datetime]] = OrderedDict()

    def admit(self, address: str | None) -> None:
        """Let an address try.

        Raises:
            RateLimited: it failed too often of late; says in how many seconds it may try again.
        """
        with self._lock:
            failed = self._of_late(_network(address))
            if len(failed) >= MOST:
                wait = failed[0] + WITHIN - self._clock()
                raise RateLimited(max(1, math.ceil(wait.total_seconds())))

    def failed(self, address: str | None) -> None:
        """Note a failure."""
        network = _network(address)
        with self._lock:
            failed = self._of_late(network)
            failed.append(self._clock())
            self._failed[network] = failed
            self._failed.move_to_end(network)
            if len(self._failed) > _MOST_ADDRESSES:
                self._failed.popitem(last=False)

    def succeeded(self, address: str | None) -> None:
        """Forget the failures of an address."""
        with self._lock:
            self._failed.pop(_network(address), None)

    def _of_late(self, network: str) -> deque[datetime]:
        failed = self._failed.get(network, deque())
        since = self._clock() - WITHIN
        while failed and failed[0] <= since:
            failed.popleft()
        return failed


def _network(address: str | None) -> str:
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    return str(ipaddress.ip_network(f"{found}/64", strict=False)) if found.version == 6 else str(found)
