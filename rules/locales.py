"""Which language variant of an entry a visitor gets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

_LONGEST = 64


@lru_cache(maxsize=4096)
def lookup(tag: str) -> tuple[str, ...]:
    """The tags tried for a language range, most specific first, in lower case.

    Source: RFC 4647, section 3.4: the range is cut from its end, a single letter or digit with what follows it.
    """
    parts = tag.replace("_", "-").lower().split("-")
    found = []
    while parts and parts[0] and len(tag) <= _LONGEST:
        found.append("-".join(parts))
        parts.pop()
        while parts and len(parts[-1]) == 1:
            parts.pop()
    return tuple(name for name in found if name != "*")


def preference(tag: object, chain: Sequence[str]) -> tuple[str, ...]:
    """The order in which variants are tried: the lookup, then the site's chain; each once, in lower case.

    A tuple is such an order already, as audience keys carry it.
    """
    if isinstance(tag, tuple):
        return tag
    wanted = lookup(tag) if isinstance(tag, str) else ()
    return tuple(dict.fromkeys([*wanted, *(name.lower() for name in chain)]))


def chosen(tag: object, chain: Sequence[str]) -> str | None:
    """The visitor's languages as far as the site has them, in order; where the site names none, the whole lookup.

    This stands for the language in audience keys: visitors alike in it see the same variants of content whose locales
    are the site's. The first alone would not do: with the chain fr-CA, en, fr, a visitor of fr-CA prefers fr to en, and
    one without a language en to fr.
    """
    names = {name.lower() for name in chain}
    order = [name for name in preference(tag, chain) if not names or name in names]
    return ">".join(order) or None
