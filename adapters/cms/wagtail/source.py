"""The source over API v2: full, incremental and compared listings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from adapters.cms.client import Client
from adapters.cms.port import (
    BadResponse,
    Changes,
    Entry,
    Json,
    Key,
    NotFound,
    Ordering,
    Problem,
    SourceSpec,
    digest,
)
from adapters.cms.shaping import fingerprint, mapping_defaults
from adapters.cms.wagtail import cursor as cursors
from adapters.cms.wagtail.cursor import Record, Records
from adapters.cms.wagtail.entries import (
    PAGE,
    TRANSLATION_KEY,
    Draft,
    Shape,
    item_of,
    locale_of,
    meta_of,
)
from adapters.cms.wagtail.listing import Items, Lister, Listing, stamp_of

DRAFTS = "tessera-drafts/"
_NUMBER = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
_IDENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}", re.ASCII)
_SNIPPET = re.compile(r"([A-Za-z_]\w*\.[A-Za-z_]\w*):[0-9a-f-]{1,36}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is read; see the options in the package.

    Attributes:
        query: what goes with every request for whole items.
        site: what goes with every request for pages.
    """

    types: tuple[str, ...]
    snippets: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    module: bool = False
    query: Mapping[str, str] = field(default_factory=lambda: {"fields": "*"})
    site: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 20
    overlap: timedelta = timedelta(seconds=60)

    def listings(self) -> Iterator[Listing]:
        """Every page type, and every endpoint of snippets."""
        for type_ in self.types:
            yield Listing(type_, "pages/", {"type": type_, **self.site}, type_, self.module)
        for name in self.snippets:
            yield Listing(name, f"{name}/", {}, None, False)


@dataclass
class _Found:
    """What one answer is made of."""

    entries: dict[Key, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    owners: dict[Key, tuple[str, int]] = field(default_factory=dict)
    listings: dict[str, dict[int, Record]] = field(default_factory=dict)


class WagtailSource:
    """Published pages and snippets of a Wagtail site. See the package."""

    mapping_defaults = mapping_defaults("wagtail")

    def __init__(self, client: Client, previews: Client | None, scope: Scope, shape: Shape) -> None:
        """`previews` may see drafts; None: nobody may."""
        self._client = client
        self._previews = previews
        self._scope = scope
        self._shape = shape
        self._lister = Lister(client, scope.page_size)
        self._drafts = None if previews is None else Lister(previews, scope.page_size)
        self._fingerprint = fingerprint(shape, scope)

    @property
    def spec(self) -> SourceSpec:
        """Versions are ordered where the app is installed: API v2 alone says nothing of them."""
        ordering = Ordering("timestamp", timedelta(milliseconds=1)) if self._scope.module else Ordering("none")
        return SourceSpec("wagtail", ordering, incremental=True, previews=self._previews is not None)

    def changes(self, cursor: str | None) -> Changes:
        """Everything, or what changed since the cursor."""
        before = cursors.load(cursor, self._fingerprint)
        found = _Found()
        for listing in self._scope.listings():
            old = (before or {}).get(listing.name, {})
            if before is not None and listing.newest_first:
                self._since(listing, old, found)
            else:
                self._compare(listing, old, self._lister.walk(listing, self._scope.query), found)
        text = cursors.dump(found.listings, self._fingerprint)
        keys = _keys(found.listings.values())
        entries, problems = tuple(found.entries.values()), tuple(found.problems)
        if before is None:
            return Changes(entries, (), text, True, problems, keys)
        gone = sorted(_keys(before.values()) - keys, key=str)
        return Changes(entries, tuple(gone), text, False, problems)

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One published page or snippet; of several types, each is asked until one has it.

        Args:
            content_type: "app.Model", where known.
        """
        if (snippet := _SNIPPET.fullmatch(entry_id)) and self._scope.snippets:
            return self._snippet(entry_id, snippet[1], locale)
        return self._one(self._lister, "pages/", entry_id, locale, content_type)

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """The latest revision of a page, by the endpoint of the app."""
        if self._drafts is None:
            raise NotFound(f"{entry_id} ({locale or content_type or 'any'}): this source shows no drafts")
        if _SNIPPET.fullmatch(entry_id) and self._scope.snippets:
            raise NotFound(f"{entry_id}: this source shows drafts of pages, not of snippets")
        return self._one(self._drafts, DRAFTS, entry_id, locale, content_type)

    def ping(self) -> None:
        """Reads one item of every listing, so that a missing type, endpoint or app shows."""
        for listing in self._scope.listings():
            if listing.newest_first and not self._lister.has(listing, "tessera"):
                raise BadResponse(f"{listing.name}: no meta.tessera; is tessera_wagtail installed in the site?")
            if listing.type and self._shape.identity != PAGE and not self._lister.has(listing, self._shape.identity):
                raise BadResponse(
                    f"{listing.name}: no {self._shape.identity}, which is to be the identity of its pages"
                )
            self._lister.page(listing, {"limit": "1"})

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()
        if self._previews is not None:
            self._previews.close()

    def _since(self, listing: Listing, old: Records, found: _Found) -> None:
        """What was published after the last answer, and what is gone."""
        changed, total = self._lister.newest_first(listing, self._scope.query, old, self._scope.overlap)
        records = dict(old)
        if len(old.keys() | changed.keys()) != total:
            listed = self._lister.walk(listing, self._lean(listing))
            records = {number: record for number, record in old.items() if number in listed}
            changed = {number: one for number, one in changed.items() if number in listed}
            for number, (item, where) in listed.items():
                known = records.get(number)
                if number not in changed and (known is None or known.stamp != stamp_of(item, where)):
                    changed.update(self._again(listing, number))
        for number in changed.keys() & records.keys():
            del records[number]
        self._compare(listing, old, changed, found, rest=records)

    def _again(self, listing: Listing, number: int) -> Items:
        """An item that a lean list named, whole; nothing where it is gone by now, which the next answer tells."""
        where = f"{listing.path}{number}/"
        try:
            return {number: (item_of(self._lister.one(where, self._whole()), where), where)}
        except NotFound:
            return {}

    def _compare(
        self, listing: Listing, old: Records, items: Items, found: _Found, *, rest: Records | None = None
    ) -> None:
        """Takes what differs from its record; `rest` are records of what is known not to have changed."""
        records = dict(rest or {})
        for number, record in records.items():
            if record.key is not None:
                found.owners[record.key] = (listing.name, number)
        for number, (item, where) in sorted(items.items()):
            records[number] = self._take(listing, number, item, where, old.get(number), found)
        found.listings[listing.name] = records

    def _take(
        self, listing: Listing, number: int, item: Mapping[str, Json], where: str, old: Record | None, found: _Found
    ) -> Record:
        """The record of an item; where it changed, its entry or its problem is among what was found."""
        where = f"{listing.name}/{number}"
        try:
            key = self._key(item, where, listing)
        except BadResponse as fault:
            found.problems.append(Problem(where, str(fault), old.key if old else None))
            return Record(old.id, old.locale, "") if old else Record(None, None, "")
        if key is None:
            return Record(None, None, stamp_of(item, where) if listing.newest_first else "")
        owner = found.owners.setdefault(key, (listing.name, number))
        if owner != (listing.name, number):
            reason = f"the same identity and language as {owner[0]}/{owner[1]}, which is taken"
            found.problems.append(Problem(where, reason, None))
            return Record(None, None, "")
        stamp = stamp_of(item, where) if listing.newest_first else ""
        try:
            entry = self._shape.entry(item, where, page=listing.type is not None)
        except Draft:
            return Record(None, None, stamp)
        except BadResponse as fault:
            found.problems.append(Problem(where, str(fault), key))
            return Record(key.id, key.locale, stamp)
        stamp = stamp if listing.newest_first else digest(entry)[:16]
        if old is None or old.stamp != stamp or old.key != key:
            found.entries[key] = entry
        return Record(key.id, key.locale, stamp)

    def _key(self, item: Mapping[str, Json], where: str, listing: Listing) -> Key | None:
        """The item's identity; None where it is of another type or language than is read."""
        if listing.type is not None and meta_of(item, where)["type"] != listing.type:
            return None  # a list of a type has those made from it, and each is shown whole in its own
        locale = locale_of(item, where)
        if self._scope.locales and locale is not None and locale not in self._scope.locales:
            return None
        return Key(self._shape.id_of(item, where, page=listing.type is not None), locale)

    def _lean(self, listing: Listing) -> dict[str, str]:
        """Just enough to know an item, and when it was published."""
        names = ["_", "id", "type"]
        if listing.type is not None:
            names += ["locale", *((self._shape.identity,) if self._shape.identity != PAGE else ())]
            names += ["last_published_at"] if self._scope.module else []
        return {"fields": ",".join(dict.fromkeys(names))}

    def _whole(self) -> dict[str, str]:
        """The query for one whole page."""
        return {**self._scope.query, **self._scope.site}

    def _one(self, lister: Lister, path: str, entry_id: str, locale: str | None, hint: str | None) -> Entry:
        """The variant in the first type that has it."""
        types = (hint,) if hint in self._scope.types else self._scope.types
        said = f"{entry_id[:80]!r} ({locale or 'any language'})"
        if not _well_formed(entry_id, self._shape.identity):
            raise NotFound(f"{said}: no such page")
        if self._shape.identity == PAGE:
            answers: Iterable[object] = [lister.one(f"{path}{entry_id}/", self._whole())]
        else:
            answers = self._by_identity(lister, path, types, entry_id)
        for answer in answers:
            item = item_of(answer, path)
            if meta_of(item, path)["type"] not in types:
                continue
            where = f"{path}{item.get('id')}"
            try:
                entry = self._shape.entry(item, where, page=True, draft=lister is self._drafts)
            except Draft:
                continue
            known = not self._scope.locales or entry.locale in (None, *self._scope.locales)
            if entry.id == entry_id and known and (locale is None or entry.locale in (None, locale)):
                return entry
        raise NotFound(f"{said}: no such page")

    def _by_identity(self, lister: Lister, path: str, types: Iterable[str], entry_id: str) -> Iterator[object]:
        """All translations, of the first type that has any."""
        for type_ in types:
            query = {"type": type_, self._shape.identity: entry_id, **self._scope.site}
            items = lister.walk(Listing(type_, path, query, type_, False), self._scope.query)
            yield from (item for item, _ in items.values())

    def _snippet(self, entry_id: str, model: str, locale: str | None) -> Entry:
        """A snippet, in whichever endpoint has its model."""
        number = entry_id.rpartition(":")[2]
        for name in self._scope.snippets:
            try:
                if _NUMBER.fullmatch(number):
                    answers: Iterable[object] = [self._lister.one(f"{name}/{number}/", self._scope.query)]
                else:
                    walked = self._lister.walk(Listing(name, f"{name}/", {}, None, False), self._scope.query)
                    answers = [item for item, _ in walked.values()]
            except NotFound:
                continue
            for answer in answers:
                where = f"{name}/{number}"
                item = item_of(answer, where)
                if meta_of(item, where)["type"] != model:
                    break
                try:
                    entry = self._shape.entry(item, where, page=False)
                except Draft:
                    continue
                if entry.id == entry_id and (locale is None or entry.locale in (None, locale)):
                    return entry
        raise NotFound(f"{entry_id} ({locale or 'any language'}): no such snippet")


def _well_formed(entry_id: str, identity: str) -> bool:
    """Whether the site can be asked for it: it becomes part of a path, or of a query that Wagtail does not check."""
    if identity == PAGE:
        return _NUMBER.fullmatch(entry_id) is not None
    if identity != TRANSLATION_KEY:
        return _IDENTITY.fullmatch(entry_id) is not None
    try:
        return str(UUID(entry_id)) == entry_id
    except ValueError:
        return False


def _keys(listings: Iterable[Records]) -> frozenset[Key]:
    return frozenset(record.key for records in listings for record in records.values() if record.key is not None)
