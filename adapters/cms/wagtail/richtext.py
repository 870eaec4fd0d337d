"""Wagtail's stored rich text to safe HTML: its links and embeds name objects by number, not by address."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from adapters.cms.markup import sanitize

# Wagtail writes attributes in double quotes, with `<` and `>` escaped; what is not of that form is left to nh3.
_TAG = re.compile(r"<(a|embed)(\s[^<>]{0,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r'([a-z-]{1,40})="([^"]*)"')
_BEGINS = re.compile(
    r"\s*<(?:p|h[1-6]|ul|ol|hr|blockquote|div|embed|table|pre|figure|section|dl)(?:\s|/?>)", re.IGNORECASE
)


class Target(NamedTuple):
    """What rich text points to: "page", "document" or "image", and its number in the site."""

    kind: str
    number: str


Find = Callable[[Target], Mapping[str, object] | None]
"""The object's `url` (and an image's `title`, `width`, `height`); None where it is unknown or not public."""


def looks_rich(text: str) -> bool:
    """Whether a text is rich text as Wagtail's editor writes it; the API does not say which texts are."""
    return _BEGINS.match(text) is not None and text.rstrip().endswith(">")


def render(text: str, find: Find) -> str:
    """Sanitised HTML. A link whose target is unknown keeps its text; an unknown image or embed is left out."""

    def replace(match: re.Match[str]) -> str:
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match[2])}
        if match[1].lower() == "embed":
            return _embed(attributes, find)
        return _link(attributes, find) if "linktype" in attributes else match[0]

    return sanitize(_TAG.sub(replace, text))


def _link(attributes: Mapping[str, str], find: Find) -> str:
    found = find(Target(attributes["linktype"], attributes.get("id", "")))
    url = found.get("url") if found else None
    return f'<a href="{html.escape(url)}">' if isinstance(url, str) else "<a>"


def _embed(attributes: Mapping[str, str], find: Find) -> str:
    kind = attributes.get("embedtype")
    if kind == "media":
        address = html.escape(attributes.get("url", ""))
        return f'<a href="{address}">{address}</a>'
    found = find(Target("image", attributes.get("id", ""))) if kind == "image" else None
    url = found.get("url") if found else None
    if found is None or not isinstance(url, str):
        return ""
    sizes = "".join(f' {name}="{size}"' for name in ("width", "height") if isinstance(size := found.get(name), int))
    return f'<img src="{html.escape(url)}" alt="{html.escape(attributes.get("alt", ""))}"{sizes}>'
