"""A preview link on the pages of the storefront: what they say of it, and how they pass it on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import escape, unescape
from zoneinfo import ZoneInfo

from plugin.demo.visitor import Visitor
from plugin.demo.words import LANGUAGES, Words
from plugin.service.previews.preview import Previewed, address

_ANCHOR = re.compile(r"""<a\s(?:[^>"']|"[^"]*"|'[^']*')*>""", re.IGNORECASE)
_LOCAL = re.compile(r"""(\shref=")(/(?![/\\])[^"]*|/)(")""", re.IGNORECASE)

_MOST_TITLES = 3


def carried(html: str, token: str) -> str:
    """The markup of a page with the token in every link to another page of this site, whoever wrote it."""

    def link(found: re.Match[str]) -> str:
        return f"{found[1]}{escape(address('', unescape(found[2]), token))}{found[3]}"

    return _ANCHOR.sub(lambda anchor: _LOCAL.sub(link, anchor[0]), html)


def language_of(seen: Previewed | None) -> str | None:
    """The language of the visitor that a link is made for, where the storefront speaks it."""
    said = None if seen is None else seen.preview.attributes.get("request.locale")
    spoken = said.partition("-")[0].lower() if isinstance(said, str) else ""
    return spoken if spoken in LANGUAGES else None


def as_linked(visitor: Visitor, seen: Previewed | None) -> Visitor:
    """The visitor of the panel, but for what the link says; the language is the page's own."""
    if seen is None:
        return visitor
    link = seen.preview
    said = {name: value for name, value in link.attributes.items() if name != "request.locale"}
    if link.visitor_id is not None:
        said["visitor.id"] = link.visitor_id
    return replace(
        visitor,
        attributes={**visitor.attributes, **said},
        segments=visitor.segments | set(link.segments),
        at=link.at or visitor.at,
    )


def told(
    seen: Previewed, words: Words, zone: ZoneInfo, value: Callable[[object], str], segments: Mapping[str, str]
) -> dict[str, object]:
    """`preview` of the pages.

    Args:
        zone: of the site; the editors' own is not known.
        value: of an attribute, as short text.
        segments: their names by id.
    """
    link = seen.preview
    facts = [f"{name}: {value(held)}" for name, held in link.attributes.items()]
    facts += [segments.get(one, one) for one in link.segments]
    if link.visitor_id is not None:
        facts.append(f"visitor.id: {link.visitor_id}")
    if link.at is not None:
        facts.append(words.moment(link.at.astimezone(zone)))
    drafts = [_title(one.entry.fields, one.ref.id) for one in seen.drafted if one.entry is not None]
    return {
        "until": f"{words.moment(link.expires_at.astimezone(zone))} ({zone})",
        "drafts": drafts[:_MOST_TITLES],
        "others": max(0, len(drafts) - _MOST_TITLES),
        "missing": [{"id": one.ref.id, "detail": one.detail} for one in seen.drafted if one.entry is None],
        "facts": facts,
    }


def _title(fields: Mapping[str, object], otherwise: str) -> str:
    title = fields.get("title")
    return title if isinstance(title, str) and title else otherwise
