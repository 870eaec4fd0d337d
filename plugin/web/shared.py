"""Answers that caches may share: their headers, and a conditional request answered before anything is decided.

Of an answer that follows from what is published, its address and the clock alone, it is remembered until when that
holds. Whoever asks again meanwhile and names its ETag is told that nothing changed, and no decision is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from plugin.edge.answers import Holding, etag_by_state, holding, keys_of_answers
from plugin.edge.headers import PRIVATE, Longest, cache_status, etag_of, names, shared
from plugin.flow.types import Site
from plugin.service.personalize import Answer
from plugin.service.settling import LONGEST_TTL_S
from plugin.web.problems import Rendered

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MOST_KNOWN = 2_048
LONGEST_NAME = 8_192
"""Characters of an address and a key of which something is remembered."""
_Name = tuple[str, str | None]


class _Known(NamedTuple):
    """What is remembered of an answer.

    Attributes:
        since, until: nothing of it flips from the one until before the other.
        steady: until then the headers are always these; after, the seconds in them are told anew.
    """

    since: datetime
    until: datetime
    steady: datetime
    held: Holding
    keys: tuple[str, ...]
    vary: tuple[str, ...]
    etag: str
    headers: Mapping[str, str]


class Sharing:
    """Says what caches may do with answers. One for all routes; safe to share between threads."""

    def __init__(
        self, *, longest: Longest, made: str, clock: Callable[[], datetime], consent_cookie: str | None
    ) -> None:
        """Remember nothing yet.

        Args:
            longest: for how long answers may be kept at most.
            made: what answers follow from beside what is published: the program, its templates and its keys.
            consent_cookie: in which visitors say what they allow.
        """
        self._longest = longest
        self._made = made
        self._clock = clock
        self._consent_cookie = consent_cookie
        self._steady = timedelta(seconds=max(LONGEST_TTL_S, longest.fresh_s + longest.stale_s) + 1)
        self._known: tuple[Site | None, dict[_Name, _Known]] = (None, {})

    def unchanged(
        self, environ: WSGIEnvironment, address: str, site: Site | None, key: str | None = None
    ) -> Rendered | None:
        """The 304 to a request that names the ETag of an answer that is known to hold; None: decide.

        Args:
            address: path and query.
            site: that is served now.
            key: the text of the key that the request brought. Then nothing else of the request counts.
        """
        tags = environ.get("HTTP_IF_NONE_MATCH")
        of_site, everything = self._known
        if not tags or site is None or of_site is not site:
            return None
        known = everything.get((address, key))
        if known is None or (key is None and self._speaks_of_consent(environ)):
            return None
        now = self._clock()
        if not known.since <= now < known.until:
            return None
        if now < known.steady:
            etag, headers = known.etag, known.headers
        else:
            held = known.held._replace(now=now)
            etag = etag_by_state(self._made, site, address, held.ttl_s(LONGEST_TTL_S), held, key=key)
            headers = self._headers(etag, known.keys, held, site, known.vary, hit=True)
        return (b"", HTTPStatus.NOT_MODIFIED, dict(headers)) if names(tags, etag) else None

    def answered(
        self,
        environ: WSGIEnvironment,
        address: str,
        answers: Sequence[Answer],
        body: bytes,
        *,
        key: str | None = None,
        vary: Sequence[str] = (),
    ) -> Rendered:
        """What was decided, with its headers; 304 where the request names its ETag.

        Args:
            answers: what the body is made of, at least one, all of the same site.
            vary: the request headers that the answer depends on.
        """
        if not all(one.shared for one in answers):
            return body, HTTPStatus.OK, {"Cache-Control": PRIVATE}
        site = answers[0].site
        decided = [pair for one in answers for pair in one.settled.decisions]
        held = _held(site, answers)
        ttls = tuple(one.settled.ttl_s[ask.id] for one in answers for ask, _decision in one.settled.decisions)
        keys = keys_of_answers(site, (decision for _ask, decision in decided), keyed=key is not None)
        by_model = any(plan.model.name is not None for one in answers for _ask, plan in one.settled.planned.plans)
        if by_model:
            etag = etag_of(hashlib.sha256(body).hexdigest())
        else:
            etag = etag_by_state(self._made, site, address, ttls, held, key=key)
            self._remember(site, (address, key), held, keys, tuple(vary))
        headers = self._headers(etag, keys, held, site, vary, hit=False)
        if names(environ.get("HTTP_IF_NONE_MATCH"), etag):
            return b"", HTTPStatus.NOT_MODIFIED, headers
        return body, HTTPStatus.OK, headers

    def _headers(
        self, etag: str, keys: Sequence[str], held: Holding, site: Site, vary: Sequence[str], *, hit: bool
    ) -> dict[str, str]:
        life = held.lifetime(self._longest)
        status = cache_status(hit=hit, ttl_s=life.fresh_s, key=site.revision)
        return shared(etag, keys, life, vary=vary, status=status)

    def _remember(self, site: Site, name: _Name, held: Holding, keys: tuple[str, ...], vary: tuple[str, ...]) -> None:
        until = min(end for _slot, end in held.slots)
        if until <= held.now or len(name[0]) + len(name[1] or "") > LONGEST_NAME:
            return
        if self._known[0] is not site:
            self._known = (site, {})
        of_site, known = self._known
        if of_site is not site:
            return  # another thread has another state already
        if len(known) >= MOST_KNOWN:
            known.clear()
        # As the answer is while nothing is near: its seconds are then as many as they may be.
        full = held._replace(now=until - self._steady)
        etag = etag_by_state(self._made, site, name[0], full.ttl_s(LONGEST_TTL_S), full, key=name[1])
        headers = self._headers(etag, keys, full, site, vary, hit=True)
        known[name] = _Known(held.now, until, full.now, held, keys, vary, etag, headers)

    def _speaks_of_consent(self, environ: WSGIEnvironment) -> bool:
        """Whether the request may say anything of consent, beyond its address."""
        if "HTTP_SEC_GPC" in environ:
            return True
        return self._consent_cookie is not None and self._consent_cookie in environ.get("HTTP_COOKIE", "")


def _held(site: Site, answers: Sequence[Answer]) -> Holding:
    """How long all answers stay as they are; the last moment at which one of them was decided counts."""
    parts = [
        holding(site, (ask.id for ask, _decision in one.settled.decisions), one.settled.planned.visit.now)
        for one in answers
    ]
    if len(parts) == 1:
        return parts[0]
    slots = tuple(slot for part in parts for slot in part.slots)
    return Holding(slots, max(part.now for part in parts), any(part.strict for part in parts))
