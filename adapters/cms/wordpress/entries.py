"""A post to an entry: identity, tags, media, related posts, rich text; everything else as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from adapters.cms.locales import parse_locale
from adapters.cms.markup import HTML_SUFFIX, markdown, sanitize, sanitize_all
from adapters.cms.pointers import escaped
from adapters.cms.port import BadResponse, Entry, Json, Key, Link
from adapters.cms.shaping import absolute, field_name
from adapters.cms.wordpress import terms
from adapters.cms.wordpress.media import media
from adapters.cms.wordpress.rows import first_of, moment_of, named_post, number_of, plain_text, translations, visible
from adapters.cms.wordpress.site import Row, id_of
from adapters.cms.wordpress.terms import Tagging, Term

REF = "$ref"
# What WordPress says of its own keeping: identity, state and dates are the entry's; the rest is for its editors.
LEFT_OUT = frozenset(
    (
        *("id", "guid", "status", "type", "date", "date_gmt", "modified", "modified_gmt", "_links", "_embedded"),
        *("password", "permalink_template", "generated_slug", "class_list", "comment_status", "ping_status"),
        *("author", "featured_media", "parent"),  # shown by what they name
    )
)
# With `locales`, a translation that comes or goes would change the others, though none of them was touched.
GROUPING = frozenset(("lang", "translations"))
# PHP has one empty array for lists and mappings; these are mappings.
MAPPINGS = frozenset(("meta", "acf"))
MAX_DEPTH = 40


class Hidden(Exception):  # noqa: N818 - not an error of anyone
    """The post is not for everybody: not published, private, or behind a password."""


class Found(Protocol):
    """What was fetched beside the posts themselves."""

    @property
    def terms(self) -> Mapping[int, Term]:
        """Terms by number."""
        ...

    def post(self, route: str, number: int) -> Row | None:
        """A published post; None where there is none."""
        ...

    def shown(self, row: Row, relation: str, number: int) -> Row | None:
        """A post's parent ("up") or featured image ("wp:featuredmedia"); None where it is not for everybody."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How posts become entries; see the options in the package."""

    base: str
    locale: str | None = None
    type_names: Mapping[str, str] = field(default_factory=dict)
    tagging: Tagging = field(default_factory=Tagging)
    html_fields: tuple[str, ...] = ()
    markdown_fields: tuple[str, ...] = ()
    link_fields: Mapping[str, str] = field(default_factory=dict)
    link_depth: int = 2
    grouped: bool = False

    def key(self, row: Row, locale: str | None, where: str) -> Key:
        """The identity of a post: its number, or with `grouped` the smallest of its translations'.

        Args:
            locale: of the listing that it came from.
        """
        others = translations(row).values() if self.grouped else ()
        return Key(str(min((id_of(row, where), *others))), self._locale(row, locale))

    def entry(self, row: Row, route: str, locale: str | None, where: str, found: Found) -> Entry:
        """The entry of a published post.

        Raises:
            Hidden: it is not for everybody.
            BadResponse: it is not shaped like a post; `where` begins the message.
        """
        if not visible(row, where):
            raise Hidden(where)
        return self._entry(row, route, locale, where, found, moment_of(row, "date_gmt", where))

    def draft(self, row: Row, route: str, locale: str | None, where: str, found: Found) -> Entry:
        """The entry of a post in whatever state it is. Raises BadResponse."""
        dated = row.get("date_gmt") is not None  # a draft gets its date when it is published
        return self._entry(row, route, locale, where, found, moment_of(row, "date_gmt", where) if dated else None)

    def _entry(
        self, row: Row, route: str, locale: str | None, where: str, found: Found, published: datetime | None
    ) -> Entry:
        maker = _Maker(self, found, (id_of(row, where),))
        fields, tags = maker.fields(row, "", 1, where)
        key, kind = self.key(row, locale, where), row.get("type")
        if not isinstance(kind, str) or not kind:
            raise BadResponse(f"{where}.type: want a text")
        return Entry(
            id=key.id,
            locale=key.locale,
            type=self.type_names.get(route) or self.type_names.get(kind) or kind,
            tags=tags,
            fields={field_name(name): item for name, item in fields.items()},
            published_at=published,
            version=moment_of(row, "modified_gmt", where),
            links=tuple(maker.links),
        )

    def _locale(self, row: Row, locale: str | None) -> str | None:
        said = row.get("lang")
        own = parse_locale(said.replace("_", "-")) if isinstance(said, str) and said else None
        # Where no languages are configured, a field of that name is somebody else's.
        return (own or locale) if self.grouped else self.locale


@dataclass
class _Maker:
    """Makes the fields of one entry and collects its links. `above` are the posts that it stands in."""

    shape: Shape
    found: Found
    above: tuple[int, ...]
    links: list[Link] = field(default_factory=list)

    def fields(self, row: Row, place: str, depth: int, where: str) -> tuple[dict[str, Json], tuple[str, ...]]:
        """The fields of a post, and its tags. `depth` counts posts within posts."""
        tags: list[str] = []
        shown: dict[str, Json] = {}
        attributes = set()
        for taxonomy, found in terms.of(row, where, self.found.terms):
            attributes.add(taxonomy.attribute)
            shown[taxonomy.name] = [{"id": term.id, "name": term.name, "slug": term.slug} for term in found]
            tags += (tag for term in found if (tag := self.shape.tagging.tag(term)))
            self.links += (
                Link(f"{place}/terms/{escaped(taxonomy.name)}/{n}", "term", f"term:{term.id}", id=f"term:{term.id}")
                for n, term in enumerate(found)
            )
        made: dict[str, Json] = {}
        for name, value in row.items():
            if name in LEFT_OUT or name in attributes or (self.shape.grouped and name in GROUPING):
                continue
            if isinstance(value, dict) and isinstance(value.get("rendered"), str):
                made.update(_rich(name, value, str(row.get("link") or self.shape.base)))
            elif name in MAPPINGS and not value:
                made[name] = {}
            else:
                made.update(self._named(name, value, name, f"{place}/{escaped(name)}", depth, where))
        if "terms" not in made:
            made["terms"] = shown
        self._embedded(row, made, place)
        return made, tuple(dict.fromkeys(tags))

    def _named(self, name: str, value: Json, path: str, place: str, depth: int, where: str) -> dict[str, Json]:
        """A field, and its markup beside it. `path` is dotted, without the places in lists."""
        if name.endswith(HTML_SUFFIX):
            return {name: sanitize_all(value)}
        if path in self.shape.link_fields:
            return {name: self._related(value, path, place, depth, where)}
        made = {name: self._value(value, path, place, depth, where)}
        if isinstance(value, str) and path in self.shape.html_fields:
            made[name + HTML_SUFFIX] = sanitize(value, self._absolute)
        elif isinstance(value, str) and path in self.shape.markdown_fields:
            made[name + HTML_SUFFIX] = markdown(value, self._absolute)
        return made

    def _value(self, value: Json, path: str, place: str, depth: int, where: str) -> Json:
        if isinstance(value, (list, dict)) and place.count("/") > MAX_DEPTH:
            raise BadResponse(f"{where}{place[:60]}: nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, list):
            return [self._value(item, path, f"{place}/{n}", depth, where) for n, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        made: dict[str, Json] = {}
        for name, item in value.items():
            at = f"{place}/{escaped(name)}"
            for own, inner in self._named(name, item, f"{path}.{name}", at, depth, where).items():
                made.setdefault(own, inner)
        return made

    def _related(self, value: Json, path: str, place: str, depth: int, where: str) -> Json:
        """The posts that a field names: a number, a text of digits, an object with an id, or a list of these."""
        if isinstance(value, list):
            return [self._related(item, path, f"{place}/{n}", depth, where) for n, item in enumerate(value)]
        number = named_post(value)
        if number is None:  # plugins write a choice of nothing as 0, false or ""
            return self._value(value, path, place, depth, where) if value else None
        row = self.found.post(self.shape.link_fields[path], number)
        good = row is not None and visible(row, f"{where}{place}")
        target = str(number) if row is None else self.shape.key(row, None, where).id
        inside = good and depth <= self.shape.link_depth and number not in self.above
        self.links.append(Link(place, "entry", target, resolved=good))
        if row is None or not inside:
            return {REF: target}
        inner = _Maker(self.shape, self.found, (*self.above, number), self.links)
        fields, tags = inner.fields(row, place, depth + 1, f"{where}{place}")
        return {**fields, "id": target, "type": row.get("type"), "tags": list(tags)}

    def _embedded(self, row: Row, made: dict[str, Json], place: str) -> None:
        """Author, picture and parent, which are numbers in the post and stand beside it."""
        embedded = row.get("_embedded")
        beside = embedded if isinstance(embedded, dict) else {}
        if number := number_of(row.get("author")):
            author = first_of(beside.get("author"), number)
            made["author"] = (
                {n: author[n] for n in ("name", "slug", "url", "description") if n in author}
                if author
                else {REF: f"user:{number}"}
            )
            self.links.append(Link(f"{place}/author", "term", f"user:{number}", bool(author), f"user:{number}"))
        if number := number_of(row.get("featured_media")):
            picture = self.found.shown(row, "wp:featuredmedia", number)
            shown = media(picture, self._absolute) if picture else None
            made["featured_media"] = shown or {REF: str(number)}
            target = str(shown["url"]) if shown else str(number)
            self.links.append(Link(f"{place}/featured_media", "asset", target, bool(shown), str(number)))
        elif "featured_media" in row:
            made["featured_media"] = None
        if number := number_of(row.get("parent")):
            parent = self.found.shown(row, "up", number)
            known = {n: parent[n] for n in ("slug", "link", "type") if n in parent} if parent else {}
            title = plain_text(parent.get("title")) if parent else None
            made["parent"] = {"id": str(number), "title": title, **known} if parent else {REF: str(number)}
            self.links.append(Link(f"{place}/parent", "entry", str(number), bool(parent)))

    def _absolute(self, url: str) -> str:
        return absolute(self.shape.base + "/", url)


def _rich(name: str, value: Mapping[str, Json], base: str) -> dict[str, Json]:
    """A rendered field: data, where possible as it was written, and its markup beside it. Titles are plain text."""
    rendered = str(value["rendered"])
    if name == "title":
        return {name: plain_text(rendered)}
    if name.endswith(HTML_SUFFIX):
        return {name: sanitize(rendered, lambda url: absolute(base, url))}
    raw = value.get("raw")
    data: Json = raw if isinstance(raw, str) else rendered
    return {name: data, name + HTML_SUFFIX: sanitize(rendered, lambda url: absolute(base, url))}
