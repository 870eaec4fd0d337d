"""While a re-key is not finished, whoever comes is moved first: nobody meets half of what is kept of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

from plugin.errors import TesseraError
from plugin.ports import VisitorRow
from plugin.profiles.identity import Hasher, Identity
from plugin.service.privacy.rekey import Rekeyer

LOOK_S = 30.0
MOST_REMEMBERED = 50_000


class MovingIdentities:
    """Gives identities. Costs a look-up for each visitor that is new to this process, until the re-key is finished."""

    def __init__(
        self,
        hasher: Hasher,
        rekeyer: Rekeyer,
        find: Callable[[str], VisitorRow | None],
        *,
        monotonic: Callable[[], float],
        most: int = MOST_REMEMBERED,
    ) -> None:
        """Take what it works with; `find` gives the row of a source."""
        self._hasher = hasher
        self._rekeyer = rekeyer
        self._find = find
        self._monotonic = monotonic
        self._most = most
        self._lock = Lock()
        self._looked: OrderedDict[str, None] = OrderedDict()
        self._is_over = False
        self._ask_again = float("-inf")

    def identity(self, raw: str) -> Identity:
        """As `Hasher.identity`; what is kept under older keys is under the newest when this returns.

        Where the store cannot be used just now it is not, and the job merges the two.
        """
        identity = self._hasher.identity(raw)
        if not self._is_over and identity.source not in self._looked:
            with suppress(TesseraError):  # events are taken while the database is away; the next request tries again
                self._move(raw, identity.source)
        return identity

    def _move(self, raw: str, source: str) -> None:
        now = self._monotonic()
        if now >= self._ask_again:
            self._ask_again = now + LOOK_S
            if self._rekeyer.finished():
                self._is_over = True
                self._looked.clear()
                return
        older = {old: version for old, version in self._hasher.names(raw)[1:] if self._find(old) is not None}
        if older:
            self._rekeyer.move(older)
        with self._lock:
            self._looked[source] = None
            if len(self._looked) > self._most:
                self._looked.popitem(last=False)
