"""URLs from strangers: their parts, hosts and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from plugin.flow.signals.notes import Draft
from plugin.flow.signals.text import clean

WEB = frozenset({"http", "https"})
_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.\-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
_LONGEST_NAME = 64
_LONGEST_HOST = 253

Parameters = Mapping[str, Sequence[str]]


class Url(NamedTuple):
    """The parts of a URL; path and query are still encoded, scheme and host are in lower case."""

    scheme: str
    host: str | None
    path: str
    query: str


def split_url(text: str) -> Url | None:
    """An absolute URL, or a path with an optional query; None for anything else."""
    address, _, query = text.partition("#")[0].partition("?")
    scheme, separator, rest = address.partition("://")
    if not separator:
        is_path = address.startswith("/") and not address.startswith("//")
        return Url("", None, address, query) if is_path else None
    scheme = scheme.lower()
    if scheme not in WEB and not _SCHEME.fullmatch(scheme):
        return None
    authority, slash, path = rest.partition("/")
    host = normal_host(authority)
    return Url(scheme, host, slash + path or "/", query) if host is not None else None


@lru_cache(maxsize=1024)
def normal_host(authority: str) -> str | None:
    """A host name in lower case and ASCII, without user, port and final dot; None where it is none."""
    if "\\" in authority:  # browsers end the host there, so what follows is none of it
        return None
    host = authority.rpartition("@")[2].lower()
    bracketed = host.startswith("[")
    host = host.partition("]")[0] + "]" if bracketed else host.partition(":")[0].removesuffix(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return host if len(host) <= _LONGEST_HOST and _HOST.fullmatch(host) else None


def read_parameters(query: str, most: int, longest: int, name: str, draft: Draft) -> dict[str, list[str]]:
    """The first `most` parameters of an encoded query; one that does not decode is left out with a note."""
    found: dict[str, list[str]] = {}
    pairs = query.split("&", most) if query else []
    if len(pairs) > most:
        pairs.pop()
        draft.note(name, "too_many")
    harmless = query.isascii() and query.isprintable()
    for pair in pairs:
        key, _, value = pair.partition("=")
        if not key:
            continue
        plain = harmless and "%" not in pair and "+" not in pair  # nearly every pair: nothing to decode or refuse
        if plain and len(key) <= _LONGEST_NAME and len(value) <= longest:
            found.setdefault(key, []).append(value)
            continue
        if len(key) > 3 * _LONGEST_NAME or len(value) > 3 * longest:  # an encoded byte takes three characters
            draft.note(name, "too_long")
            continue
        try:
            key, value = _decoded(key), _decoded(value)
        except UnicodeError:
            draft.note(name, "malformed")
            continue
        key = clean(key, _LONGEST_NAME, name, draft) or ""
        text = clean(value, longest, name, draft) if value else ""
        if key and text is not None:
            found.setdefault(key, []).append(text)
    return found


def _decoded(text: str) -> str:
    text = text.replace("+", " ")
    return unquote(text, errors="strict") if "%" in text else text


def search_terms(found: Parameters, names: Sequence[str]) -> str | None:
    """What was searched for, blanks joined; from the first of `names` that has something."""
    for name in names:
        for value in found.get(name, ()):
            terms = " ".join(value.split())
            if terms:
                return terms
    return None
