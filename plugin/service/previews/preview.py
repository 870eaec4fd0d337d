"""Previews: drafts put over what is published, for one answer only, decided by the same code and never counted."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from adapters.cms.port import Entry, digest
from plugin.errors import FieldError, ServiceUnavailable, ValidationFailed
from plugin.flow.context import RawRequest
from plugin.flow.types import Render, Site, SlotAsk
from plugin.service.content.entries import as_content
from plugin.service.content.sync import stored_entry
from plugin.service.delivery.personalize import Personalization, Personalize
from plugin.service.delivery.sites import Sites, site_of
from plugin.service.delivery.writer import AnswerWriter
from plugin.service.previews.drafts import Drafted, Drafts
from plugin.service.previews.tokens import DraftRef, Preview, PreviewTokens
from rules.suggest import nearest

PATH = "/v1/preview"
FRESH_S = 2.0
"""A page asks several times: for so long the drafts of a link are not read again."""
_MOST_KEPT = 8
_YEARS = range(1900, 9000)  # as for simulations: the calendar ends in 9999


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRequest:
    """A link that is wanted; see `Preview`. `page` is an address of the site that shows previews."""

    entries: tuple[DraftRef, ...]
    slots: tuple[SlotAsk, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    arms: Mapping[str, str] = field(default_factory=dict)
    visitor_id: str | None = None
    at: datetime | None = None
    page: str | None = None
    life: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it was made.

    Attributes:
        errors: entries of which it is not known whether they are there, for the CMS could not be asked.
    """

    token: str = field(repr=False)
    url: str = field(repr=False)
    expires_at: datetime
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewAsk:
    """A request with a link.

    Attributes:
        asks: slots instead of those of the link; none: those of the link.
        events: what just happened, applied to this answer alone.
    """

    raw: RawRequest
    asks: tuple[SlotAsk, ...] = ()
    unique: bool = False
    explain: bool = False
    render: Render = "json"
    events: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Previewed:
    """What a link shows, for pages that are made in this process.

    Attributes:
        site: the published state with the drafts over it.
        drafted: what became of each draft.
    """

    preview: Preview
    site: Site
    drafted: tuple[Drafted, ...]


class Previews:
    """The service behind `/v1/previews` and `/v1/preview`."""

    def __init__(
        self,
        *,
        tokens: PreviewTokens,
        drafts: Drafts,
        sites: Sites,
        personalization: Personalization,
        writer: AnswerWriter,
        public_url: str,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._tokens = tokens
        self._drafts = drafts
        self._sites = sites
        self._personalization = personalization
        self._writer = writer
        self._public_url = public_url
        self._clock = clock
        self._monotonic = monotonic
        self._lock = Lock()
        self._building = Lock()
        self._read: OrderedDict[object, tuple[float, list[Drafted]]] = OrderedDict()
        self._built: OrderedDict[str, Site] = OrderedDict()

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources that there are; whether they show drafts is not asked."""
        return self._drafts.names

    def create(self, request: PreviewRequest, *, author: str) -> Link:
        """Make a link, once the CMS was asked whether there is what it shows: about the patience of drafts at most.

        Raises:
            ValidationFailed: a source, slot or entry that there is not, a source without drafts, more than fits into a
                link.
            ServiceUnavailable: a source cannot be opened.
        """
        errors = [*self._wrong_sources(request.entries), *self._wrong_slots(request.slots)]
        if request.at is not None and request.at.year not in _YEARS:
            errors.append(FieldError("/at", f"a moment of the years {_YEARS.start} to {_YEARS.stop - 1}"))
        if errors:
            raise ValidationFailed(errors)
        unknown = self._require_drafts(request.entries)
        now = self._clock()
        preview = Preview(
            entries=tuple(dict.fromkeys(request.entries)),
            slots=request.slots,
            attributes=request.attributes,
            segments=request.segments,
            arms=request.arms,
            visitor_id=request.visitor_id,
            at=request.at,
            issued_at=now,
            expires_at=(now + request.life).replace(microsecond=0),
            author=author,
        )
        token = self._tokens.make(preview)
        return Link(token, address(self._public_url, request.page, token), preview.expires_at, unknown)

    def read(self, token: str) -> Preview:
        """What a link says. Raises Unauthorized, Forbidden; see `PreviewTokens.read`."""
        return self._tokens.read(token, self._clock())

    def see(self, token: str) -> Previewed:
        """What a link shows. Raises Unauthorized, Forbidden, ServiceUnavailable."""
        preview = self.read(token)
        site, drafted = self._site(preview)
        return Previewed(preview, site, tuple(drafted))

    def answer(self, preview: Preview, ask: PreviewAsk) -> Mapping[str, Any]:
        """The JSON of an answer, with `preview` beside: what became of each draft.

        Where a draft cannot be had, what is published stands, and `degraded` names `draft:SOURCE/ID`.

        Raises:
            ValidationFailed: neither the request nor the link names a slot.
            UnknownSlots: there is none of the slots.
            ServiceUnavailable: nothing is published yet.
        """
        asks = ask.asks or preview.slots
        if not asks:
            raise ValidationFailed([FieldError("/slots", "name the slots; the link names none")])
        site, drafted = self._site(preview)
        visitor = {"id": preview.visitor_id} if preview.visitor_id is not None else ask.raw.visitor
        answer = self._personalization.answer(
            Personalize(
                raw=ask.raw._replace(visitor=visitor),
                asks=asks,
                unique=ask.unique,
                explain=ask.explain,
                counted=False,
                attributes=preview.attributes,
                segments=frozenset(preview.segments),
                arms=preview.arms,
                at=preview.at,
                events=ask.events,
                degraded=tuple(f"draft:{_name(one.ref)}" for one in drafted if one.entry is None),
            ),
            site,
        )
        found: dict[str, Any] = json.loads(self._writer.write(answer, render=ask.render, all_segments=True))
        # Nothing of it may be counted: no decision to name, and no token that an impression could bring back.
        found["decision_id"] = None
        for slot in found["slots"].values():
            slot.pop("decision_token", None)
        found["preview"] = {
            "expires_at": _iso(preview.expires_at),
            "entries": [_told(one) for one in drafted],
        }
        return found

    def _wrong_sources(self, refs: Sequence[DraftRef]) -> list[FieldError]:
        errors = []
        for place, ref in enumerate(refs):
            if ref.source not in self._drafts.names:
                near = nearest(ref.source, self._drafts.names)
                hint = f"; did you mean {near!r}?" if near else ""
                errors.append(FieldError(f"/entries/{place}/source", f"no source {ref.source!r}{hint}"))
            elif not self._drafts.previews(ref.source):
                errors.append(FieldError(f"/entries/{place}/source", f"the source {ref.source!r} shows no drafts"))
        return errors

    def _require_drafts(self, refs: Sequence[DraftRef]) -> tuple[FieldError, ...]:
        drafted = list(enumerate(self._drafts.read(refs)))
        absent = [
            FieldError(f"/entries/{place}/id", f"there is nothing to show: {one.detail}")
            for place, one in drafted
            if one.absent
        ]
        if absent:
            raise ValidationFailed(absent)
        return tuple(
            FieldError(f"/entries/{place}/id", f"whether there is such an entry is not known: {one.detail}")
            for place, one in drafted
            if one.entry is None
        )

    def _wrong_slots(self, asks: Sequence[SlotAsk]) -> list[FieldError]:
        try:
            known = self._sites.current().ruleset.slots if asks else ()
        except ServiceUnavailable:
            return []  # nothing is published yet, and what will be may have these slots
        errors = []
        for place, ask in enumerate(asks):
            if ask.id not in known:
                near = nearest(ask.id, known)
                hint = f"; did you mean {near!r}?" if near else ""
                errors.append(FieldError(f"/slots/{place}/id", f"no slot {ask.id!r}{hint}"))
        return errors

    def _site(self, preview: Preview) -> tuple[Site, list[Drafted]]:
        """The published state with the drafts over it; made anew only where either changed."""
        published = self._sites.current()
        drafted = self._fresh(preview.entries)
        entries = [(one.ref.source, _live(one.entry, preview)) for one in drafted if one.entry is not None]
        if not entries:
            return published, drafted
        marks = "".join(sorted(digest(entry) for _source, entry in entries))
        mark = hashlib.sha256(marks.encode()).hexdigest()[:16]
        # A name of its own: no scores that a model gave for what is published may be taken for this.
        revision = f"{published.revision}+preview-{mark}"
        with self._building:
            site = self._built.get(revision)
            if site is None:
                site = self._built[revision] = _over(published, entries, revision)
            _keep(self._built, revision)
        return site, drafted

    def _fresh(self, refs: tuple[DraftRef, ...]) -> list[Drafted]:
        now = self._monotonic()
        with self._lock:
            known = self._read.get(refs)
            if known is not None and now < known[0]:
                return known[1]
        drafted = self._drafts.read(refs)
        with self._lock:
            self._read[refs] = (self._monotonic() + FRESH_S, drafted)
            _keep(self._read, refs)
        return drafted


def _live(entry: Entry, preview: Preview) -> Entry:
    """A draft as if it were published when the link was made, unless the link is for a moment: then its dates hold."""
    if preview.at is not None:
        return entry if entry.published_at is not None else replace(entry, published_at=preview.at)
    published = min(entry.published_at or preview.issued_at, preview.issued_at)
    return replace(entry, published_at=published, expires_at=None)


def _over(site: Site, drafts: Sequence[tuple[str, Entry]], revision: str) -> Site:
    """A state with drafts in place of the variants of the same id and language."""
    replaced = {entry.key for _source, entry in drafts}
    entries = [one.entry for one in site.content.candidates if (one.id, one.locale) not in replaced]
    entries += [as_content(stored_entry(source, entry)) for source, entry in drafts]
    return site_of(site.ruleset, site.ruleset.prepare(entries), site.version, revision)


def _keep(kept: OrderedDict[Any, Any], key: object) -> None:
    """Of what is kept, this was used last."""
    kept.move_to_end(key)
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)


def _told(drafted: Drafted) -> dict[str, object]:
    ref, entry = drafted.ref, drafted.entry
    return {
        "source": ref.source,
        "id": ref.id,
        "locale": ref.locale if entry is None else entry.locale,
        "shown": "published" if entry is None else "draft",
        "detail": drafted.detail,
    }


def _name(ref: DraftRef) -> str:
    return f"{ref.source}/{ref.id}"


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def address(public_url: str, page: str | None, token: str) -> str:
    """A page's address with `preview=TOKEN` in its query, in place of one that is there; without page, the API's."""
    if page is None:
        return f"{public_url}{PATH}?{urlencode({'token': token})}"
    parts = urlsplit(page)
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "preview"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("preview", token)])))
