"""How late content is: from the publish in the CMS, and from its notice, to when this process serves it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from plugin.errors import TesseraError
from plugin.ports import PurgeStore

_log = logging.getLogger(__name__)

Observe = Callable[[str, str, float], None]
"""Takes a source, "notice" or "publish", and seconds."""


class Lags:
    """Told whenever another state is in place, it looks up what is new in it."""

    def __init__(self, purges: PurgeStore, *, clock: Callable[[], datetime], observe: Observe) -> None:
        self._purges = purges
        self._clock = clock
        self._observe = observe
        self._epoch: int | None = None

    def served(self, revision: str) -> None:
        """This process serves that state now: `RULES.CONTENT`, both epochs."""
        epoch = int(revision.rpartition(".")[2])
        before, self._epoch = self._epoch, epoch
        if before is None or epoch <= before:
            return  # what was there at the start is not late
        try:
            changed = self._purges.since(before)
        except TesseraError as error:
            _log.warning("how late content is cannot be told: %s", error)
            return
        now = self._clock()
        for one in changed:
            if one.epoch > epoch or one.noticed_at is None:
                continue
            self._observe(one.source, "notice", (now - one.noticed_at).total_seconds())
            published = _moment(one.version)
            if published is not None:
                self._observe(one.source, "publish", max(0.0, (now - published).total_seconds()))


def _moment(version: str | None) -> datetime | None:
    """A version that is a moment; others count."""
    try:
        found = None if version is None or version.isdigit() else datetime.fromisoformat(version)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
