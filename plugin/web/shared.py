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
from plugin.edge.headers import PRIVATE, Longest, briefly, cache_status, etag_of, names, shared
from plugin.flow.types import Site
from plugin.service.delivery.personalize import Answer
from plugin.service.delivery.settling import LONGEST_TTL_S
from plugin.web.problems import Rendered

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

BROKEN_S = 5
MOST_KNOWN = 2_048
LONGEST_NAME = 8_192
"""Characters of an address and a key of which something is remembered."""
_Name = tuple[str, str | None]


class _Known(NamedTuple):
    """What is remembered of an answer.

    Attributes:
        since, until: nothing of it flips from the one until before the other.
        steady: until then the headers are always these; after, the seconds in them are told anew.
        state: of all of it; "" where it shows more than what was decided.
        headers, again: where it is decided, and where only a 304 is due.
    """

    since: datetime
    until: datetime
    steady: datetime
    held: Holding
    keys: tuple[str, ...]
    vary: tuple[str, ...]
    state: str
    headers: Mapping[str, str]
    again: Mapping[str, str]


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
        headers = known.again if now < known.steady else self._headers(known, site, (address, key), now, hit=True)
        return (b"", HTTPStatus.NOT_MODIFIED, dict(headers)) if names(tags, headers["ETag"]) else None

    def answered(
        self,
        environ: WSGIEnvironment,
        address: str,
        answers: Sequence[Answer],
        body: bytes,
        *,
        key: str | None = None,
        vary: Sequence[str] = (),
        also: Sequence[str] = (),
        follows: bool = True,
        broken: bool = False,
    ) -> Rendered:
        """What was decided, with its headers; 304 where the request names its ETag.

        Args:
            answers: what the body is made of, at least one, all of the same site.
            vary: the request headers that the answer depends on.
            also: surrogate keys of what it shows beside its slots.
            follows: whether its bytes follow from the answers; else its ETag is of them, and nothing is remembered.
            broken: whether something of it could not be rendered: then it is kept for seconds, and known by its bytes.
        """
        if not all(one.shared for one in answers):
            return body, HTTPStatus.OK, {"Cache-Control": PRIVATE}
        site, name, now = answers[0].site, (address, key), max(one.settled.planned.visit.now for one in answers)
        of_site, everything = self._known
        follows = follows and not broken
        known = everything.get(name) if follows and of_site is site else None
        if known is None or not known.since <= now < known.until:
            known = self._known_of(site, name, answers, now, tuple(vary), tuple(also))
            follows = follows and _follows(known, answers)
            if follows:
                self._remember(site, name, known)
        steady = now < known.steady
        headers = dict(known.headers) if steady else self._headers(known, site, name, now, hit=False)
        if not follows:
            headers["ETag"] = etag_of(hashlib.sha256(body).hexdigest())
        if broken:
            headers |= briefly(BROKEN_S)
        if names(environ.get("HTTP_IF_NONE_MATCH"), headers["ETag"]):
            return b"", HTTPStatus.NOT_MODIFIED, headers
        return body, HTTPStatus.OK, headers

    def _known_of(
        self,
        site: Site,
        name: _Name,
        answers: Sequence[Answer],
        now: datetime,
        vary: tuple[str, ...],
        also: tuple[str, ...],
    ) -> _Known:
        decisions = [decision for one in answers for _ask, decision in one.settled.decisions]
        held = _held(site, answers, now)
        until = min(end for _slot, end in held.slots)
        keys = (*keys_of_answers(site, decisions, keyed=name[1] is not None), *also)
        # As the answer is while nothing is near: its seconds are then as many as they may be.
        steady = until - self._steady
        if len(answers) > 1:  # near a flip each part says the seconds from its own moment
            until = steady
        known = _Known(now, until, steady, held, keys, vary, "" if also else site.revision, {}, {})
        return known._replace(
            headers=self._headers(known, site, name, steady, hit=False),
            again=self._headers(known, site, name, steady, hit=True),
        )

    def _headers(self, known: _Known, site: Site, name: _Name, now: datetime, *, hit: bool) -> dict[str, str]:
        """At a moment, with the ETag of an answer that no model bears on."""
        held = known.held._replace(now=now)
        life = held.lifetime(self._longest)
        etag = etag_by_state(self._made, site, name[0], held.ttl_s(LONGEST_TTL_S), held, key=name[1])
        status = cache_status(hit=hit, ttl_s=life.fresh_s, key=site.revision)
        keyed = name[1] is not None
        return shared(etag, known.keys, life, vary=known.vary, status=status, state=known.state, keyed=keyed)

    def _remember(self, site: Site, name: _Name, known: _Known) -> None:
        if known.until <= known.since or len(name[0]) + len(name[1] or "") > LONGEST_NAME:
            return
        if self._known[0] is not site:
            self._known = (site, {})
        of_site, everything = self._known
        if of_site is not site:
            return  # another thread has another state already
        if len(everything) >= MOST_KNOWN:
            everything.clear()
        everything[name] = known

    def _speaks_of_consent(self, environ: WSGIEnvironment) -> bool:
        """Whether the request may say anything of consent, beyond its address."""
        if "HTTP_SEC_GPC" in environ:
            return True
        return self._consent_cookie is not None and self._consent_cookie in environ.get("HTTP_COOKIE", "")


def _follows(known: _Known, answers: Sequence[Answer]) -> bool:
    """Whether the bytes follow from what is published, the address and the clock: else they have a tag of their own."""
    if any(plan.model.name is not None for one in answers for _ask, plan in one.settled.planned.plans):
        return False
    return known.since < known.until or len(answers) == 1


def _held(site: Site, answers: Sequence[Answer], now: datetime) -> Holding:
    """How long all answers stay as they are, from the moment at which the last of them was decided."""
    parts = [
        holding(site, (ask.id for ask, _decision in one.settled.decisions), one.settled.planned.visit.now)
        for one in answers
    ]
    return Holding(tuple(slot for part in parts for slot in part.slots), now, any(part.strict for part in parts))
