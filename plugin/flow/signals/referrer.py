"""Where the visitor came from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from plugin.flow.signals.sources import APPS, EMAIL, EMAIL_LABELS, MEDIUMS, SEARCH, SEARCH_LABELS, SOCIAL
from plugin.flow.signals.urls import WEB, split_url

_APP_SCHEMES = frozenset({"android-app", "ios-app"})
_MOST_SUFFIX_LABELS = 2
_LONGEST_KEPT = 512


class Referrer(NamedTuple):
    """A referrer read: its host (an app's package for apps), its kind, and where its search terms stand."""

    host: str
    kind: str
    query: str = ""
    term_names: Sequence[str] = ()


def read_referrer(text: str) -> Referrer | None:
    """A referring URL or `android-app://PACKAGE`, None where it is neither. Short ones are kept.

    Its kind is that of the host alone: search, social, email or other.
    """
    return (_kept if len(text) <= _LONGEST_KEPT else _read)(text)


def _read(text: str) -> Referrer | None:
    url = split_url(text)
    if url is None or url.host is None:
        return None
    if url.scheme in _APP_SCHEMES:
        return Referrer(url.host, APPS.get(url.host, "other"))
    if url.scheme not in WEB:
        return None
    kind, term_names = known_source(url.host)
    return Referrer(url.host, kind, url.query, term_names)


_kept = lru_cache(maxsize=2048)(_read)


def known_source(host: str) -> tuple[str, Sequence[str]]:
    """Kind of a host (search, social, email, other) and the parameters that carry search terms."""
    labels = host.split(".")
    if labels[0] in EMAIL_LABELS and len(labels) > 1:
        return "email", ()
    for start in range(len(labels)):
        rest = labels[start:]
        names = [".".join(rest)]
        if 1 <= len(rest) - 1 <= _MOST_SUFFIX_LABELS and all(len(label) <= 3 for label in rest[1:]):
            names.append(f"{rest[0]}.*")
        for name in names:
            if name in EMAIL:
                return "email", ()
            if name in SOCIAL:
                return "social", ()
            if name in SEARCH:
                searches = start == 0 or not SEARCH_LABELS.isdisjoint(labels[:start])
                return ("search", SEARCH[name]) if searches else ("other", ())
    return "other", ()


def kind_of_visit(referrer: Referrer | None, internal: bool, medium: str | None) -> str:
    """The kind of a visit.

    A click inside the site is internal. A campaign link says by `utm_medium` how it was sent, which mail programs
    and apps often hide. Then the referrer counts, and no referrer is direct.
    """
    if internal:
        return "internal"
    tagged = MEDIUMS.get(medium.strip().lower()) if medium else None
    if tagged is not None:
        return tagged
    return referrer.kind if referrer is not None else "direct"
