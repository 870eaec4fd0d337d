"""The page the visitor looks at: path, host, query, campaign, search terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from plugin.flow.signals.notes import Draft
from plugin.flow.signals.text import clean

_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#\\]*))?(/[^?#]*)?(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.\-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
_LONGEST_NAME = 64
_LONGEST_HOST = 253
_UTM = re.compile(r"utm_([a-z][a-z_]{0,31})")

Parameters = Mapping[str, Sequence[str]]


class Url(NamedTuple):
    """The parts of a URL; the query is still encoded."""

    scheme: str
    host: str | None
    path: str
    query: str


def split_url(text: str) -> Url | None:
    """An absolute URL, or a path with an optional query; None for anything else."""
    found = _URL.fullmatch(text)
    if found is None:
        return None
    scheme, authority, path, query = found.groups()
    if scheme is None:
        return Url("", None, path or "/", query or "") if path and not path.startswith("//") else None
    host = normal_host(authority)
    return Url(scheme.lower(), host, path or "/", query or "") if host is not None else None


@lru_cache(maxsize=1024)
def normal_host(authority: str) -> str | None:
    """A host name in lower case and ASCII, without user, port and final dot; None where it is none."""
    host = authority.rpartition("@")[2].lower()
    bracketed = host.startswith("[")
    host = host.partition("]")[0] + "]" if bracketed else host.partition(":")[0].removesuffix(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    return host if len(host) <= _LONGEST_HOST and _HOST.fullmatch(host) else None


def parameters(query: str, most: int, longest: int, name: str, draft: Draft) -> dict[str, list[str]]:
    """The first `most` parameters of an encoded query; one that does not decode is left out with a note."""
    found: dict[str, list[str]] = {}
    if not query:
        return found
    pairs = query.split("&", most)
    if len(pairs) > most:
        pairs.pop()
        draft.note(name, "too_many")
    plain = query.isascii() and query.isprintable() and "%" not in query and "+" not in query
    for pair in pairs:
        key, _, value = pair.partition("=")
        if not key:
            continue
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


def derive_place(url: Url, draft: Draft) -> None:
    """Adds `request.path` (decoded where that is valid UTF-8) and `request.host`."""
    try:
        path = unquote(url.path, errors="strict") if "%" in url.path else url.path
    except UnicodeError:
        draft.note("request.path", "malformed")
        path = url.path
    if path.isprintable():
        draft.attributes["request.path"] = path
    else:
        draft.note("request.path", "control")
    if url.host is not None:
        draft.attributes["request.host"] = url.host


def derive_query(found: Parameters, wanted: Iterable[str] | None, draft: Draft) -> None:
    """Adds `request.query.NAME`: the first value of each, of `wanted` only where that is given."""
    for name in found if wanted is None else wanted:
        values = found.get(name)
        if values:
            draft.attributes[f"request.query.{name}"] = values[0]


def utm(found: Parameters) -> dict[str, str]:
    """Campaign parameters by short name: names in any case, the first value that is not empty, unchanged."""
    campaign: dict[str, str] = {}
    for name, values in found.items():
        if name[:4].lower() != "utm_":
            continue
        short = _UTM.fullmatch(name.lower())
        value = next(filter(None, values), None)
        if short is not None and value is not None:
            campaign.setdefault(short[1], value)
    return campaign


def search_terms(found: Parameters, names: Sequence[str]) -> str | None:
    """What was searched for, blanks joined; from the first of `names` that has something."""
    for name in names:
        for value in found.get(name, ()):
            terms = " ".join(value.split())
            if terms:
                return terms
    return None
