"""Audience keys: a hash of the canonical outcome of a slot's rules for a visitor."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import blake2b
from json import JSONEncoder
from json.encoder import encode_basestring_ascii

from rules.actors import Outcome
from rules.effects import canonical
from rules.facts import Facts
from rules.slots import Slot

FORMAT = "1"
_encode = JSONEncoder(separators=(",", ":")).encode  # ASCII, so that lone surrogates have a form too
_text = encode_basestring_ascii
_NOTHING_ELSE = "[[],[],null,[]]"


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
                refs.append(_values(facts, actor.refs))
    if slot.select_refs or slot.default_refs:
        refs.append(_values(facts, (*slot.select_refs, *slot.default_refs)))
    # Digests are hexadecimal: put between quotation marks they are the JSON that encoding them would give, only sooner.
    effects = '"' + '","'.join(digests) + '"' if digests else ""
    rest = _encode([refs, outcome.arms, locale, held]) if refs or outcome.arms or locale or held else _NOTHING_ELSE
    text = f'["{FORMAT}",{_text(slot.id)},[{effects}],{rest[1:]}'
    return f"k-{blake2b(text.encode(), digest_size=12).hexdigest()}"


def _values(facts: Facts, names: Sequence[str]) -> str:
    """The values of attributes as one canonical text."""
    if len(names) == 1:
        value = facts[names[0]]
        if type(value) is str:
            return f"[{_text(value)}]"
    return canonical([facts[name] for name in names])
