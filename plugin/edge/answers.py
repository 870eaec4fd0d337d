"""What caches are told of an answer: its surrogate keys, how long it holds, and what its ETag follows from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from plugin.edge.cover import MOST, cover, fields_of, fields_read
from plugin.edge.headers import Lifetime, Longest, etag_of, lifetime
from plugin.edge.keys import AUDIENCE, CONTENT, TESSERA, among_key, entry_key, field_key, slot_key
from plugin.flow.types import Site, Surrogates
from rules.compiled import CompiledSlot
from rules.decision import Decision
from rules.horizon import still_until

MOST_CHARS = 4_000
"""Of all keys of an answer: Varnish refuses answers with a header of more than 8 KB, and others may cut it off."""
_KEYS = "surrogates"


class Holding(NamedTuple):
    """How long slots stay as they are by themselves.

    Attributes:
        slots: by id, with the next instant at which each can flip.
        now: of the decision.
        strict: whether some of them are never served stale.
    """

    slots: tuple[tuple[str, datetime], ...]
    now: datetime
    strict: bool

    def ttl_s(self, longest_s: int) -> tuple[int, ...]:
        """For each slot, the seconds that its answer says."""
        return tuple(max(0, min(longest_s, int((end - self.now).total_seconds()))) for _slot, end in self.slots)

    def lifetime(self, longest: Longest) -> Lifetime:
        """For how long an answer of all of them may be kept."""
        still_s = min((end - self.now).total_seconds() for _slot, end in self.slots)
        return lifetime(still_s, longest, strict=self.strict)


def surrogates_of(compiled: CompiledSlot) -> Surrogates:
    """The keys of a slot's answers, whichever entries they show: worked out with each publication.

    What rules pin, hide, keep or boost is among what the slot selects: their selectors add no entries, only fields.
    They have no say in what the default is.
    """
    slot = compiled.slot
    parts = [(slot.select, fields_read(compiled))]
    if slot.default is not None:
        parts.append((slot.default, fields_of([slot.default])))
    of_any = (slot_key(slot.id), *cover(selector for selector, _fields in parts))
    of_read: set[str] = set()
    for selector, fields in parts:
        if fields is None:
            return Surrogates(of_any, of_any)
        chosen_from = cover([selector])
        of_read.update(map(among_key, chosen_from))
        of_read.update(field_key(field, key) for field in fields for key in chosen_from)
    if len(of_read) > MOST:
        return Surrogates(of_any, of_any)
    return Surrogates((slot_key(slot.id), *sorted(of_read)), of_any)


def holding(site: Site, slots: Iterable[str], now: datetime) -> Holding:
    """How long these slots of a site stay as they are; no visitor bears on that, and so no decision is needed."""
    named = []
    for name in slots:
        compiled = site.ruleset.compiled(name)
        ground = site.content.ground(compiled)
        named.append((name, still_until(compiled, ground.pool, ground.default, now)))
    return Holding(tuple(named), now, not site.strict.isdisjoint(name for name, _end in named))


def keys_of_answers(site: Site, decisions: Sequence[Decision], *, keyed: bool) -> tuple[str, ...]:
    """The surrogate keys of an answer, each once.

    Args:
        keyed: whether the request named the rules of its slots, by its key: then a publication does not make the
            answer wrong, for nobody asks for it any more.
    """
    always = [TESSERA] if keyed else [TESSERA, AUDIENCE]
    for of_any in (False, True):
        found = dict.fromkeys(always)
        for decision in decisions:
            found.update(_keys_of(site, decision, of_any=of_any))
        if sum(map(len, found)) + len(found) <= MOST_CHARS:
            return tuple(found)
    return (*always, CONTENT)


def _keys_of(site: Site, decision: Decision, *, of_any: bool) -> dict[str, None]:
    """Those of one slot, kept with its blocks for as long as they are shown."""
    notes, note = decision.notes, (_KEYS, of_any)
    kept = notes.get(note) if notes is not None else None
    if isinstance(kept, dict):
        return kept
    of_slot = site.surrogates.get(decision.slot)
    if of_slot is None:
        found = dict.fromkeys([slot_key(decision.slot), CONTENT])
    else:
        found = dict.fromkeys(of_slot.of_any if of_any else of_slot.of_read)
    for block in decision.blocks:
        found[entry_key(site.sources.get(id(block.entry), ""), block.id)] = None
    if notes is not None:
        notes[note] = found
    return found


def etag_by_state(
    made: str, site: Site, address: str, ttls: Sequence[int], held: Holding, *, key: str | None = None
) -> str:
    """The ETag of an answer that follows from what is published, from its address and from the clock alone.

    Args:
        made: what else the bytes follow from, and is the same in all processes: the program, its templates and keys.
        address: path and query.
        ttls: the seconds that the answer says, slot by slot.
        key: the text of the key that the request brought; None where it brought none.
    """
    ends = tuple((slot, end.isoformat()) for slot, end in held.slots)
    return etag_of(made, site.born, site.revision, address, key, ends, tuple(ttls))
