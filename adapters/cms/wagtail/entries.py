"""An item of API v2 to an entry: identity, tags, assets, relations, rich text; everything else as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from adapters.cms.locales import parse_locale
from adapters.cms.markup import HTML_SUFFIX, markdown, sanitize_all
from adapters.cms.pointers import escaped
from adapters.cms.port import BadResponse, Entry, Json, Link
from adapters.cms.shaping import absolute, field_name
from adapters.cms.wagtail.richtext import Target, looks_rich, render

PAGE = "page"
TRANSLATION_KEY = "translation_key"
# `parent` is in a page's own answer and not in lists: what is read either way must be the same.
SYSTEM = frozenset(("type", "detail_url", "locale", "parent", "first_published_at", "last_published_at", "tessera"))
MAX_DEPTH = 40
_PAGE_URL = re.compile(r"/pages/[0-9]+/?$")


class Draft(Exception):  # noqa: N818 - not an error of anyone
    """The item says that it is not live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How items become entries; see the options in the package. `identity` is "page" or the name of a field."""

    base: str
    page_types: frozenset[str] = frozenset()
    module: bool = False
    identity: str = PAGE
    type_names: Mapping[str, str] = field(default_factory=dict)
    type_field: str | None = None
    tags_field: str = "tags"
    prefixed_tags: Mapping[str, str] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    markdown_fields: frozenset[str] = frozenset()
    rich_text_fields: frozenset[str] = frozenset()

    def entry(self, item: Mapping[str, Json], where: str, *, page: bool, draft: bool = False) -> Entry:
        """The entry of one item of a list, or of an answer of its own.

        Args:
            page: whether it is a page, or a snippet.
            draft: whether it may say that it is not live.
        Raises:
            Draft: it may not, and does.
            BadResponse: it is not shaped like an item; `where` begins the message.
        """
        meta = meta_of(item, where)
        ours = _mapping(meta.get("tessera"))
        if not draft and False in (item.get("live"), meta.get("live"), ours.get("live")):
            raise Draft(f"{where}: not live")
        if self.module and not ours and page:
            raise BadResponse(f"{where}.meta.tessera: missing; is tessera_wagtail installed?")
        maker = _Maker(self, _references(ours, self.base))
        fields = maker.fields(item, meta, where)
        variant = self._variant(meta, ours)
        if variant and (original := _mapping(ours.get("variant")).get("of")):
            fields.setdefault("variant_of", original)
            maker.links.append(Link("", "entry", str(original)))
        audience = (f"audience:{variant}",) if variant else ()
        return Entry(
            id=self.id_of(item, where, page=page),
            locale=locale_of(item, where),
            type=self._type(item, meta),
            tags=tuple(dict.fromkeys((*self._tags(item), *audience))),
            fields=fields,
            published_at=_moment(meta, "first_published_at", where) or _moment(item, "first_published_at", where),
            version=_moment(meta, "last_published_at", where) if self.module else None,
            links=tuple(maker.all_links()),
            expires_at=_moment(ours, "expires_at", f"{where}.meta.tessera"),
        )

    def id_of(self, item: Mapping[str, Json], where: str, *, page: bool) -> str:
        """The identity alone. Raises BadResponse."""
        meta = meta_of(item, where)
        if not page:
            said = _mapping(meta.get("tessera")).get("id")
            return said if isinstance(said, str) and said else f"{meta['type']}:{number_of(item, where)}"
        if self.identity == PAGE:
            return str(number_of(item, where))
        value = meta.get(self.identity, item.get(self.identity))
        if isinstance(value, str) and value:
            return value
        hint = "" if self.module else f'; add APIField("{self.identity}") to the page\'s api_fields'
        raise BadResponse(f"{where}: no {self.identity}, which is its identity{hint}")

    def _type(self, item: Mapping[str, Json], meta: Mapping[str, Json]) -> str:
        said = item.get(self.type_field) if self.type_field else None
        return said if isinstance(said, str) and said else self.type_names.get(str(meta["type"]), str(meta["type"]))

    def _tags(self, item: Mapping[str, Json]) -> Iterator[str]:
        yield from _texts(item.get(self.tags_field))
        for prefix, path in self.prefixed_tags.items():
            value: Json = dict(item)
            for part in path.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            yield from (f"{prefix}:{text}" for text in _texts(value))

    def _variant(self, meta: Mapping[str, Json], ours: Mapping[str, Json]) -> str | None:
        """The audience of a variant of wagtail-personalisation, whose slug is the original's and the segment's."""
        if ours:
            segment = _mapping(ours.get("variant")).get("segment")
            return self.segments.get(segment, segment) if isinstance(segment, str) and segment else None
        slug = str(meta.get("slug", ""))
        fitting = [name for name in self.segments if slug.endswith(f"-{name}")]
        return self.segments[max(fitting, key=len)] if fitting else None


@dataclass
class _Maker:
    """Makes the fields of one entry and collects its links."""

    shape: Shape
    references: Mapping[str, Mapping[str, Json]]
    links: list[Link] = field(default_factory=list)

    def fields(self, item: Mapping[str, Json], meta: Mapping[str, Json], where: str) -> dict[str, Json]:
        own = {name: value for name, value in item.items() if name not in ("id", "meta", self.shape.tags_field)}
        beside = {n: v for n, v in meta.items() if n not in SYSTEM and n != TRANSLATION_KEY and n not in own}
        both = {field_name(n): v for n, v in (*own.items(), *beside.items())}
        if isinstance(url := both.get("html_url"), str):
            both["html_url"] = self.absolute(url)
        made = self._values(both, "", where)
        shown: dict[str, Json] = {key: dict(one) for key, one in self.references.items() if "url" in one}
        if shown:
            made.setdefault("references", shown)
        return made

    def all_links(self) -> list[Link]:
        """Those found in the fields, and then what else the site says that this refers to."""
        known = {link.depends_on for link in self.links}
        for key, one in self.references.items():
            identity = str(one.get("id", key))
            if identity not in known:
                self.links.append(self._reference(key, one, ""))
        return list(dict.fromkeys(self.links))

    def absolute(self, url: str) -> str:
        return absolute(self.shape.base + "/", url)

    def _values(self, values: Mapping[str, Json], place: str, where: str) -> dict[str, Json]:
        if place.count("/") > MAX_DEPTH:
            raise BadResponse(f"{where}{place[:60]}: nested deeper than {MAX_DEPTH} levels")
        made: dict[str, Json] = {}
        for name, value in values.items():
            at = f"{place}/{escaped(name)}"
            if name.endswith(HTML_SUFFIX):
                made.setdefault(name, sanitize_all(value))
                continue
            made[name] = self._value(value, at, where)
            if isinstance(value, str):
                if name in self.shape.markdown_fields:
                    made[name + HTML_SUFFIX] = markdown(value, self.absolute)
                elif name in self.shape.rich_text_fields or looks_rich(value):
                    made[name + HTML_SUFFIX] = render(value, partial(self._find, at))
        return made

    def _value(self, value: Json, place: str, where: str) -> Json:
        if isinstance(value, list):
            if place.count("/") > MAX_DEPTH:
                raise BadResponse(f"{where}{place[:60]}: nested deeper than {MAX_DEPTH} levels")
            return [self._value(item, f"{place}/{n}", where) for n, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        meta = _mapping(value.get("meta"))
        if isinstance(meta.get("type"), str) and "id" in value:
            return self._related(value, meta, place, where)
        if isinstance(value.get("url"), str) and "width" in value and "height" in value:  # a rendition of an image
            urls: dict[str, Json] = {
                name: self.absolute(str(value[name])) for name in ("url", "full_url") if name in value
            }
            self.links.append(Link(place, "asset", str(urls["url"])))
            return {**self._values(value, place, where), **urls}
        return self._values(value, place, where)

    def _related(self, value: dict[str, Json], meta: Mapping[str, Json], place: str, where: str) -> Json:
        """An object that stands within another, by a foreign key or as a part of it."""
        number, identity = str(value["id"]), f"{meta['type']}:{value['id']}"
        if isinstance(url := meta.get("download_url"), str):
            url = self.absolute(url)
            self.links.append(Link(place, "asset", url, id=identity))
            own = {**value, "meta": {**meta, "download_url": url}, "url": url}
            return self._values(own, place, where)
        if meta["type"] in self.shape.page_types or _PAGE_URL.search(str(meta.get("detail_url", ""))):
            known = self.references.get(f"page:{number}")
            if known is None and self.shape.module:  # not live, or not for everybody: its title is none of the public's
                self.links.append(Link(place, "entry", f"page:{number}", resolved=False))
                return {"id": value["id"]}
            own_id = meta.get(self.shape.identity, value.get(self.shape.identity))
            identity = number if self.shape.identity == PAGE else str((known or {}).get("id") or own_id or identity)
        self.links.append(Link(place, "entry", identity))
        return self._values(value, place, where)

    def _find(self, place: str, target: Target) -> Mapping[str, object] | None:
        """What rich text points to, as the site told; told as a link either way."""
        key = f"{target.kind}:{target.number}"
        one = self.references.get(key)
        if one is not None:
            self.links.append(self._reference(key, one, place))
        elif target.kind == PAGE and self.shape.identity == PAGE and target.number:
            self.links.append(Link(place, "entry", target.number, resolved=False))
        return one

    def _reference(self, key: str, one: Mapping[str, Json], place: str) -> Link:
        identity = str(one.get("id", key))
        if key.startswith(("image:", "document:")):
            return Link(place, "asset", str(one.get("url", identity)), id=identity)
        return Link(place, "entry", identity)


def item_of(raw: object, where: str) -> Mapping[str, Json]:
    """The answer's item as a mapping. Raises BadResponse."""
    if isinstance(raw, dict):
        return raw
    raise BadResponse(f"{where}: want an object")


def meta_of(item: Mapping[str, Json], where: str) -> Mapping[str, Json]:
    """`meta`, whose `type` is a text. Raises BadResponse."""
    meta = item.get("meta")
    if isinstance(meta, dict) and isinstance(meta.get("type"), str):
        return meta
    raise BadResponse(f"{where}.meta.type: want a text")


def number_of(item: Mapping[str, Json], where: str) -> int:
    """The row's number. Raises BadResponse."""
    number = item.get("id")
    if isinstance(number, int) and not isinstance(number, bool):
        return number
    raise BadResponse(f"{where}.id: want a number")


def locale_of(item: Mapping[str, Json], where: str) -> str | None:
    """The variant's language tag; None where the item has none. Raises BadResponse."""
    meta = meta_of(item, where)
    said = meta.get("locale", _mapping(meta.get("tessera")).get("locale"))
    if said is None:
        return None
    tag = parse_locale(said) if isinstance(said, str) else None
    if tag is None:
        raise BadResponse(f"{where}.meta.locale: want a language tag")
    return tag


def _moment(values: Mapping[str, Json], name: str, where: str) -> datetime | None:
    """A date-time in UTC; None where there is none."""
    value = values.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise BadResponse(f"{where}.{name}: want an ISO 8601 date-time") from fault


def _references(ours: Mapping[str, Json], base: str) -> dict[str, Mapping[str, Json]]:
    """What the app says that the item refers to, by "kind:number", with absolute addresses."""
    made: dict[str, Mapping[str, Json]] = {}
    for key, one in sorted(_mapping(ours.get("references")).items()):
        known = _mapping(one)
        url = known.get("url")
        made[key] = {**known, "url": absolute(base + "/", url)} if isinstance(url, str) else known
    return made


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _texts(value: Json) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        text = item.get("name", item.get("title")) if isinstance(item, dict) else item
        if isinstance(text, str) and text.strip():
            yield text.strip()
