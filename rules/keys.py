"""Audience keys: a hash of the canonical outcome of a slot's rules for a visitor."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from json import JSONEncoder

from rules.actors import Outcome
from rules.effects import canonical
from rules.facts import Facts
from rules.slots import Slot

FORMAT = "1"
_encode = JSONEncoder(separators=(",", ":")).encode  # ASCII, so that lone surrogates have a form too


def audience_key(
    slot: Slot, outcome: Outcome, facts: Facts, *, audiences: Collection[str] | None, locale: str | None
) -> str:
    """The key: `k-` and 24 hexadecimal digits (96 bits).

    What is hashed: the effects that remain after `stop`, in order, with their rule or arm and their `ref`s bound; the
    arms; the locale; and the segments held among the `audiences` (None: all that are held). Two different outcomes
    share a key with a chance of 2**-96.
    """
    held: tuple[str, ...] = ()
    if audiences is None or audiences:
        held = tuple(sorted(facts.held if audiences is None else facts.held.intersection(audiences)))
    refs: list[str] = []
    digests = []
    for actor in outcome.actors:
        if actor.digest is not None:
            digests.append(actor.digest)
            if actor.refs:
                refs.append(canonical([facts[name] for name in actor.refs]))
    if slot.select_refs or slot.default_refs:
        refs.append(canonical([facts[name] for name in (*slot.select_refs, *slot.default_refs)]))
    parts = [FORMAT, slot.id, digests, refs, outcome.arms, locale, held]
    return f"k-{blake2b(_encode(parts).encode(), digest_size=12).hexdigest()}"
