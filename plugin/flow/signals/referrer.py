"""Where the visitor came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from plugin.flow.signals.page import Url, split_url
from plugin.flow.signals.sources import APPS, EMAIL, EMAIL_LABELS, MEDIUMS, SEARCH, SEARCH_LABELS, SOCIAL

_APP_SCHEMES = frozenset({"android-app", "ios-app"})
_LONGEST_SUFFIX = 2


class Referrer(NamedTuple):
    """A referrer read: its host (an app's package for apps), its kind, and where its search terms stand."""

    host: str
    kind: str
    query: str
    term_names: Sequence[str]


@lru_cache(maxsize=4096)
def known_source(host: str) -> tuple[str, Sequence[str]]:
    """Kind of a host (search, social, email, other) and the parameters that carry search terms."""
    labels = host.split(".")
    if labels[0] in EMAIL_LABELS and len(labels) > 1:
        return "email", ()
    for start in range(len(labels)):
        rest = labels[start:]
        below = len(rest) - 1
        names = [".".join(rest)]
        if 1 <= below <= _LONGEST_SUFFIX and all(len(label) <= 3 for label in rest[1:]):
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


def read_referrer(text: str, is_own: Callable[[str], bool]) -> Referrer | None:
    """A referring URL or `android-app://PACKAGE`, None where it is neither."""
    url = split_url(text)
    if url is None or url.host is None:
        return None
    if url.scheme in _APP_SCHEMES:
        return Referrer(url.host, APPS.get(url.host, "other"), "", ())
    if url.scheme not in ("http", "https"):
        return None
    return _read_web(url, url.host, is_own)


def _read_web(url: Url, host: str, is_own: Callable[[str], bool]) -> Referrer:
    if is_own(host):
        return Referrer(host, "internal", "", ())
    kind, term_names = known_source(host)
    return Referrer(host, kind, url.query, term_names)


def kind_of_visit(referrer: Referrer | None, medium: str | None) -> str:
    """The kind of a visit.

    A click inside the site is internal. A campaign link says by `utm_medium` how it was sent, which mail
    programs and apps often hide. Then the referrer counts, and no referrer is direct.
    """
    if referrer is not None and referrer.kind == "internal":
        return "internal"
    tagged = MEDIUMS.get(medium.strip().lower()) if medium else None
    if tagged is not None:
        return tagged
    return referrer.kind if referrer is not None else "direct"
