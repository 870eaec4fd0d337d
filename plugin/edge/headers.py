"""Headers of answers that caches may share, by the standards: pure functions of plain arguments.

`Cache-Control` is that of RFC 9111 and 5861, `CDN-Cache-Control` that of RFC 9213, `Cache-Status` that of RFC 9211.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from typing import NamedTuple

PRIVATE = "private, no-store"
"""The whole of what is said of an answer that is one visitor's."""
MARGIN_S = 0.5
"""An answer is on its way for a while: so long before something flips it is fresh no more."""
MOST_TAGS = 1_000
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


class Longest(NamedTuple):
    """How long an answer may be kept at most, in seconds: fresh, while a new one is fetched, and while none comes."""

    fresh_s: int = 60
    stale_s: int = 60
    error_s: int = 86_400


class Lifetime(NamedTuple):
    """How long one answer may be kept, in seconds; ``strict``: never once it is stale."""

    fresh_s: int
    stale_s: int
    error_s: int
    strict: bool = False


def lifetime(still_s: float, longest: Longest, *, strict: bool) -> Lifetime:
    """How long an answer may be kept.

    Args:
        still_s: seconds until something can flip by itself; neither fresh nor stale lifetimes reach beyond.
        strict: whether some rule says that what it bears on is never served stale.
    """
    left = max(0, int(still_s - MARGIN_S))
    fresh = min(longest.fresh_s, left)
    if strict:
        return Lifetime(fresh, 0, 0, True)
    return Lifetime(fresh, min(longest.stale_s, left - fresh), longest.error_s)


NOT_WITHOUT_VARY = {"Cloudflare-CDN-Cache-Control": "no-store"}
"""Cloudflare stores by the address and looks at no `Vary`; anybody could say there which answer others get. It takes
this header before all others, and nobody else reads it."""


def shared(
    etag: str,
    keys: Iterable[str],
    life: Lifetime,
    *,
    vary: Sequence[str] = (),
    status: str = "",
    state: str = "",
    keyed: bool = False,
) -> dict[str, str]:
    """The headers of an answer that caches may share, of a 304 too; `Content-Type` aside.

    Args:
        etag: as `etag_of` makes it.
        keys: surrogate keys.
        vary: names of request headers.
        status: what `cache_status` says.
        state: that is published, of which the answer is made: `Site.revision`.
        keyed: whether the address has other answers by other keys: then only caches that obey `Vary` may keep it.
    """
    # Said even where it is 0: some caches serve stale for a while unless told.
    rest = f"stale-while-revalidate={life.stale_s}"
    if life.strict:
        rest += ", must-revalidate"
    elif life.error_s:
        rest += f", stale-if-error={life.error_s}"
    named = tuple(keys)
    spaced = " ".join(named)
    found = {
        "Cache-Control": f"public, max-age=0, s-maxage={life.fresh_s}, {rest}",
        "CDN-Cache-Control": f"public, max-age={life.fresh_s}, {rest}",
        "ETag": etag,
        "Surrogate-Key": spaced,
        "xkey": spaced,
        "Cache-Tag": ",".join(named),
    }
    if vary:
        found["Vary"] = ", ".join(vary)
    if keyed:
        found |= NOT_WITHOUT_VARY
    if status:
        found["Cache-Status"] = status
    if state:
        found["T-State"] = state
    return found


def briefly(fresh_s: int) -> dict[str, str]:
    """For how long an answer may be kept that is not as it should be, in place of what `shared` says of that."""
    rest = "stale-while-revalidate=0"
    return {
        "Cache-Control": f"public, max-age=0, s-maxage={fresh_s}, {rest}",
        "CDN-Cache-Control": f"public, max-age={fresh_s}, {rest}",
    }


def cache_status(*, hit: bool, ttl_s: int, key: str) -> str:
    """The member that Tessera adds: whether the answer was known, its freshness, and the published state it is of."""
    return f'tessera; {"hit" if hit else "fwd=miss"}; ttl={ttl_s}; key="{key}"'


def etag_of(*parts: object) -> str:
    """A strong ETag: equal where all parts are, which are texts, numbers, None or tuples of these."""
    digest = hashlib.blake2b(repr(parts).encode("utf-8", "backslashreplace"), digest_size=15).digest()
    return f'"{urlsafe_b64encode(digest).decode()}"'


def names(if_none_match: str | None, etag: str) -> bool:
    """Whether a request's `If-None-Match` names the ETag, by the weak comparison of RFC 9110, section 13.1.2."""
    if not if_none_match:
        return False
    text = if_none_match.strip()
    if text in (etag, "*"):
        return True
    return any(one.group(1) == etag for _, one in zip(range(MOST_TAGS), _TAG.finditer(text), strict=False))
