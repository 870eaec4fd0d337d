"""The panel that tells the real visitor what is known of them, as the pages have it."""

from __future__ import annotations

from urllib.parse import urlencode

from plugin.demo.known import NOTHING
from plugin.demo.live import OPEN_COOKIE, PURPOSES, Live, said_of, told
from plugin.demo.looking import Asked, Look
from plugin.demo.shelf import Shelf
from plugin.demo.telling import is_held_out
from plugin.errors import ServiceUnavailable
from plugin.service.delivery.personalize import Answer


def live_of_page(
    live: Live | None, asked: Asked, look: Look, shelf: Shelf, answer: Answer, entry_id: str | None
) -> dict[str, object] | None:
    """`live` of the pages; None: they record nothing.

    Args:
        entry_id: what the page is about; None: nothing in particular.
    """
    if live is None:
        return None
    words = look.words
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
        known = known_of(live, asked, look, shelf)
    except ServiceUnavailable:
        known = told(NOTHING, said_of(asked.raw), words, look.zone, {}, {})
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


def known_of(live: Live | None, asked: Asked, look: Look, shelf: Shelf) -> dict[str, object]:
    """What is known of the visitor, in words. Raises: ServiceUnavailable."""
    known = NOTHING if live is None else live.known(live.visitor(asked.raw))
    document = shelf.site.ruleset.document
    names = {one.id: one.name or one.id for one in document.segments}
    return told(known, said_of(asked.raw), look.words, document.zone, shelf.titles, names)
