"""Names of content as GraphQL allows them: letters, digits and underscores, and each but once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256

_OTHER = re.compile(r"[^0-9A-Za-z_]+")
OWN_TYPES = frozenset({"Block", "PlainBlock"})
_WORD = re.compile(r"[0-9A-Za-z]+")


def field_names(raw: Iterable[str], taken: Iterable[str]) -> Mapping[str, str]:
    """A field's name for each of these: its own where GraphQL allows that and none of ``taken`` is it."""
    own = frozenset(taken)

    def named(text: str) -> str:
        name = re.sub("^_+", "_", _OTHER.sub("_", _plain(text)))
        if not name.strip("_"):
            name = f"field_{_digest(text)}"
        if name[0].isdigit():
            name = f"_{name}"
        return f"{name}_" if name in own else name

    return _distinct(raw, named, own)


def type_names(raw: Iterable[str]) -> Mapping[str, str]:
    """The name of an object type for each of these types of content: `landing-page` is `LandingPageBlock`."""

    def named(text: str) -> str:
        words = _WORD.findall(_plain(text))
        name = "".join(word[0].upper() + word[1:] for word in words) or f"Type{_digest(text)}"
        return f"{'Type' if name[0].isdigit() else ''}{name}Block"

    return _distinct(raw, named, OWN_TYPES)


def _distinct(raw: Iterable[str], named: Callable[[str], str], taken: Iterable[str]) -> dict[str, str]:
    """Of several that would have one name, one keeps it: that of this very name, or the first in order."""
    found: dict[str, str] = {}
    used = set(taken)
    for text in sorted(set(raw), key=lambda text: (named(text) != text, text)):
        name = named(text)
        while name in used:  # more than once where somebody named another after its digest
            name = f"{name}_{_digest(text)}"
        used.add(name)
        found[text] = name
    return found


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _digest(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
