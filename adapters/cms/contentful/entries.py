"""An entry of Contentful to entries of Tessera, one a locale: fields, links, assets, rich text, tags."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast
from urllib.parse import quote

from adapters.cms.contentful import richtext
from adapters.cms.contentful.model import Item, Kind, Model, id_of, kind_of, linked, sys_of, sys_text
from adapters.cms.contentful.shelf import Shelf
from adapters.cms.contentful.tags import TagRules
from adapters.cms.markup import HTML_SUFFIX, markdown, sanitize_all
from adapters.cms.pointers import escaped
from adapters.cms.port import BadResponse, Entry, Json, Link
from adapters.cms.shaping import field_name

REF = "$ref"
MAX_DEPTH = 60
# Depth alone does not bound the size: ten links a level make a thousand entries in three.
MAX_EMBEDDED = 200
_PART = re.compile(r"\{([A-Za-z0-9_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How entries are made; see the options in the package."""

    locales: tuple[str, ...] = ()
    link_depth: int = 2
    markdown_fields: frozenset[str] | None = None
    entry_urls: Mapping[str, str] = field(default_factory=dict)
    tags: TagRules = field(default_factory=TagRules)


@dataclass(frozen=True, slots=True)
class Made:
    """One variant; `depends` are the ids that its content is made of, `remarks` what editors should know."""

    entry: Entry
    depends: frozenset[str]
    remarks: tuple[str, ...]


def place_of(item: Item, code: str | None) -> str:
    """What people call a variant."""
    return f"{kind_of(item)}/{id_of(item)}" + (f" ({code})" if code else "")


class Maker:
    """Makes entries of what stands on one shelf. Good for one pass: what is rendered once serves all who embed it."""

    def __init__(self, shelf: Shelf, model: Model, shape: Shape) -> None:
        self.shelf = shelf
        self.model = model
        self.shape = shape
        self._rendered: dict[str, str] = {}
        # By identity; the value is kept beside, so that no other takes its place in memory.
        self._plain: dict[int, tuple[Json, bool]] = {}
        self._documents: dict[int, str] = {}

    def locales(self, item: Item) -> list[str | None]:
        """Codes of the locales in which an entry really has content; None alone: it is the same in all of them."""
        fields, kind = item.get("fields"), self.model.kinds.get(kind_of(item) or "")
        found: set[object] = set()
        for name, values in fields.items() if isinstance(fields, Mapping) else ():
            if isinstance(values, Mapping) and (kind is None or kind.localized(name)):
                found.update(code for code, value in values.items() if value is not None)
        wanted = self.shape.locales or self.model.fallbacks
        return [code for code in self.model.fallbacks if code in found and code in wanted] or ([] if found else [None])

    def tag(self, code: str | None) -> str | None:
        """The language tag of a locale."""
        return None if code is None else self.model.tag_of(code)

    def make(self, item: Item, code: str | None, *, draft: bool = False) -> Made:
        """One variant.

        Raises:
            BadResponse: it is not shaped like an entry; the message says where.
        """
        one, kind = id_of(item), kind_of(item)
        if one is None or kind is None:
            raise BadResponse("sys: want id and contentType")
        where = place_of(item, code)
        revision = sys_of(item).get("revision")
        if not isinstance(revision, int) and not draft:
            raise BadResponse(f"{where}: sys.revision: want a whole number")
        work = _Work(self, code, where)
        fields = work.fields(item, "", (one,))
        tags = self.shape.tags.of(item, self.model)
        entry = Entry(
            id=one,
            locale=self.tag(code),
            type=kind,
            tags=tags,
            fields={field_name(name): value for name, value in fields.items()},
            published_at=_moment(item, where),
            version=revision if isinstance(revision, int) else None,
            links=tuple(work.links + [Link("", "term", tag) for tag in linked(item, "tags")]),
        )
        return Made(entry, frozenset(work.depends), tuple(work.remarks))

    def markdown(self, text: str) -> str:
        """Rendered and sanitised."""
        if text not in self._rendered:
            self._rendered[text] = markdown(text)
        return self._rendered[text]

    def plain(self, value: Json) -> bool:
        """Whether a raw value stays as it is: no links in it, nothing to sanitise, and not too deep."""
        if not isinstance(value, (dict, list)):
            return True
        known = self._plain.get(id(value))
        if known is None:
            known = self._plain[id(value)] = (value, _is_plain(value))
        return known[1]

    def document(self, raw: Json, followed: Json) -> str:
        """The markup of a rich text document, whose links were followed."""
        if not self.plain(raw):
            return richtext.render(followed, self.describe)
        if id(raw) not in self._documents:
            self._documents[id(raw)] = richtext.render(raw, self.describe)
        return self._documents[id(raw)]

    def describe(self, target: richtext.Node) -> tuple[str, str | None]:
        """What names an embedded entry, and its address on the site; see `richtext.Describe`."""
        kind, fields = target.get("type"), target.get("fields")
        if not isinstance(kind, str) or not isinstance(fields, dict):
            return "", None
        display = self.model.kinds.get(kind, Kind()).display
        name = fields.get(display) if display else None
        return name if isinstance(name, str) else "", self._url(kind, {**fields, "id": target.get("id")})

    def _url(self, kind: str, values: Mapping[str, Json]) -> str | None:
        pattern = self.shape.entry_urls.get(kind)
        named = _PART.findall(pattern) if pattern else []
        if pattern is None or not all(isinstance(values.get(name), str) and values[name] for name in named):
            return None
        return _PART.sub(lambda part: quote(str(values[part[1]]), safe="/", errors="replace"), pattern)


@dataclass
class _Work:
    """The fields of one variant, and what was met on the way."""

    maker: Maker
    code: str | None
    where: str
    links: list[Link] = field(default_factory=list)
    depends: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    embedded: int = 0

    def fields(self, item: Item, place: str, trail: tuple[str, ...]) -> dict[str, Json]:
        """The fields of an entry in this locale, with their rendered twins. `trail`: ids from the variant to it."""
        kind = self.maker.model.kinds.get(kind_of(item) or "")
        wanted = self.maker.shape.markdown_fields
        made: dict[str, Json] = {}
        twins: dict[str, Json] = {}
        for name, raw in self._own(item, kind, place):
            at = f"{place}/{escaped(name)}"
            value = raw if self.maker.plain(raw) else self._value(raw, at, trail, place.count("/"))
            made[name] = sanitize_all(value) if name.endswith(HTML_SUFFIX) else value
            if richtext.is_document(value):
                twins[name + HTML_SUFFIX] = self.maker.document(raw, value)
            elif isinstance(value, str) and name in (kind.texts if wanted is None and kind else wanted or ()):
                twins[name + HTML_SUFFIX] = self.maker.markdown(value)
        return {**made, **twins}

    def _own(self, item: Item, kind: Kind | None, place: str) -> Iterator[tuple[str, Json]]:
        """Names and values in this locale."""
        fields = item.get("fields", {})
        if not isinstance(fields, Mapping):
            raise BadResponse(f"{self.where}: {place}/fields: want an object")
        for name, values in fields.items():
            if not isinstance(values, Mapping):
                raise BadResponse(f"{self.where}: {place}/{name}: want a value for each locale")
            for code in self._codes(kind is None or kind.localized(name)):
                if values.get(code) is not None:
                    yield name, values[code]
                    break

    def _codes(self, localized: bool) -> tuple[str, ...]:
        """Where a value is looked for: only what is translated may fall back, and only as the space says."""
        model = self.maker.model
        return model.chain(self.code) if localized and self.code is not None else (model.default,)

    def _value(self, value: Json, place: str, trail: tuple[str, ...], depth: int) -> Json:
        if depth > MAX_DEPTH:
            raise BadResponse(f"{self.where}: {place[:60]}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, list):
            return [self._value(item, f"{place}/{n}", trail, depth + 1) for n, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        link = value.get("sys")
        if len(value) == 1 and isinstance(link, dict) and link.get("type") in ("Link", "ResourceLink"):
            return self._link(value, link, place, trail)
        return {
            name: sanitize_all(item)
            if name.endswith(HTML_SUFFIX)
            else self._value(item, f"{place}/{escaped(name)}", trail, depth + 1)
            for name, item in value.items()
        }

    def _link(self, value: Json, link: dict[str, Json], place: str, trail: tuple[str, ...]) -> Json:
        kind, target, urn = link.get("linkType"), link.get("id"), link.get("urn")
        if isinstance(urn, str):  # an entry of another space, of which this token knows nothing
            self.links.append(Link(place, "entry", urn, resolved=False))
            return value
        if not isinstance(target, str) or kind not in ("Entry", "Asset"):
            return value
        if len(trail) <= self.maker.shape.link_depth:
            if kind == "Asset" or target != trail[0]:
                self.depends.add(target)
            made = self._asset(target, place) if kind == "Asset" else self._entry(target, place, trail)
            if made is not None:
                return made
        self.links.append(Link(place, "asset" if kind == "Asset" else "entry", target, resolved=False))
        return {REF: target}

    def _entry(self, target: str, place: str, trail: tuple[str, ...]) -> Json:
        item = self.maker.shelf.entries.get(target)
        if item is None or target in trail:
            return None
        if self.embedded >= MAX_EMBEDDED:
            self._remark(f"{place}: more than {MAX_EMBEDDED} entries embedded; the rest stay links")
            return None
        self.embedded += 1
        self.links.append(Link(place, "entry", target))
        tags: list[Json] = list(self.maker.shape.tags.of(item, self.maker.model))
        fields: dict[str, Json] = self.fields(item, f"{place}/fields", (*trail, target))
        return {"id": target, "type": kind_of(item), "tags": tags, "fields": fields}

    def _asset(self, target: str, place: str) -> Json:
        item = self.maker.shelf.assets.get(target)
        fields = item.get("fields") if item is not None else None
        if not isinstance(fields, Mapping):
            return None
        # A file that was uploaded for one locale is better than none.
        codes = (*self._codes(True), self.maker.model.default)
        made: dict[str, Json] = {"id": target}
        for name, values in fields.items():
            if isinstance(values, Mapping):
                found = next((values[code] for code in codes if values.get(code) is not None), None)
                made.update({str(name): cast("Json", found)} if found is not None else {})
        file = made.get("file")
        url = https(file.get("url")) if isinstance(file, dict) else None
        if not isinstance(file, dict) or url is None:
            return None
        made.update(file={**file, "url": url}, url=url)
        self.links.append(Link(place, "asset", url, id=target))
        return made

    def _remark(self, text: str) -> None:
        if not self.remarks:  # one is enough: the others say the same
            self.remarks.append(text)


def _is_plain(value: Json) -> bool:
    todo: list[tuple[Json, int]] = [(value, 0)]
    while todo:
        one, depth = todo.pop()
        if depth > MAX_DEPTH:
            return False
        if isinstance(one, list):
            todo.extend((item, depth + 1) for item in one if isinstance(item, (dict, list)))
        elif isinstance(one, dict):
            if "sys" in one or any(name.endswith(HTML_SUFFIX) for name in one):
                return False
            todo.extend((item, depth + 1) for item in one.values() if isinstance(item, (dict, list)))
    return True


def https(url: object) -> str | None:
    """An asset's address as it is asked for on the web; Contentful leaves the scheme out."""
    if not isinstance(url, str) or not url:
        return None
    if url.startswith("//"):
        return f"https:{url}"
    return f"https:{url.removeprefix('http:')}" if url.startswith("http://") else url


def _moment(item: Item, where: str) -> datetime:
    """When it first came out: what a later edit, of any locale, leaves as it was."""
    text = sys_text(item, "firstPublishedAt") or sys_text(item, "createdAt") or ""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise BadResponse(f"{where}: sys.createdAt: want an ISO 8601 date-time") from fault
