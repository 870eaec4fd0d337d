"""A page of the storefront: one decision for all of its slots, by the same service as the API, and its markup."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from plugin.demo import subjects
from plugin.demo.frame import Frame
from plugin.demo.keyed import ByEdge
from plugin.demo.live import Live
from plugin.demo.live_panel import known_of, live_of_page
from plugin.demo.looking import Asked, Look, Looking
from plugin.demo.panel import read_panel
from plugin.demo.previewing import carried
from plugin.demo.shelf import Reader, Shelf, texts
from plugin.demo.subjects import ERROR, SHOP, About, Kind
from plugin.demo.telling import Telling
from plugin.demo.words import read_words
from plugin.errors import Forbidden, Unauthorized
from plugin.flow.types import Site, SlotAsk
from plugin.render.blocks import BlockRenderer
from plugin.resources import folder
from plugin.service.delivery.personalize import Answer, Personalization, Personalize
from plugin.service.previews.preview import Previewed

_TOPICS = "custom.page_topics"
_HOME_ZONE = ZoneInfo("Europe/Paris")
"""Of the sample site, before anything is published that says so itself."""


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


class Pages:
    """Makes pages. Holds what was read once; safe to share between threads."""

    def __init__(
        self,
        personalization: Personalization,
        renderer: BlockRenderer,
        *,
        clock: Callable[[], datetime],
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
        panel = read_panel((interface / "panel.yaml").read_text(encoding="utf-8"))
        self._looking = Looking(panel, read_words(interface), clock)
        self._frame = Frame(panel)
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
        look = self._looking.look(asked, site.ruleset.document.zone, seen)
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
            **self._frame.context(kind, slug, asked, look, planned.facts.visitor_zone, reader.now, entry),
            "slots": slots,
            "light": presentation.get("images") == "small",
            "live": live_of_page(self._live, asked, look, shelf, answer, entry_id if entry is not None else None),
            "decision": {
                "id": answer.decision_id,
                "ruleset": answer.site.version,
                "elapsed_ms": f"{spent_ms:.1f}",
                "moment": self._frame.moment(look, reader.now, planned.facts.visitor_zone),
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
        look = self._looking.look(asked, site.ruleset.document.zone)
        known = known_of(self._live, asked, look, self._shelf(site, look.words.lang))
        return self._templates.get_template("storefront/known.html").render(t=look.words.t, known=known)

    def missing(self, asked: Asked) -> Page:
        """The page of what there is not."""
        site = self._personalization.sites.site
        zone = _HOME_ZONE if site is None else site.ruleset.document.zone
        return self._missing(asked, self._looking.look(asked, zone), site)

    def _told_off(self, asked: Asked, why: str, status: int) -> Page:
        """The page of a preview link that shows nothing; its links lead on without it."""
        bare = replace(asked, query={name: values for name, values in asked.query.items() if name != "preview"})
        site = self._personalization.sites.site
        zone = _HOME_ZONE if site is None else site.ruleset.document.zone
        return self._missing(bare, self._looking.look(bare, zone), site, why, status)

    def _missing(self, asked: Asked, look: Look, site: Site | None, why: str = "not_found", status: int = 404) -> Page:
        now = look.visitor.at or self._clock()
        context = {
            **self._frame.context(ERROR, "", asked, look, look.zone, now, None, why),
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
                "moment": self._frame.moment(look, now, look.zone),
                "segments": [],
            },
        }
        return Page(self._rendered(ERROR, context, asked), status, look.chosen.keep)

    def _answer(
        self, kind: Kind, entry_id: str, site: Site, asked: Asked, look: Look, attributes: Mapping[str, object]
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

    def _shelf(self, site: Site, lang: str) -> Shelf:
        """The entries of the state that is served, sorted once for each language."""
        found = self._shelves.get(lang)
        if found is None or found.site is not site:
            found = self._shelves[lang] = Shelf(site, lang)
        return found

    def _rendered(self, kind: Kind, context: Mapping[str, object], asked: Asked) -> str:
        html = self._templates.get_template(f"storefront/{kind.name}.html").render(context)
        return carried(html, asked.link) if asked.link else html


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
