"""The page the visitor looks at: path, host, query, campaign."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from plugin.flow.signals.notes import Draft, Note
from plugin.flow.signals.urls import WEB, Parameters, Url, read_parameters, split_url

_UTM = re.compile(r"utm_([a-z][a-z_]{0,31})")
_LONGEST_KEPT = 512


class Page(NamedTuple):
    """A page read.

    `campaign` has the `utm_*` parameters by their short names, which count in any case; of several values the first
    that is not empty, as it was sent.
    """

    url: Url
    parameters: Parameters
    campaign: Mapping[str, str]
    notes: tuple[Note, ...]


def read_page(text: str, most: int, longest: int) -> Page | None:
    """A page's URL, None where it is none. Short ones are kept: visitors share pages.

    Args:
        text: an http(s) URL, or a path with an optional query.
        most: most parameters read.
        longest: most characters of one value.
    """
    return (_kept if len(text) <= _LONGEST_KEPT else _read)(text, most, longest)


def _read(text: str, most: int, longest: int) -> Page | None:
    url = split_url(text)
    if url is None or (url.scheme and url.scheme not in WEB):
        return None
    draft = Draft()
    found = read_parameters(url.query, most, longest, "request.query", draft)
    return Page(url, found, _campaign(found), tuple(draft.notes))


_kept = lru_cache(maxsize=2048)(_read)


def _campaign(found: Parameters) -> dict[str, str]:
    campaign: dict[str, str] = {}
    for name, values in found.items():
        short = _UTM.fullmatch(name.lower())
        value = next(filter(None, values), None)
        if short is not None and value is not None:
            campaign.setdefault(short[1], value)
    return campaign


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


def derive_campaign(campaign: Mapping[str, str], wanted: Iterable[str] | None, draft: Draft) -> None:
    """Adds `request.utm.NAME`, of `wanted` only where that is given."""
    for name in campaign if wanted is None else wanted:
        value = campaign.get(name)
        if value is not None:
            draft.attributes[f"request.utm.{name}"] = value
