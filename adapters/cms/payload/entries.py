"""A Payload document to its entries, one of each locale: identity, tags, dates; everything else is in `fields`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.cms.payload.fields import REF, Maker, Relations, is_hidden
from adapters.cms.payload.identity import Identity
from adapters.cms.payload.localised import is_document, pick, spoken
from adapters.cms.port import BadResponse, Entry, Json, Key, Link, Problem

TAG_NAMES = ("name", "title", "slug")
PREFIXED_TAGS = {"slot": "slot", "audience": "audience", "topic": "topic"}


@dataclass(frozen=True, slots=True)
class Variants:
    """What one document gave.

    Attributes:
        id: of its entries.
        entries: one of each locale that has content and is published.
        problems: of variants that could not be taken (their `key` is set), and remarks.
    """

    id: str
    entries: tuple[Entry, ...]
    problems: tuple[Problem, ...]

    def held(self) -> frozenset[Key]:
        """The variants that there are, readable or not."""
        broken = {problem.key for problem in self.problems if problem.key is not None}
        return frozenset(entry.key for entry in self.entries) | broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """How documents become entries; see the options in the package. `locales` is from codes to BCP 47 tags."""

    identity: Identity
    relations: Relations
    locales: Mapping[str, str] = field(default_factory=dict)
    type_names: Mapping[str, str] = field(default_factory=dict)
    type_field: str | None = None
    tags_field: str = "tags"
    tag_name: str | None = None
    prefixed_tags: Mapping[str, str] = field(default_factory=lambda: dict(PREFIXED_TAGS))
    published_field: str = "publishedAt"
    expires_field: str = "expiresAt"
    markdown_fields: frozenset[str] = frozenset()

    def variants(
        self,
        document: Mapping[str, Json],
        collection: str,
        where: str,
        *,
        drafts: bool = False,
        shared: dict[str, str] | None = None,
    ) -> Variants:
        """The entries of one document of an answer to `locale=all`.

        Args:
            drafts: what is not published counts as well.
            shared: see `pick`; the same for all documents of one answer.
        Raises:
            BadResponse: it has no id; `where` begins the message.
        """
        entry_id = self.identity.of(collection, document_id(document, where))
        place = f"{collection}/{document['id']}"
        try:
            codes = spoken(document, self.locales.keys(), place)
        except BadResponse as fault:
            # Which locales it has is not known: each that there may be keeps its last good version.
            tags = [*self.locales.values(), None]
            return Variants(entry_id, (), tuple(Problem(place, str(fault), Key(entry_id, tag)) for tag in tags))
        entries: list[Entry] = []
        problems: list[Problem] = []
        for code in (None,) if codes is None else (code for code in self.locales if code in codes):
            tag = None if code is None else self.locales[code]
            at = f"{place} ({tag})" if tag else place
            picked = pick(dict(document), code, self.locales.keys(), shared)
            if not isinstance(picked, dict) or (not drafts and is_hidden(picked)):
                continue
            try:
                entry, remarks = self._entry(picked, collection, entry_id, tag, at, drafts)
            except BadResponse as fault:
                problems.append(Problem(at, str(fault), Key(entry_id, tag)))
                continue
            entries.append(entry)
            problems += remarks
        return Variants(entry_id, tuple(entries), tuple(problems))

    def _entry(
        self, document: Mapping[str, Json], collection: str, entry_id: str, tag: str | None, where: str, drafts: bool
    ) -> tuple[Entry, list[Problem]]:
        maker = Maker(self.relations, self.identity, self.markdown_fields, drafts=drafts)
        fields = maker.fields(document, collection, left_out=frozenset((self.tags_field,)))
        said = document.get(self.type_field) if self.type_field else None
        published = document.get(self.published_field)
        expires = document.get(self.expires_field)
        links = tuple(maker.links + self._tag_links(document, maker))
        entry = Entry(
            id=entry_id,
            locale=tag,
            type=said if isinstance(said, str) and said else self.type_names.get(collection, collection),
            tags=tuple(dict.fromkeys(self._tags(document, drafts))),
            fields=fields,
            published_at=moment_of(document, self.published_field if published else "createdAt", where),
            version=moment_of(document, "updatedAt", where),
            links=links,
            expires_at=moment_of(document, self.expires_field, where) if expires else None,
        )
        remarks = [
            Problem(f"{collection}: {name}", _UNKNOWN_RELATION.format(name=name), blocking=False)
            for name in sorted(maker.unknown)
        ]
        return entry, remarks

    def _tags(self, document: Mapping[str, Json], drafts: bool) -> Iterator[str]:
        names = (self.tag_name,) if self.tag_name else TAG_NAMES
        yield from _texts(document.get(self.tags_field), names, drafts)
        for prefix, path in self.prefixed_tags.items():
            value: Json = dict(document)
            for part in path.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            for text in _texts(value, names, drafts):
                yield text if text.startswith(f"{prefix}:") else f"{prefix}:{text}"

    def _tag_links(self, document: Mapping[str, Json], maker: Maker) -> list[Link]:
        value = document.get(self.tags_field)
        links = []
        for item in value if isinstance(value, list) else [value]:
            name, related = self.relations.collection(self.tags_field), item
            if isinstance(item, dict) and isinstance(item.get("relationTo"), str):
                name, related = str(item["relationTo"]), item.get("value")
            if is_document(related) and (target := maker.target(related, self.tags_field, name)) is not None:
                links.append(Link("", "term", target))
        return links


_UNKNOWN_RELATION = (
    "{name} refers to documents of a collection that `relations` does not name: their changes are not seen"
)


def document_id(document: Mapping[str, Json], where: str) -> str | int:
    """A document's id: a number, or a text that is not empty. Raises BadResponse."""
    value = document.get("id")
    if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
        return value
    raise BadResponse(f"{where}.id: want a text or a number")


def moment_of(document: Mapping[str, Json], name: str, where: str) -> datetime:
    """A date-time that must be there, in UTC. Raises BadResponse."""
    value = document.get(name)
    try:
        if not isinstance(value, str):
            raise TypeError(name)
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as fault:
        raise BadResponse(f"{where}.{name}: want an ISO 8601 date-time") from fault


def _texts(value: Json, names: tuple[str, ...], drafts: bool) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        thing = item
        if isinstance(thing, dict) and isinstance(thing.get("relationTo"), str):
            thing = thing.get("value")
        if isinstance(thing, dict):
            if REF in thing or (not drafts and is_hidden(thing)):
                continue
            thing = next((thing[name] for name in names if isinstance(thing.get(name), str)), None)
        if isinstance(thing, str) and thing.strip():
            yield thing.strip()
