"""Surrogate keys: the names under which caches keep answers, and by which a change finds those it bears on.

Printable ASCII without spaces and commas: caches separate keys by one or the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from urllib.parse import quote

from adapters.edge.port import LONGEST_KEY
from plugin.ports import Purge

TESSERA = "tessera"
"""Of every shared answer."""
AUDIENCE = "audience"
"""Of what follows from the published rules without naming their version."""
CONTENT = "content"
"""Of answers that any change of content may bear on."""
_SAFE = "/-_.~:@!$&'()*+;="


def keys_of(purge: Purge) -> Iterator[str]:
    """The keys of a change: those of the entry before it and after it."""
    if purge.audience:
        yield AUDIENCE
        return
    if not purge.id:
        yield from (source_key(purge.source), CONTENT, TESSERA)
        return
    yield entry_key(purge.source, purge.id)
    yield id_key(purge.id)
    yield from map(type_key, purge.types)
    yield from map(tag_key, purge.tags)
    yield CONTENT


def source_key(source: str) -> str:
    """Of every answer that holds an entry of a source."""
    return _named("source", quote(source, safe=_SAFE))


def entry_key(source: str, id_: str) -> str:
    """Of every answer that holds an entry."""
    return _named("entry", f"{quote(source, safe=_SAFE)}/{quote(id_, safe=_SAFE)}")


def id_key(id_: str) -> str:
    """Of every answer that looks for an entry by its id, whichever source it is of."""
    return _named("id", quote(id_, safe=_SAFE))


def type_key(type_: str) -> str:
    """Of every answer for which entries of a type were looked at."""
    return _named("type", quote(type_, safe=_SAFE))


def tag_key(tag: str) -> str:
    """Of every answer for which entries with a tag were looked at."""
    return _named("tag", quote(tag, safe=_SAFE))


def slot_key(slot: str) -> str:
    """Of every answer of a slot."""
    return _named("slot", quote(slot, safe=_SAFE))


def _named(kind: str, name: str) -> str:
    """The key, or where caches would refuse it for its length, as much of it as fits before a digest of all of it.

    A name may have 255 characters, which encoded are up to 3,060; a refused key would hold up all the others.
    """
    key = f"{kind}:{name}"
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode("ascii")).hexdigest()
    return f"{key[: LONGEST_KEY - 1 - len(digest)]}~{digest}"
