"""What a slot's choice looks at: the entries, as surrogate keys of which each that could be taken carries one, and of
these the fields.

A new, changed or vanished entry is purged under its own keys, from before and after. So an answer that carries the keys
here is purged whenever the change could bear on it, though nobody knew the entry when the answer was made.
"""

from __future__ import annotations

from collections.abc import Iterable

from plugin.edge.keys import CONTENT, id_key, tag_key, type_key
from rules.compiled import CompiledSlot
from rules.conditions import All, AnyOf, Condition, Test, walk
from rules.decision import RESERVED_FIELDS
from rules.effects import Boost, Hide, Only, Pin, UseModel

MOST = 30
"""Keys; a selector that names more is as one that looks at everything."""
_KEY = {"content.id": id_key, "content.type": type_key, "content.tags": tag_key}
_SELECTING = (Only, Hide, Pin, Boost)
_OF_CONTENT = "content."
_BEST = ("id:", "tag:", "type:")
_ONE_TEXT = frozenset({"eq", "bare"})
_ONE_OF_TEXTS = frozenset({"in", "bare_list"})


def cover(selectors: Iterable[Condition]) -> tuple[str, ...]:
    """The keys of all entries that some of the selectors could take, sorted; `content` alone where that may be any."""
    found: set[str] = set()
    for selector in selectors:
        keys = _keys(selector)
        if keys is None:
            return (CONTENT,)
        found |= keys
    return tuple(sorted(found)) if len(found) <= MOST else (CONTENT,)


def fields_read(compiled: CompiledSlot) -> tuple[str, ...] | None:
    """The fields that a slot reads of what it selects, whoever asks and whatever is chosen; None: any of them.

    A model may read all that there is.
    """
    slot = compiled.slot
    if slot.model.name is not None:
        return None
    selectors = [slot.select]
    for actor in compiled.actors:
        for effect in actor.effects:
            if isinstance(effect, UseModel):
                if effect.name is not None:
                    return None
            elif isinstance(effect, _SELECTING):
                selectors.append(effect.selector)
    return fields_of(selectors, *([slot.diversify.by] if slot.diversify is not None else ()))


def fields_of(selectors: Iterable[Condition], *others: str) -> tuple[str, ...]:
    """The fields that selectors read, and others by their full names; without what every choice reads of every entry,
    which is `RESERVED_FIELDS`."""
    names = {name for selector in selectors for leaf in walk(selector) if isinstance(leaf, Test) for name in leaf.names}
    fields = {name.removeprefix(_OF_CONTENT) for name in names.union(others) if name.startswith(_OF_CONTENT)}
    return tuple(sorted(fields - RESERVED_FIELDS))


def _keys(selector: Condition) -> frozenset[str] | None:
    """None: any entry may be taken."""
    match selector:
        case All(items):
            known = [keys for item in items if (keys := _keys(item)) is not None]
            return min(known, key=_cost, default=None)
        case AnyOf(items):
            choices = [_keys(item) for item in items]
            sure = [keys for keys in choices if keys is not None]
            return frozenset().union(*sure) if len(sure) == len(choices) else None
        case Test():
            return _tested(selector)
        case _:
            return None


def _cost(keys: frozenset[str]) -> tuple[int, int, list[str]]:
    """The lower, the seldomer something else is purged: an id is one entry's, a tag fewer entries' than a type."""
    worst = max((place for key in keys for place, kind in enumerate(_BEST) if key.startswith(kind)), default=-1)
    return worst, len(keys), sorted(keys)


def _tested(test: Test) -> frozenset[str] | None:
    key, operand = _KEY.get(test.attribute), test.operand
    if key is None or test.any_case:
        return None
    texts = operand if isinstance(operand, tuple) and all(isinstance(one, str) for one in operand) else ()
    if test.attribute == "content.tags":
        if test.op in ("contains", "bare") and isinstance(operand, str):
            return frozenset([key(operand)])
        if test.op in ("contains_any", "bare_list") and texts:
            return frozenset(map(key, texts))
        # Whoever has all of them has the first.
        return frozenset([key(min(texts))]) if test.op == "contains_all" and texts else None
    if test.op in _ONE_TEXT and isinstance(operand, str):
        return frozenset([key(operand)])
    return frozenset(map(key, texts)) if test.op in _ONE_OF_TEXTS and texts else None
