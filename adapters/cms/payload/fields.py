"""The fields of one document in one locale, with relations and uploads resolved, and the links that they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import quote

from adapters.cms.markup import HTML_SUFFIX, markdown, sanitize_all, sanitize_fields
from adapters.cms.payload import lexical
from adapters.cms.payload.identity import Identity
from adapters.cms.payload.localised import is_document
from adapters.cms.pointers import escaped
from adapters.cms.port import Json, Link
from adapters.cms.shaping import absolute, field_name

REF = "$ref"
PUBLISHED = "published"
SYSTEM = frozenset(("createdAt", "updatedAt", "deletedAt", "_status"))
# What Payload adds to documents of collections with `auth`: by some of it they are known, and all of it stays here.
PERSON = frozenset(("sessions", "hasAPIKey", "enableAPIKey", "apiKey", "loginAttempts", "hash", "salt"))
PRIVATE = PERSON | {
    "email", "username", "collection", "apiKeyIndex", "lockUntil", "password", "resetPasswordToken",
    "resetPasswordExpiration", "_verified", "_verificationToken", "_strategy",
}  # fmt: skip
_FILE_URL = re.compile(r"/([A-Za-z0-9_-]+)/file/[^/]+$")
_Known: TypeAlias = tuple[str | None, Json, Json]
Chain: TypeAlias = tuple[_Known, ...]
"""The documents on the way to a value, each by its collection, id and date of creation."""
_IN_PATTERN = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Relations:
    """What is known of the site around a document.

    Attributes:
        base: the site's URL, for uploads.
        known: collections that a field of the same name refers to.
        named: from a field's name to the collection that it refers to.
        link_urls: from a collection to the pattern of its documents' URLs.
    """

    base: str
    known: frozenset[str] = frozenset()
    named: Mapping[str, str] = field(default_factory=dict)
    link_urls: Mapping[str, str] = field(default_factory=dict)

    def collection(self, name: str) -> str | None:
        """The collection to which the field of that name refers; None where nothing says."""
        return self.named.get(name) or (name if name in self.known else None)

    def link_url(self, collection: str, document: Mapping[str, Json]) -> str | None:
        """Where a document is shown; None where there is no pattern, or a value for it is missing."""
        pattern = self.link_urls.get(collection)
        names = _IN_PATTERN.findall(pattern or "")
        if pattern is None or not all(isinstance(document.get(name), (str, int)) for name in names):
            return None
        return _IN_PATTERN.sub(lambda found: quote(str(document[found[1]]), errors="replace"), pattern)

    def absolute(self, url: str) -> str:
        """A file's URL with the site's host, where it has none."""
        return absolute(self.base + "/", url)


def is_hidden(document: Mapping[str, Json]) -> bool:
    """Whether a document is a draft, or in the trash. Those of a collection without drafts have no status."""
    return document.get("_status", PUBLISHED) != PUBLISHED or bool(document.get("deletedAt"))


@dataclass
class Maker:
    """Makes the fields of one entry. `unknown` has the relations whose collection nothing tells."""

    relations: Relations
    identity: Identity
    markdown_fields: frozenset[str]
    drafts: bool = False
    links: list[Link] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)

    def fields(self, document: Mapping[str, Json], collection: str, left_out: frozenset[str]) -> dict[str, Json]:
        """Those of the document itself; what it is related to may hold it again, but not resolved."""
        own = {
            field_name(name): value
            for name, value in _public(document).items()
            if name not in left_out and name != "id"
        }
        return self._mapping(own, "", (_self(document, collection),))

    def _mapping(self, values: Mapping[str, Json], place: str, chain: Chain) -> dict[str, Json]:
        made: dict[str, Json] = {}
        # Polymorphic fields, and the nodes of rich text, say themselves to which collection their value belongs.
        said = values.get("relationTo")
        for name, value in values.items():
            at = f"{place}/{escaped(name)}"
            if name.endswith(HTML_SUFFIX):
                made.setdefault(name, sanitize_all(value))
                continue
            collection = said if name == "value" and isinstance(said, str) else self.relations.collection(name)
            made[name] = self._value(value, at, name, collection, chain)
            if lexical.is_rich_text(made[name]):
                made[name + HTML_SUFFIX] = lexical.render(made[name], self.relations.link_url)
            elif isinstance(value, str) and name in self.markdown_fields:
                made[name + HTML_SUFFIX] = markdown(value, self.relations.absolute)
        return made

    def _value(self, value: Json, place: str, name: str, collection: str | None, chain: Chain) -> Json:
        if isinstance(value, list):
            return [self._value(item, f"{place}/{n}", name, collection, chain) for n, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if not is_document(value):
            return self._mapping(value, place, chain)
        url = value.get("url")
        if isinstance(url, str) and isinstance(value.get("mimeType"), str):
            return self._upload(value, url, place, name, collection, chain)
        return self._relation(value, place, name, collection, chain)

    def _relation(self, value: dict[str, Json], place: str, name: str, collection: str | None, chain: Chain) -> Json:
        target = self.target(value, name, collection)
        hidden = is_hidden(value) and not self.drafts
        itself = _self(value, collection)
        again = any(_same(itself, above) for above in chain)
        if target is not None:
            self.links.append(Link(place, "entry", target, resolved=not hidden and not again))
        if hidden or again:
            return {REF: str(value["id"]) if target is None else target}
        return self._mapping(_public(value), place, (*chain, itself))

    def _upload(
        self, value: dict[str, Json], url: str, place: str, name: str, collection: str | None, chain: Chain
    ) -> Json:
        file = _FILE_URL.search(url)
        target = self.target(value, name, collection or (file[1] if file else None))
        if is_hidden(value) and not self.drafts:
            return {REF: str(value["id"]) if target is None else target}
        absolute = self.relations.absolute(url)
        own = {key: item for key, item in _public(value).items() if key != "sizes"}
        made = self._mapping(own, place, (*chain, _self(value, collection)))
        made["url"] = absolute
        if isinstance(thumbnail := value.get("thumbnailURL"), str):
            made["thumbnailURL"] = self.relations.absolute(thumbnail)
        if isinstance(sizes := value.get("sizes"), dict):
            made["sizes"] = sanitize_fields({size: self._size(item) for size, item in sizes.items()})
        self.links.append(Link(place, "asset", absolute, id=target))
        return made

    def _size(self, value: Json) -> Json:
        if isinstance(value, dict) and isinstance(value.get("url"), str):
            return {**value, "url": self.relations.absolute(str(value["url"]))}
        return value

    def target(self, value: Mapping[str, Json], name: str, collection: str | None) -> str | None:
        """The identity of a related document; None, and noted, where its collection is not known."""
        if collection is None and self.identity.qualified:
            self.unknown.add(name)
            return None
        return self.identity.of(collection or "", str(value["id"]))


def _public(document: Mapping[str, Json]) -> dict[str, Json]:
    private = PRIVATE if PERSON & document.keys() else frozenset[str]()
    return {name: value for name, value in document.items() if name not in SYSTEM and name not in private}


def _self(document: Mapping[str, Json], collection: str | None) -> _Known:
    return (collection, document.get("id"), document.get("createdAt"))


def _same(one: _Known, other: _Known) -> bool:
    """Whether both are the same document, as far as is known: of some the collection is not."""
    return one[1:] == other[1:] and (one[0] == other[0] or None in (one[0], other[0]))
