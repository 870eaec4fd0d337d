"""Markup that is safe to put into a page: Markdown to HTML, and HTML through nh3.

Every field whose name ends in `_html` is promised to be sanitised, whoever wrote it; templates rely on that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import escape

import nh3
from markdown_it import MarkdownIt

from adapters.cms.port import BadResponse, Json

URL_SCHEMES = {"http", "https", "mailto", "tel"}
HTML_SUFFIX = "_html"
MAX_MARKDOWN = 100_000
MAX_DEPTH = 64
# `class` and `style` are left out by nh3's defaults; language hints of code blocks are the one class kept.
CODE_CLASS_PREFIX = "language-"
ATTRIBUTES = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "code": {"class"},
    "img": nh3.ALLOWED_ATTRIBUTES["img"] | {"title"},
    "a": nh3.ALLOWED_ATTRIBUTES["a"] | {"title"},
}

_HALF = re.compile("[\ud800-\udfff]")
AssetUrl = Callable[[str], str | None]


def sanitize(html: str, asset_url: AssetUrl | None = None) -> str:
    """HTML without scripts, styles, event handlers, frames, forms, and without URLs of other schemes.

    Args:
        asset_url: called with each image's `src`; its answer replaces it, None drops the attribute.
    """

    def keep(tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src" and asset_url is not None:
            return asset_url(value)
        if tag == "code" and attribute == "class":
            return value if value.startswith(CODE_CLASS_PREFIX) and " " not in value else None
        return value

    return nh3.clean(whole_text(html), attributes=ATTRIBUTES, url_schemes=URL_SCHEMES, attribute_filter=keep)


def whole_text(text: str) -> str:
    """The same text, U+FFFD in the place of half surrogate pairs: CMSs that cut texts short leave half an emoji."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def markdown(text: str, asset_url: AssetUrl | None = None) -> str:
    """CommonMark with tables and strikethrough to sanitised HTML; raw HTML in it is sanitised too.

    A text over `MAX_MARKDOWN` characters becomes one escaped, preformatted block: the parser takes time by the
    square of the length for some texts, and one of them must not hold up everybody's content.
    """
    if len(text) > MAX_MARKDOWN:
        return f"<pre>{escape(text, quote=False)}</pre>"
    rendered = _parser().render(text)
    return sanitize(rendered, asset_url)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True, "maxNesting": 40}).enable(["table", "strikethrough"])


def sanitize_all(value: Json, asset_url: AssetUrl | None = None, depth: int = 0) -> Json:
    """The same value with every text in it sanitised. Raises BadResponse where it is nested too deep."""
    if isinstance(value, str):
        return sanitize(value, asset_url)
    _check_depth(depth)
    if isinstance(value, list):
        return [sanitize_all(item, asset_url, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: sanitize_all(item, asset_url, depth + 1) for key, item in value.items()}
    return value


def sanitize_fields(value: Json, asset_url: AssetUrl | None = None, depth: int = 0) -> Json:
    """The same value with everything under a key in `..._html` sanitised, at any depth. Raises as `sanitize_all`."""
    _check_depth(depth)
    if isinstance(value, list):
        return [sanitize_fields(item, asset_url, depth + 1) for item in value]
    if isinstance(value, dict):
        return {
            key: (sanitize_all if key.endswith(HTML_SUFFIX) else sanitize_fields)(item, asset_url, depth + 1)
            for key, item in value.items()
        }
    return value


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadResponse(f"nested deeper than {MAX_DEPTH} levels")
