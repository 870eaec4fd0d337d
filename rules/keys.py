"""Audience keys: a hash of the canonical outcome of a slot's rules for a visitor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from json.encoder import encode_basestring_ascii

from rules.actors import Outcome, telling
from rules.effects import canonical
from rules.facts import Facts
from rules.slots import Slot

FORMAT = "2"
_text = encode_basestring_ascii  # ASCII, so that lone surrogates have a form too
_NOTHING_ELSE = "[],[],null,[]"


def audience_key(
    slot: Slot, outcome: Outcome, facts: Facts, *, audiences: Collection[str] | None, locale: str | None
) -> str:
    """The key: `k-` and 24 hexadecimal digits (96 bits).

    What is hashed: the effects that remain after `stop`, in order, with their rule or arm and their `ref`s bound, but
    for rules that only set hints which all are set before them; the arms; the locale; and the segments held among the
    `audiences` (None: all that are held). Two different outcomes share a key with a chance of 2**-96.
    """
    held: tuple[str, ...] = ()
    if audiences is None or audiences:
        held = tuple(sorted(facts.held if audiences is None else facts.held.intersection(audiences)))
    digests = [actor.digest for actor in telling(outcome.actors) if actor.digest is not None]
    refs = [_values(facts, actor.refs) for actor in outcome.actors if actor.refs]
    if slot.select_refs or slot.default_refs:
        refs.append(_values(facts, (*slot.select_refs, *slot.default_refs)))
    # Digests are hexadecimal: put between quotation marks they are the JSON that encoding them would give, only sooner.
    effects = '"' + '","'.join(digests) + '"' if digests else ""
    rest = _NOTHING_ELSE
    if refs or outcome.arms or locale or held:
        arms = ",".join([_texts(pair) for pair in outcome.arms])
        rest = f"{_texts(refs)},[{arms}],{_text(locale) if locale is not None else 'null'},{_texts(held)}"
    text = f'["{FORMAT}",{_text(slot.id)},[{effects}],{rest}]'
    return f"k-{blake2b(text.encode(), digest_size=12).hexdigest()}"


def _texts(texts: Iterable[str]) -> str:
    """A list of texts as JSON."""
    return f"[{','.join([_text(text) for text in texts])}]"


def _values(facts: Facts, names: Sequence[str]) -> str:
    """The values of attributes as one canonical text."""
    if len(names) == 1:
        value = facts[names[0]]
        if type(value) is str:
            return f"[{_text(value)}]"
    return canonical([facts[name] for name in names])
