"""Following the links of a document: entries within a depth, around cycles, and assets to URLs."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from adapters.cms.files.document import Document
from adapters.cms.markup import HTML_SUFFIX, MAX_MARKDOWN, markdown, sanitize_all
from adapters.cms.pointers import escaped
from adapters.cms.port import Json, Link

REF = "$ref"
ASSET = "$asset"
# Depth alone does not bound the size: ten links a level make a thousand entries in three.
MAX_EMBEDDED = 200

Find = Callable[[str, str | None], Document | None]


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """How far links go and what assets become."""

    depth: int
    assets_base: str
    markdown_fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A Markdown field as HTML, and the image paths in it as written."""

    html: str
    assets: tuple[str, ...]


@dataclass
class Resolver:
    """Makes the final fields of one document; collects its links, the ids it met, and remarks.

    `rendered` is shared by all documents of one pass, by path and field.
    """

    find: Find
    options: LinkOptions
    rendered: dict[tuple[str, str], Rendered]
    links: list[Link] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    _embedded: int = 0

    def fields(self, document: Document) -> dict[str, Json]:
        """The document's fields with links followed, assets as URLs, and markup rendered and sanitised."""
        return self._mapping(document.fields, document, "", (document.key.id,), top=True)

    def _mapping(
        self, values: dict[str, Json], document: Document, pointer: str, trail: tuple[str, ...], *, top: bool
    ) -> dict[str, Json]:
        made: dict[str, Json] = {}
        for name, value in values.items():
            place = f"{pointer}/{escaped(name)}"
            url = self._asset_url(document, place)
            if name.endswith(HTML_SUFFIX):
                # Never in place of the rendered twin of a Markdown field.
                made.setdefault(name, sanitize_all(value, url))
            else:
                made[name] = self._value(value, document, place, trail)
            if top and name in self.options.markdown_fields and isinstance(value, str):
                if len(value) > MAX_MARKDOWN:
                    self.remarks.append(f"{place}: over {MAX_MARKDOWN} characters, so not rendered as Markdown")
                made[name + HTML_SUFFIX] = self._render(value, document, name, url)
        return made

    def _render(self, text: str, document: Document, name: str, url: Callable[[str], str | None]) -> str:
        """The field's markup, made once however many entries embed it; its assets count for each of them."""
        known = self.rendered.get((document.path, name))
        if known is not None:
            for path in known.assets:
                url(path)
            return known.html
        assets: list[str] = []

        def noted(path: str) -> str | None:
            assets.append(path)
            return url(path)

        html = markdown(text, noted)
        self.rendered[document.path, name] = Rendered(html, tuple(assets))
        return html

    def _value(self, value: Json, document: Document, place: str, trail: tuple[str, ...]) -> Json:
        if isinstance(value, list):
            return [self._value(item, document, f"{place}/{n}", trail) for n, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            target = value.get(REF)
            if isinstance(target, str):
                return self._entry(target, document, place, trail)
            path = value.get(ASSET)
            if isinstance(path, str):
                return self._asset_url(document, place)(path)
        return self._mapping(value, document, place, trail, top=False)

    def _entry(self, target: str, document: Document, place: str, trail: tuple[str, ...]) -> Json:
        self.met.add(target)
        found = self.find(target, document.key.locale)
        direct = len(trail) == 1
        if direct:
            self.links.append(Link(place, "entry", target, resolved=found is not None))
        if found is None:
            self.remarks.append(f"{place}: no entry {target!r}")
        if found is None or target in trail or len(trail) > self.options.depth:
            return {REF: target}
        if self._embedded >= MAX_EMBEDDED:
            self.remarks.append(f"{place}: more than {MAX_EMBEDDED} entries embedded; the rest stay links")
            return {REF: target}
        self._embedded += 1
        fields = self._mapping(found.fields, found, f"{place}/fields", (*trail, target), top=True)
        tags: list[Json] = list(found.tags)
        return {
            "id": found.key.id,
            "type": found.type,
            "locale": found.key.locale,
            "tags": tags,
            "fields": dict(fields),
        }

    def _asset_url(self, document: Document, place: str) -> Callable[[str], str | None]:
        def url(path: str) -> str | None:
            made = asset_url(path, document.path, self.options.assets_base)
            if made is None:
                self.remarks.append(f"{place}: {path!r} is no path inside the folder and no web address")
            link = Link(place, "asset", made or path, resolved=made is not None)
            if link not in self.links:
                self.links.append(link)
            return made

        return url


def asset_url(path: str, document_path: str, base: str) -> str | None:
    """The URL of an asset named in a document: by a path from the document, or by a URL; None for neither."""
    try:
        parts = urlsplit(path)
    except ValueError:
        return None
    if parts.scheme or parts.netloc:
        return path if parts.scheme in ("", "http", "https") else None
    if path.startswith("/"):
        return path
    clean = posixpath.normpath(posixpath.join(posixpath.dirname(document_path), unquote(parts.path)))
    if not parts.path or clean == ".." or clean.startswith("../"):
        return None
    return base + quote(clean, errors="replace")
