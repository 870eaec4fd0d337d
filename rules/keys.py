"""Audience keys: a hash of the canonical outcome of a slot's rules for a visitor."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from rules.actors import Outcome
from rules.effects import canonical
from rules.facts import Facts
from rules.slots import Slot

FORMAT = "1"


def audience_key(
    slot: Slot, outcome: Outcome, facts: Facts, *, audiences: Iterable[str] | None, locale: str | None
) -> str:
    """The key: `k-` and 24 hexadecimal digits (96 bits).

    What is hashed: the effects that remain after `stop`, in order, with their rule or arm and their `ref`s bound; the
    arms; the locale; and the segments held among the `audiences` (None: all that are held). Two different outcomes
    share a key with a chance of 2**-96.
    """
    held = facts.held if audiences is None else facts.held.intersection(audiences)
    parts = [FORMAT, slot.id]
    for actor in outcome.actors:
        if actor.digest is not None:
            parts.append(actor.digest)
            if actor.refs:
                parts.append(canonical([facts[name] for name in actor.refs]))
    if slot.select_refs or slot.default_refs:
        parts.append(canonical([facts[name] for name in (*slot.select_refs, *slot.default_refs)]))
    # Ids hold no control characters, so that lines cannot run into each other; a locale is quoted all the same.
    parts.append("arms")
    for experiment, arm in outcome.arms:
        parts += (experiment, arm)
    parts.append(f"locale {locale!a}")
    if held:
        parts += sorted(held)
    text = "\n".join(parts)
    return f"k-{blake2b(text.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"
