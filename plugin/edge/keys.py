"""Surrogate keys: the names under which caches keep answers, and by which a change finds those it bears on.

Printable ASCII without spaces and commas: caches separate keys by one or the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote

from adapters.edge.port import LONGEST_KEY
from plugin.ports import Purge

TESSERA = "tessera"
"""Of every shared answer."""
AUDIENCE = "audience"
"""Of what follows from the published rules without naming their version, and without a key for each of its slots."""
LOOKUP = "lookup"
"""Of the keys of visitors that an edge asked for, which have a `lookup_key` for each slot."""
CONTENT = "content"
"""Of answers that any change of content may bear on."""
_SAFE = "/-_.~:@!$&'()*+;="
_SAFE_IN_FIELDS = "-_.~"
"""Neither / nor what stands before one in a key: the first / ends the name of a field."""
MOST_OF_LOOKUP = 1_000
"""Characters of all keys of a lookup, which stand beside keys of visitors that are long by themselves."""
MOST_OF_FIELDS = 60
"""Keys by which a change of fields is purged beside those of the entry; a change of more is as one of everything."""


def keys_of(purge: Purge) -> Iterator[str]:
    """The keys of a change: those of the entry before it and after it."""
    if purge.audience:
        yield AUDIENCE
        yield from [LOOKUP] if purge.slots is None else map(lookup_key, purge.slots)
        return
    if not purge.id:
        yield from (source_key(purge.source), CONTENT, TESSERA)
        return
    yield entry_key(purge.source, purge.id)
    chosen_from = [id_key(purge.id), *map(type_key, purge.types), *map(tag_key, purge.tags), CONTENT]
    yield from chosen_from
    if purge.fields is None or len(purge.fields) * len(chosen_from) > MOST_OF_FIELDS:
        yield from map(among_key, chosen_from)
    else:
        yield from (field_key(field, key) for field in purge.fields for key in chosen_from)


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


def among_key(key: str) -> str:
    """Of every answer that chooses among the entries of a key, and has a `field_key` for each field that it reads."""
    return _named("among", key)


def field_key(field: str, key: str) -> str:
    """Of every answer that chooses among the entries of a key by what they have in a field.

    A path has the key of its first part, for `a.b` may be a field of that name, and a part of the field `a`.
    """
    return _named("field", f"{quote(field.partition('.')[0], safe=_SAFE_IN_FIELDS)}/{key}")


def slot_key(slot: str) -> str:
    """Of every answer of a slot."""
    return _named("slot", quote(slot, safe=_SAFE))


def lookup_key(slot: str) -> str:
    """Of the keys of visitors that an edge asked for, where it asked for those of this slot."""
    return _named("lookup", quote(slot, safe=_SAFE))


@lru_cache(maxsize=1024)
def keys_of_lookup(slots: tuple[str, ...]) -> tuple[str, ...]:
    """Of the keys of visitors that an edge asked for, for slots that there are; where that would be too much, the key
    that every publication purges."""
    named = (TESSERA, LOOKUP, *map(lookup_key, slots))
    return named if sum(map(len, named)) + len(named) <= MOST_OF_LOOKUP else (TESSERA, AUDIENCE)


def _named(kind: str, name: str) -> str:
    """The key, or where caches would refuse it for its length, as much of it as fits before a digest of all of it.

    A name may have 255 characters, which encoded are up to 3,060; a refused key would hold up all the others.
    """
    key = f"{kind}:{name}"
    if len(key) <= LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode("ascii")).hexdigest()
    return f"{key[: LONGEST_KEY - 1 - len(digest)]}~{digest}"
