"""A page of the storefront: one decision for all of its slots, by the same service as the API, and its markup."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plugin.demo import subjects
from plugin.demo.form import form, languages, place_of
from plugin.demo.keyed import ByEdge
from plugin.demo.known import NOTHING
from plugin.demo.live import OPEN_COOKIE, PURPOSES, Live, said_of
from plugin.demo.live import told as told_live
from plugin.demo.panel import Panel, read_panel
from plugin.demo.previewing import as_linked, carried, language_of, told
from plugin.demo.shelf import Reader, Shelf, texts
from plugin.demo.subjects import ERROR, SHOP, About, Kind
from plugin.demo.telling import Telling, is_held_out
from plugin.demo.visitor import OPEN, Chosen, Visitor, choose, visitor_of, zone_for
from plugin.demo.words import LANGUAGES, Words, read_words
from plugin.errors import Forbidden, ServiceUnavailable, Unauthorized
from plugin.flow.context import RawRequest
from plugin.flow.types import Site, SlotAsk
from plugin.render.blocks import BlockRenderer
from plugin.resources import folder
from plugin.service.delivery.personalize import Answer, Personalization, Personalize
from plugin.service.previews.preview import Previewed
from rules.pool import Candidate

_TOPICS = "custom.page_topics"
_HOME_ZONE = ZoneInfo("Europe/Paris")
"""Of the sample site, before anything is published that says so itself."""


def wall_clock() -> datetime:
    """Now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request for a page says.

    Attributes:
        accepted: the language that the browser would like best of those there are.
        styles: addresses of the style sheets.
        scripts: addresses of the scripts of a page that records, each with its integrity.
        keys: what an edge found of the page's slots; nothing else of the request counts then.
        edge: whether a cache that speaks the edge protocol is in front.
    """

    raw: RawRequest
    query: Mapping[str, Sequence[str]]
    cookie: str | None
    accepted: str
    styles: Sequence[str]
    scripts: Sequence[tuple[str, str]] = ()
    keys: str | None = None
    edge: bool = False

    @property
    def link(self) -> str:
        """The token of a preview link; "" for none."""
        return next(reversed(self.query.get("preview", ())), "")


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        keep: the panel's cookie; "" takes it away, None leaves it.
        records: whether what is done on it counts.
        answer: what it is made of.
        broken: whether some block could not be rendered.
    """

    html: str
    status: int
    keep: str | None
    records: bool = False
    answer: Answer | None = None
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Somebody looks at a page."""

    chosen: Chosen
    words: Words
    visitor: Visitor
    zone: ZoneInfo
    seen: Previewed | None

    @property
    def is_real(self) -> bool:
        """Whether the visitor is whoever sits before the browser, and nobody that a link or the panel invented."""
        return self.seen is None and self.visitor.id is None


class Pages:
    """Makes pages. Holds what was read once; safe to share between threads."""

    def __init__(
        self,
        personalization: Personalization,
        renderer: BlockRenderer,
        *,
        clock: Callable[[], datetime] = wall_clock,
        elapsed: Callable[[], float] = time.perf_counter,
        previewed: Callable[[str], Previewed] | None = None,
        live: Live | None = None,
        by_edge: ByEdge | None = None,
    ) -> None:
        """Read the panel and the words; without `live` pages record nothing, without `by_edge` keys count for nothing.

        Raises:
            FileNotFoundError: the installation is incomplete.
        """
        interface = folder("site") / "interface"
        self._personalization = personalization
        self._render = renderer.render
        self._clock = clock
        self._elapsed = elapsed
        self._previewed = previewed
        self._live = live
        self._by_edge = by_edge
        self._words = read_words(interface)
        self._panel: Panel = read_panel((interface / "panel.yaml").read_text(encoding="utf-8"))
        self._templates = Environment(
            loader=FileSystemLoader(folder("templates")), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )
        self._shelves: dict[str, Shelf] = {}

    def page(self, kind: Kind, slug: str, asked: Asked) -> Page:
        """A page; that of what there is not where there is no such entry, or not for this visitor.

        A preview link that is over, or none, gets a page that says so, and how to get another: who opens it is a person
        that somebody sent it to.

        Raises:
            ServiceUnavailable: nothing is published yet.
        """
        try:
            seen = self._previewed(asked.link) if asked.link and self._previewed is not None else None
        except Forbidden:
            return self._told_off(asked, "expired", 403)
        except Unauthorized:
            return self._told_off(asked, "invalid", 401)
        site = self._personalization.sites.current() if seen is None else seen.site
        look = self._look(asked, site.ruleset.document.zone, seen)
        shelf = self._shelf(site, look.words.lang)
        entry_id = f"{kind.prefix}{slug}"
        variants = shelf.variants(entry_id, kind.entry) if kind.entry is not None else []
        if kind.entry is not None and not variants:
            return self._missing(asked, look, site)
        attributes = dict(look.visitor.attributes)
        if kind.entry is not None:
            attributes[_TOPICS] = [slug] if kind.prefix else texts(variants, "topics")
        began = self._elapsed()
        answer = self._answer(kind, entry_id, site, asked, look, attributes)
        spent_ms = 1000 * (self._elapsed() - began)
        planned = answer.settled.planned
        reader = Reader(planned.visit.now, planned.facts.held)
        entry = shelf.visible(entry_id, kind.entry, reader) if kind.entry is not None else None
        if kind.entry is not None and entry is None:
            return self._missing(asked, look, site)
        telling = Telling(answer, look.words, shelf.titles, self._render)
        slots = {name: _empty(name) for name in kind.slots} | telling.slots()
        records = self._live is not None and look.is_real
        if self._live is not None and records:
            for ask, one in answer.settled.decisions:
                slots[ask.id]["token"] = self._live.token(answer.site.version, ask.id, one.audience_key, one.arms)
        presentation = {
            name: value for _ask, one in reversed(answer.settled.decisions) for name, value in one.presentation.items()
        }
        about = About(shelf, reader, telling, look.words, presentation)
        context = {
            **self._frame(kind, slug, asked, look, planned.facts.visitor_zone, reader.now, entry),
            "slots": slots,
            "light": presentation.get("images") == "small",
            "live": self._lived(asked, look, shelf, answer, entry_id if entry is not None else None),
            "decision": {
                "id": answer.decision_id,
                "ruleset": answer.site.version,
                "elapsed_ms": f"{spent_ms:.1f}",
                "moment": self._moment(look, reader.now, planned.facts.visitor_zone),
                "segments": [{"id": one, "name": telling.segments.get(one, one)} for one in sorted(reader.held)],
            },
        }
        if kind.subject is not None and entry is not None:
            context[kind.name] = kind.subject(about, entry)
        if kind is SHOP:
            context["products"] = subjects.products(about)
        return Page(self._rendered(kind, context, asked), 200, look.chosen.keep, records, answer, telling.broken)

    def known(self, asked: Asked) -> str:
        """The parts of the panel that tell what is known of the visitor. Raises: ServiceUnavailable."""
        site = self._personalization.sites.current()
        look = self._look(asked, site.ruleset.document.zone)
        known = self._known(asked, look, self._shelf(site, look.words.lang))
        return self._templates.get_template("storefront/known.html").render(t=look.words.t, known=known)

    def missing(self, asked: Asked) -> Page:
        """The page of what there is not."""
        site = self._personalization.sites.site
        zone = _HOME_ZONE if site is None else site.ruleset.document.zone
        return self._missing(asked, self._look(asked, zone), site)

    def _told_off(self, asked: Asked, why: str, status: int) -> Page:
        """The page of a preview link that shows nothing; its links lead on without it."""
        bare = replace(asked, query={name: values for name, values in asked.query.items() if name != "preview"})
        site = self._personalization.sites.site
        zone = _HOME_ZONE if site is None else site.ruleset.document.zone
        return self._missing(bare, self._look(bare, zone), site, why, status)

    def _missing(self, asked: Asked, look: _Look, site: Site | None, why: str = "not_found", status: int = 404) -> Page:
        now = look.visitor.at or self._clock()
        context = {
            **self._frame(ERROR, "", asked, look, look.zone, now, None, why),
            "slots": {},
            "light": False,
            "live": None,
            "error": {
                "status": status,
                **{name: look.words.text(f"{why}_{name}") for name in ("title", "lead", "back")},
            },
            "decision": {
                "id": None,
                "ruleset": None if site is None else site.version,
                "elapsed_ms": "0.0",
                "moment": self._moment(look, now, look.zone),
                "segments": [],
            },
        }
        return Page(self._rendered(ERROR, context, asked), status, look.chosen.keep)

    def _answer(
        self, kind: Kind, entry_id: str, site: Site, asked: Asked, look: _Look, attributes: Mapping[str, object]
    ) -> Answer:
        exclude = (entry_id,) if kind.entry is not None else ()
        asks = tuple(SlotAsk(name, exclude=exclude) for name in kind.slots)
        if asked.keys is not None and self._by_edge is not None:
            return self._by_edge.answer(asks, asked.keys)
        raw = asked.raw._replace(visitor={} if look.visitor.id is None else {"id": look.visitor.id})
        if look.seen is not None and self._live is not None:  # whoever opens a link is not whom it is made for
            own = self._live.cookie
            raw = raw._replace(cookies={name: value for name, value in raw.cookies.items() if name != own})
        return self._personalization.answer(
            Personalize(
                raw=raw,
                asks=asks,
                explain=True,
                counted=False,
                attributes=attributes,
                segments=look.visitor.segments,
                arms={} if look.seen is None else look.seen.preview.arms,
                at=look.visitor.at,
            ),
            site,
        )

    def _known(self, asked: Asked, look: _Look, shelf: Shelf) -> dict[str, object]:
        live = self._live
        known = NOTHING if live is None else live.known(live.visitor(asked.raw))
        document = shelf.site.ruleset.document
        names = {one.id: one.name or one.id for one in document.segments}
        return told_live(known, said_of(asked.raw), look.words, document.zone, shelf.titles, names)

    def _lived(
        self, asked: Asked, look: _Look, shelf: Shelf, answer: Answer, entry_id: str | None
    ) -> dict[str, object] | None:
        """`live` of the pages."""
        live, words = self._live, look.words
        if live is None:
            return None
        notes = []
        if look.seen is not None:
            notes.append(words.text("live_preview"))
        elif look.visitor.id is not None:
            notes.append(words.text("live_invented"))
        elif look.visitor.at is not None:
            notes.append(words.text("live_clock"))
        if is_held_out(answer):
            notes.append(words.text("live_held_out" if look.is_real else "live_held_out_other"))
        try:
            known = self._known(asked, look, shelf)
        except ServiceUnavailable:
            known = told_live(NOTHING, said_of(asked.raw), words, look.zone, {}, {})
            notes.append(words.text("live_down"))
        return {
            "open": asked.raw.cookies.get(OPEN_COOKIE) == "open",
            "address": f"/live?{urlencode({'lang': words.lang})}",
            "known": known,
            "notes": notes,
            "purposes": PURPOSES,
            "forget": "/live/forget" if live.forget is not None else None,
            "key": live.key if look.is_real else None,
            "edge": asked.edge,
            "scripts": [{"src": src, "integrity": integrity} for src, integrity in asked.scripts],
            "content_id": entry_id,
        }

    def _look(self, asked: Asked, home: ZoneInfo, seen: Previewed | None = None) -> _Look:
        chosen = choose(self._panel, tuple(LANGUAGES), asked.query, asked.cookie)
        words = self._words[chosen.language or language_of(seen) or asked.accepted]
        visitor = as_linked(visitor_of(self._panel, chosen.values, words.lang, home, self._clock), seen)
        return _Look(chosen=chosen, words=words, visitor=visitor, zone=zone_for(visitor.attributes, home), seen=seen)

    def _shelf(self, site: Site, lang: str) -> Shelf:
        """The entries of the state that is served, sorted once for each language."""
        found = self._shelves.get(lang)
        if found is None or found.site is not site:
            found = self._shelves[lang] = Shelf(site, lang)
        return found

    def _moment(self, look: _Look, now: datetime, zone: ZoneInfo) -> str:
        place = place_of(self._panel, look.chosen, look.words.lang) or str(zone)
        return f"{look.words.moment(now.astimezone(zone))} ({place})"

    def _frame(
        self,
        kind: Kind,
        slug: str,
        asked: Asked,
        look: _Look,
        zone: ZoneInfo,
        now: datetime,
        entry: Candidate | None,
        why: str = "",
    ) -> dict[str, object]:
        """What every page has: its head, the way around, the panel."""
        words, path = look.words, f"{kind.path}{quote(slug, safe='')}"
        titles = {"home": "tagline", "shop": "shop_title", "error": f"{why}_title"}
        title = words.text(titles[kind.name]) if entry is None else str(entry.entry.get("title") or entry.id)
        teaser = None if entry is None else entry.entry.get("teaser")
        named = (title, words.text("site_name"))
        hour = words.hour(now.astimezone(zone))
        return {
            "lang": words.lang,
            "t": words.t,
            "styles": asked.styles,
            "preview": _told(look),
            "page": {
                "kind": kind.name,
                "title": " · ".join(reversed(named) if kind.name == "home" else named),
                "description": teaser if isinstance(teaser, str) else words.text("tagline"),
                "canonical": None if kind is ERROR else path,
            },
            "nav": [
                {"label": words.text("feed_title"), "href": "/", "current": kind.name == "home"},
                {"label": words.text("topics_title"), "href": "/#topics", "current": False},
                {"label": words.text("shop_title"), "href": "/shop", "current": kind is SHOP},
            ],
            "languages": languages(look.chosen, words.lang, path),
            "wordmark_href": "/",
            "panel": form(
                self._panel,
                look.chosen,
                words,
                path=path,
                hour=hour,
                is_open=OPEN in asked.query.get("panel", ()),
                link=asked.link,
                shared=asked.keys is not None,
            ),
        }

    def _rendered(self, kind: Kind, context: Mapping[str, object], asked: Asked) -> str:
        html = self._templates.get_template(f"storefront/{kind.name}.html").render(context)
        return carried(html, asked.link) if asked.link else html


def _told(look: _Look) -> dict[str, object] | None:
    """What a page says of the preview link that it was asked for with."""
    if look.seen is None:
        return None
    document = look.seen.site.ruleset.document
    names = {one.id: one.name or one.id for one in document.segments}
    return told(look.seen, look.words, document.zone, look.words.value, names)


def _empty(slot: str) -> dict[str, object]:
    """A slot that the published rules do not have."""
    return {
        "id": slot,
        "name": slot,
        "blocks": [],
        "presentation": {},
        "fallback": False,
        "audience_key": "–",
        "ttl_s": None,
        "shareable": False,
        "degraded": [],
        "held": [],
        "not_held": [],
        "dropped": [],
        "token": None,
    }
