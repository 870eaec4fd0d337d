"""All content, prepared for one rule set: a pool for each slot's candidates and one for its default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from rules.bits import iterate
from rules.conditions import ALWAYS
from rules.document import Document
from rules.locales import preference
from rules.pool import Candidate, Pool, candidate
from rules.selectors import compile_bound
from rules.slots import Slot


class Content:
    """Prepared content; keeps a reference to every entry it was made from. Safe to share between threads."""

    def __init__(self, entries: Iterable[Mapping[str, object]], document: Document) -> None:
        """Prepare. Raises ValueError where an entry has no id or its tags are no list of texts."""
        self._zone: ZoneInfo = document.zone
        self.candidates: Sequence[Candidate] = [candidate(entry, document.zone) for entry in entries]
        segments = {segment.id for segment in document.segments}
        self._pools = {slot.id: self._pool(slot) for slot in document.slots if slot.enabled}
        self._defaults = {slot.id: self._default(slot) for slot in document.slots if slot.enabled}
        self.unknown_audiences: Mapping[str, tuple[str, ...]] = _unknown(self.candidates, segments)

    def _pool(self, slot: Slot) -> Pool:
        """What `select` takes; where it has refs to the visitor, everything: the request selects."""
        if slot.select_refs or slot.select == ALWAYS:
            return Pool(self.candidates, self._zone)
        takes = compile_bound(slot.select, self._zone)
        return Pool((one for one in self.candidates if takes(one.reading)), self._zone)

    def _default(self, slot: Slot) -> Pool:
        if slot.default is None:
            return Pool((), self._zone)
        if slot.default_refs:
            return Pool(self.candidates, self._zone)
        takes = compile_bound(slot.default, self._zone)
        return Pool((one for one in self.candidates if takes(one.reading)), self._zone)

    def order_for(self, slot: str, tag: object, chain: Sequence[str]) -> str | None:
        """The visitor's languages as far as a slot's content can tell them apart; for audience keys."""
        there = self._pools[slot].locales | self._defaults[slot].locales
        if not there:
            return None
        return ">".join(name for name in preference(tag, chain) if name in there) or None

    def pool(self, slot: str) -> Pool:
        """The candidates of a slot, before anything about the visitor is known."""
        return self._pools[slot]

    def default(self, slot: str) -> Pool:
        """The entries that a slot's default names."""
        return self._defaults[slot]


def in_default_order(slot: Slot, pool: Pool, mask: int) -> list[int]:
    """The entries of a default: those it lists in the order listed, then any others in the order of ties."""
    listed: list[int] = []
    for name in slot.default_order:
        listed.extend(iterate(pool.by_id.get(name, 0) & mask))
    chosen = set(listed)
    return listed + [place for place in iterate(mask) if place not in chosen]


def _unknown(candidates: Iterable[Candidate], segments: set[str]) -> dict[str, tuple[str, ...]]:
    """Audience tags that name no segment, so that nobody sees their entries, with the ids of these."""
    found: dict[str, set[str]] = {}
    for one in candidates:
        for name in one.audiences - segments:
            found.setdefault(name, set()).add(one.id)
    return {name: tuple(sorted(ids)) for name, ids in sorted(found.items())}
