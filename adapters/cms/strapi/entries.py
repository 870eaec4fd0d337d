"""A flat document (see `wire`) to an entry: identity, tags, media, relations, rich text; everything else as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeGuard

from adapters.cms.markup import HTML_SUFFIX, markdown, sanitize_all, sanitize_fields
from adapters.cms.pointers import escaped
from adapters.cms.port import BadResponse, Entry, Json, Link
from adapters.cms.shaping import absolute, field_name
from adapters.cms.strapi import blocks
from adapters.cms.strapi.wire import as_document

REF = "$ref"
# Row numbers change with every publish; the others name editors, or repeat what is asked for anyway.
LEFT_OUT = frozenset(("id", "documentId", "createdBy", "updatedBy", "localizations"))
SYSTEM = frozenset(("locale", "publishedAt", "createdAt", "updatedAt"))
MAX_DEPTH = 40


class Draft(Exception):  # noqa: N818 - not an error of anyone
    """The document is not published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentMapping:
    """How documents become entries; see the options in the package.

    Attributes:
        publication_counts: whether `publishedAt` is always the moment of publication, so that versions go by it.
    """

    base: str
    type_names: Mapping[str, str] = field(default_factory=dict)
    type_field: str | None = None
    tags_field: str = "tags"
    tag_name: str = "name"
    prefixed_tags: Mapping[str, str] = field(default_factory=dict)
    markdown_fields: frozenset[str] = frozenset()
    link_depth: int = 2
    publication_counts: bool = True

    def entry(self, raw: object, api_id: str, where: str, *, drafts: bool = False) -> Entry:
        """The entry of one document of a REST answer.

        Args:
            drafts: take it as its editor sees it, drafts that it refers to included.
        Raises:
            Draft: it has no `publishedAt`.
            BadResponse: it is not shaped like a document; `where` begins the message.
        """
        document = as_document(raw, where)
        document_id = text_of(document, "documentId", where)
        updated, published = moment_of(document, "updatedAt", where), None
        if document.get("publishedAt") is not None:
            published = moment_of(document, "publishedAt", where)
        elif not drafts:
            raise Draft(f"{where}: {document_id} is a draft")
        locale = document.get("locale")
        if locale is not None and not isinstance(locale, str):
            raise BadResponse(f"{where}.locale: want a text or null")
        maker = _Maker(self, drafts)
        return Entry(
            id=document_id,
            locale=locale,
            type=self._type(document, api_id),
            tags=tuple(dict.fromkeys(self._tags(document))),
            fields=maker.attributes(document, where, left_out=frozenset((self.tags_field,))),
            published_at=published,
            # What Strapi 5 publishes in bulk or as a release keeps the date of its last save. In Strapi 4 editors may
            # write any date of publication, and an earlier one would look like an older version.
            version=max(updated, published or updated) if self.publication_counts else updated,
            links=tuple(maker.links + self._tag_links(document)),
        )

    def absolute(self, url: str) -> str:
        """A media URL with the site's host, where it has none."""
        return absolute(self.base + "/", url)

    def _type(self, document: Mapping[str, Json], api_id: str) -> str:
        said = document.get(self.type_field) if self.type_field else None
        return said if isinstance(said, str) and said else self.type_names.get(api_id, api_id)

    def _tags(self, document: Mapping[str, Json]) -> Iterator[str]:
        yield from _texts(document.get(self.tags_field), self.tag_name)
        for prefix, path in self.prefixed_tags.items():
            value: Json = dict(document)
            for part in path.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            yield from (f"{prefix}:{text}" for text in _texts(value, self.tag_name))

    def _tag_links(self, document: Mapping[str, Json]) -> list[Link]:
        value = document.get(self.tags_field)
        items = value if isinstance(value, list) else [value]
        return [Link("", "term", str(item["documentId"])) for item in items if _is_relation(item)]


@dataclass
class _Maker:
    """Makes the fields of one entry and collects its links."""

    mapping: DocumentMapping
    drafts: bool = False
    links: list[Link] = field(default_factory=list)

    def attributes(self, document: Mapping[str, Json], where: str, left_out: frozenset[str]) -> dict[str, Json]:
        own = {
            field_name(name): value
            for name, value in document.items()
            if name not in LEFT_OUT and name not in SYSTEM and name not in left_out
        }
        return self._mapping(own, "", 1, where)

    def _mapping(self, values: Mapping[str, Json], place: str, depth: int, where: str) -> dict[str, Json]:
        if place.count("/") > MAX_DEPTH:
            raise BadResponse(f"{where}{place[:60]}: nested deeper than {MAX_DEPTH} levels")
        made: dict[str, Json] = {}
        for name, value in values.items():
            at = f"{place}/{escaped(name)}"
            if name.endswith(HTML_SUFFIX):
                made.setdefault(name, sanitize_all(value))
                continue
            made[name] = self._value(value, at, depth, where)
            if blocks.is_blocks(value):
                made[name + HTML_SUFFIX] = blocks.render(value, self.mapping.absolute)
            elif isinstance(value, str) and name in self.mapping.markdown_fields:
                made[name + HTML_SUFFIX] = markdown(value, self.mapping.absolute)
        return made

    def _value(self, value: Json, place: str, depth: int, where: str) -> Json:
        if isinstance(value, list):
            if place.count("/") > MAX_DEPTH:
                raise BadResponse(f"{where}{place[:60]}: nested deeper than {MAX_DEPTH} levels")
            return [self._value(item, f"{place}/{n}", depth, where) for n, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if _is_media(value):
            return self._media(value, place)
        if _is_relation(value):
            return self._relation(value, place, depth, where)
        if isinstance(value.get("__component"), str):
            value = {name: item for name, item in value.items() if name != "id"}
        return self._mapping(value, place, depth, where)

    def _media(self, value: dict[str, Json], place: str) -> Json:
        # Objects of an editor's making can look like media, too.
        made = {name: item for name, item in value.items() if name not in LEFT_OUT}
        url = self.mapping.absolute(str(value["url"]))
        formats = value.get("formats")
        if isinstance(formats, dict):
            made["formats"] = {
                name: {**item, "url": self.mapping.absolute(str(item["url"]))}
                if isinstance(item, dict) and isinstance(item.get("url"), str)
                else item
                for name, item in formats.items()
            }
        made["url"] = url
        identity = value.get("documentId")
        self.links.append(Link(place, "asset", url, id=identity if isinstance(identity, str) else None))
        return sanitize_fields(made)

    def _relation(self, value: dict[str, Json], place: str, depth: int, where: str) -> Json:
        target = str(value["documentId"])
        draft = not self.drafts and "publishedAt" in value and value["publishedAt"] is None
        self.links.append(Link(place, "entry", target, resolved=not draft))
        if draft or depth > self.mapping.link_depth:
            return {REF: target}
        own = {name: item for name, item in value.items() if name not in LEFT_OUT}
        return {"documentId": target, **self._mapping(own, place, depth + 1, where)}


def text_of(document: Mapping[str, object], name: str, where: str) -> str:
    """A text that must be there. Raises BadResponse."""
    value = document.get(name)
    if isinstance(value, str) and value:
        return value
    hint = "; this looks like Strapi 4: set version = 4" if "attributes" in document else ""
    raise BadResponse(f"{where}.{name}: want a text{hint}")


def moment_of(document: Mapping[str, object], name: str, where: str) -> datetime:
    """A date-time that must be there, in UTC. Raises BadResponse."""
    try:
        moment = datetime.fromisoformat(text_of(document, name, where))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise BadResponse(f"{where}.{name}: want an ISO 8601 date-time") from fault


def _is_media(value: dict[str, Json]) -> bool:
    return isinstance(value.get("url"), str) and isinstance(value.get("mime"), str)


def _is_relation(value: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(value, dict) and isinstance(value.get("documentId"), str)


def _texts(value: Json, name: str) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        text = item.get(name) if isinstance(item, dict) else item
        if isinstance(text, str) and text.strip():
            yield text.strip()
