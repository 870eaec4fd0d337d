"""Who looks at a page: what the request says, the panel, and a preview link, together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from plugin.demo.panel import Panel
from plugin.demo.previewing import as_linked, language_of
from plugin.demo.visitor import Chosen, Visitor, choose, visitor_of, zone_for
from plugin.demo.words import LANGUAGES, Words
from plugin.flow.context import RawRequest
from plugin.service.previews.preview import Previewed


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody looks at a page.

    Attributes:
        chosen: in the panel.
        visitor: whom the page is made for.
        zone: theirs.
        seen: what a preview link shows; None: the page was asked for without one.
    """

    chosen: Chosen
    words: Words
    visitor: Visitor
    zone: ZoneInfo
    seen: Previewed | None

    @property
    def is_real(self) -> bool:
        """Whether the visitor is whoever sits before the browser, and nobody that a link or the panel invented."""
        return self.seen is None and self.visitor.id is None


class Looking:
    """Tells who looks. Safe to share between threads."""

    def __init__(self, panel: Panel, words: Mapping[str, Words], clock: Callable[[], datetime]) -> None:
        """Take the panel, the words of each language, and the clock of the days that the panel chooses."""
        self._panel = panel
        self._words = words
        self._clock = clock

    def look(self, asked: Asked, home: ZoneInfo, seen: Previewed | None = None) -> Look:
        """Who looks, on a site whose zone is `home`."""
        chosen = choose(self._panel, tuple(LANGUAGES), asked.query, asked.cookie)
        words = self._words[chosen.language or language_of(seen) or asked.accepted]
        visitor = as_linked(visitor_of(self._panel, chosen.values, words.lang, home, self._clock), seen)
        return Look(chosen=chosen, words=words, visitor=visitor, zone=zone_for(visitor.attributes, home), seen=seen)
