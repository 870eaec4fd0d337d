"""What every page of the storefront has around it."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from plugin.demo.form import form, languages, place_of
from plugin.demo.looking import Asked, Look
from plugin.demo.panel import Panel
from plugin.demo.previewing import told
from plugin.demo.subjects import ERROR, SHOP, Kind
from plugin.demo.visitor import OPEN
from rules.pool import Candidate


class Frame:
    """Makes it. Safe to share between threads."""

    def __init__(self, panel: Panel) -> None:
        """Take the panel that pages have."""
        self._panel = panel

    def context(
        self,
        kind: Kind,
        slug: str,
        asked: Asked,
        look: Look,
        zone: ZoneInfo,
        now: datetime,
        entry: Candidate | None,
        why: str = "",
    ) -> dict[str, object]:
        """Its head, the way around, the panel.

        Args:
            zone: of the visit, whose instant is `now`.
            entry: what the page is about; None: nothing in particular.
            why: of a page of errors, the name that its words begin with.
        """
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

    def moment(self, look: Look, now: datetime, zone: ZoneInfo) -> str:
        """The instant of a visit in words, with the place where it is so late."""
        place = place_of(self._panel, look.chosen, look.words.lang) or str(zone)
        return f"{look.words.moment(now.astimezone(zone))} ({place})"


def _told(look: Look) -> dict[str, object] | None:
    """What a page says of the preview link that it was asked for with."""
    if look.seen is None:
        return None
    document = look.seen.site.ruleset.document
    names = {one.id: one.name or one.id for one in document.segments}
    return told(look.seen, look.words, document.zone, look.words.value, names)
