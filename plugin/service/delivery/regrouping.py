"""Who gets what follows from content too: from its audience tags, and from the languages there are of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from plugin.errors import TesseraError
from plugin.flow.types import Site
from plugin.ports import PurgeStore

_log = logging.getLogger(__name__)

Groups = Mapping[str, tuple[frozenset[str], frozenset[str]]]
"""By slot: the audience tags of its candidates, and the languages of these and of its default."""


class Regrouping:
    """Told after each look at what is published, it puts in line that caches forget who gets what, where that changed.

    So does every process with the first state that it serves: nobody knows what was served before. What is in line
    already is not put there again.
    """

    def __init__(self, purges: PurgeStore, *, clock: Callable[[], datetime]) -> None:
        self._purges = purges
        self._clock = clock
        self._seen: Site | None = None
        self._fails = False

    def look(self, site: Site | None) -> None:
        """This state is served now. What the database does not take is tried again with the next look."""
        before = self._seen
        if site is None or site is before:
            return
        epoch = _epoch(site)
        # A publication is purged by itself.
        if before is None or (epoch != _epoch(before) and groups_of(site) != groups_of(before)):
            try:
                self._purges.regroup(epoch, now=self._clock())
            except TesseraError as fault:
                if not self._fails:
                    _log.warning("caches are not yet told that other visitors get the same: %s", fault)
                self._fails = True
                return
        self._fails = False
        self._seen = site


def groups_of(site: Site) -> Groups:
    """What of the content tells visitors apart."""
    found = {}
    for slot in site.ruleset.slots:
        pool, default = site.content.pool(slot), site.content.default(slot)
        found[slot] = frozenset(pool.audiences), frozenset(pool.locales | default.locales)
    return found


def _epoch(site: Site) -> int:
    return int(site.revision.rpartition(".")[2])
