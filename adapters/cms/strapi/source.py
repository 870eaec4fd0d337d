"""The source over Strapi: full and incremental listings, deletions by count, related types."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.cms.client import Client
from adapters.cms.port import (
    BadResponse,
    Changes,
    Entry,
    Key,
    NotFound,
    Ordering,
    Problem,
    SourceSpec,
)
from adapters.cms.strapi import cursor as cursors
from adapters.cms.strapi.cursor import Cursor, Listing
from adapters.cms.strapi.entries import Draft, Mapping5, as_document, moment_of, text_of

_DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-]+")
MAX_PAGES = 100_000
# A listing that changes under each of so many readings is read again at the next sync.
RESTARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is read; see the options in the package. `populate` is in query parameters already."""

    types: tuple[str, ...]
    locales: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    populate: Mapping[str, str] = field(default_factory=lambda: {"populate": "*"})
    page_size: int = 100
    overlap: timedelta = timedelta(seconds=60)

    def listings(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        """Name, type and fixed query of each listing: every type in every locale."""
        for api_id in self.types:
            for locale in self.locales or (None,):
                fixed = {"status": "published", **({"locale": locale} if locale else {})}
                yield f"{api_id} {locale or ''}".strip(), api_id, fixed


@dataclass
class _Found:
    """What one listing brought."""

    entries: list[Entry] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    stamps: dict[Key, str] = field(default_factory=dict)
    newest: datetime | None = None


class StrapiSource:
    """Published documents of a Strapi 5 site. See the package."""

    spec = SourceSpec(name="strapi", ordering=Ordering("timestamp", timedelta(milliseconds=1)), incremental=True)

    def __init__(self, client: Client, scope: Scope, mapping: Mapping5) -> None:
        self._client = client
        self._scope = scope
        self._mapping = mapping
        shape = repr((mapping, scope.types, scope.locales, scope.related, sorted(scope.populate.items())))
        self._fingerprint = hashlib.sha256(shape.encode()).hexdigest()[:16]

    def changes(self, cursor: str | None) -> Changes:
        """Everything, or what changed since the cursor."""
        before = cursors.load(cursor, self._fingerprint)
        # Read before the listings: a change meanwhile is then seen the next time.
        related = {api_id: self._stamp(api_id) for api_id in self._scope.related}
        if before is not None and related == before.related:
            return self._since(before, related)
        return self._everything(related)

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One published document; of several types, each is asked until one has it.

        Args:
            content_type: the plural API id, where known.
        """
        query = {"status": "published", **self._scope.populate, **({"locale": locale} if locale else {})}
        if not _DOCUMENT_ID.fullmatch(entry_id):  # it becomes part of a path
            raise NotFound(f"{entry_id!r} is no documentId")
        for api_id in (content_type,) if content_type in self._scope.types else self._scope.types:
            try:
                answer = self._client.get(f"{api_id}/{entry_id}", query)
            except NotFound:
                continue
            try:
                entry = self._mapping.entry(answer.get("data"), api_id, f"{api_id}/{entry_id}: data")
            except Draft:
                continue
            if locale is None or entry.locale in (None, locale):
                return entry
        raise NotFound(f"{entry_id} ({locale or 'default locale'}): no such published entry")

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """This source shows no drafts."""
        raise NotFound(f"{entry_id} ({locale or content_type or 'any'}): this source shows no drafts")

    def ping(self) -> None:
        """Reads one entry of every type, so that a missing permission shows."""
        for api_id in dict.fromkeys((*self._scope.types, *self._scope.related)):
            self._page(api_id, {"status": "published", "pagination[pageSize]": "1"})

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _everything(self, related: Mapping[str, str]) -> Changes:
        entries: dict[Key, Entry] = {}
        present: set[Key] = set()
        problems: list[Problem] = []
        listings = {}
        for name, api_id, fixed in self._scope.listings():
            found = _Found()
            for item, where in self._by_id(api_id, {**fixed, **self._scope.populate}):
                self._take(item, api_id, where, found, problems)
            entries.update((entry.key, entry) for entry in found.entries)
            present |= found.keys
            listings[name] = self._listing(found.newest, found.keys, found.stamps)
        text = cursors.dump(Cursor(listings, related), self._fingerprint)
        return Changes(tuple(entries.values()), (), text, True, tuple(problems), frozenset(present))

    def _since(self, before: Cursor, related: Mapping[str, str]) -> Changes:
        entries: dict[Key, Entry] = {}
        problems: list[Problem] = []
        listings = {}
        gone: set[Key] = set()
        for name, api_id, fixed in self._scope.listings():
            old = before.listings.get(name, Listing())
            found, total = self._newest_first(api_id, fixed, old, problems)
            keys = old.keys | found.keys
            if total != len(keys):
                keys = self._reconcile(api_id, fixed, old, found, problems)
            gone |= old.keys - keys
            entries.update((entry.key, entry) for entry in found.entries if entry.key in keys)
            stamps = {**old.recent, **found.stamps}
            listings[name] = self._listing(found.newest or old.newest, keys, stamps)
        still = {key for listing in listings.values() for key in listing.keys}
        text = cursors.dump(Cursor(listings, related), self._fingerprint)
        deleted = tuple(sorted(gone - still, key=str))
        return Changes(tuple(entries.values()), deleted, text, False, tuple(problems))

    def _newest_first(
        self, api_id: str, fixed: Mapping[str, str], old: Listing, problems: list[Problem]
    ) -> tuple[_Found, int]:
        """What is newer than the cursor, less the overlap; and how many there are in all."""
        floor = old.newest - self._scope.overlap if old.newest else None
        query = {**fixed, **self._scope.populate, "sort[0]": "updatedAt:desc", "sort[1]": "documentId:asc"}
        for _ in range(RESTARTS):
            found = _Found()
            remarks: list[Problem] = []
            total = -1
            for number in range(1, MAX_PAGES):
                items, count, last = self._list(api_id, {**query, "pagination[page]": str(number)}, number)
                if total not in (-1, count):
                    break  # entries came or went between two pages: some may have slipped through
                total = count
                reached = False
                for item, where in items:
                    moment = moment_of(as_document(item, where), "updatedAt", where)
                    reached = floor is not None and moment < floor
                    if reached:
                        break
                    self._take(item, api_id, where, found, remarks, seen=old.recent)
                if reached or last:
                    problems.extend(remarks)
                    return found, total
        raise BadResponse(f"{api_id}: the number of entries kept changing between pages")

    def _reconcile(
        self, api_id: str, fixed: Mapping[str, str], old: Listing, found: _Found, problems: list[Problem]
    ) -> frozenset[Key]:
        """The keys there are, by listing all ids; what nobody told of is fetched into `found`."""
        fields = {"fields[0]": "documentId", "fields[1]": "locale", "fields[2]": "updatedAt"}
        listed: dict[Key, str] = {}
        for item, where in self._by_id(api_id, {**fixed, **fields}):
            document = as_document(item, where)
            locale = document.get("locale")
            key = Key(text_of(document, "documentId", where), locale if isinstance(locale, str) else None)
            listed[key] = text_of(document, "updatedAt", where)
        for key in sorted(listed.keys() - old.keys - found.keys, key=str):
            try:
                found.entries.append(self.fetch(key.id, key.locale, content_type=api_id))
            except NotFound:
                problems.append(Problem(f"{api_id}/{key.id}", "listed, and gone when asked for", key))
                del listed[key]
        return frozenset(listed)

    def _take(
        self,
        item: object,
        api_id: str,
        where: str,
        found: _Found,
        problems: list[Problem],
        *,
        seen: Mapping[Key, str] | None = None,
    ) -> None:
        """Adds a listed document to what was found; one that cannot be an entry becomes a problem."""
        document = as_document(item, where)
        stamp = text_of(document, "updatedAt", where)
        moment = moment_of(document, "updatedAt", where)
        locale = document.get("locale")
        key = Key(text_of(document, "documentId", where), locale if isinstance(locale, str) else None)
        found.newest = max(found.newest or moment, moment)
        found.keys.add(key)
        if seen is not None and seen.get(key) == stamp:
            return
        try:
            found.entries.append(self._mapping.entry(item, api_id, where))
            found.stamps[key] = stamp
        except Draft:
            problems.append(Problem(f"{api_id}/{key.id}", "listed as published, but has no publishedAt", key))
            found.keys.discard(key)
        except BadResponse as fault:
            problems.append(Problem(f"{api_id}/{key.id}", str(fault), key))

    def _listing(self, newest: datetime | None, keys: set[Key] | frozenset[Key], stamps: Mapping[Key, str]) -> Listing:
        floor = newest - self._scope.overlap if newest else None
        recent = {
            key: stamp
            for key, stamp in stamps.items()
            if key in keys and floor is not None and datetime.fromisoformat(stamp) >= floor
        }
        return Listing(newest, frozenset(keys), recent)

    def _by_id(self, api_id: str, query: Mapping[str, str]) -> Iterator[tuple[object, str]]:
        """Every document, each page beginning after the last id of the one before."""
        after = ""
        for number in range(1, MAX_PAGES):
            begin = {"filters[documentId][$gt]": after} if after else {}
            items, _, last = self._list(api_id, {**query, **begin, "sort[0]": "documentId:asc"}, number)
            yield from items
            if last:
                return
            final = text_of(as_document(items[-1][0], items[-1][1]), "documentId", items[-1][1])
            if final <= after:
                raise BadResponse(f"{api_id}: page {number} does not go on after {after}: sort or filter ignored")
            after = final
        raise BadResponse(f"{api_id}: more than {MAX_PAGES} pages")

    def _list(self, api_id: str, query: Mapping[str, str], number: int) -> tuple[list[tuple[object, str]], int, bool]:
        """A page's documents with their places, the number of all that match, and whether it is the last."""
        paging = {"pagination[pageSize]": str(self._scope.page_size), "pagination[withCount]": "true"}
        items, total, page, page_size = self._page(api_id, {**query, **paging})
        # The server may allow smaller pages than asked for; its own numbers count.
        last = (page - 1) * page_size + len(items) >= total
        if not items and not last:
            raise BadResponse(f"{api_id}: page {number} is empty, but {total} entries are announced")
        return [(item, f"{api_id} page {number}: data[{n}]") for n, item in enumerate(items)], total, last

    def _stamp(self, api_id: str) -> str:
        """Changes whenever an entry of a related type is changed, added or removed."""
        query = {"sort[0]": "updatedAt:desc", "pagination[pageSize]": "1", "pagination[withCount]": "true"}
        items, total, _, _ = self._page(api_id, query)
        newest = (
            text_of(as_document(items[0], f"{api_id}: data[0]"), "updatedAt", f"{api_id}: data[0]") if items else ""
        )
        return f"{total} {newest}"

    def _page(self, api_id: str, query: Mapping[str, str]) -> tuple[list[object], int, int, int]:
        try:
            return _numbers(api_id, self._client.get(api_id, query))
        except NotFound as fault:
            raise BadResponse(f"{api_id}: status 404; is it the plural API id of a collection type?") from fault


def _numbers(api_id: str, answer: Mapping[str, object]) -> tuple[list[object], int, int, int]:
    """Data, total, page and page size of a list answer."""
    data, meta = answer.get("data"), answer.get("meta")
    if not isinstance(data, list):
        raise BadResponse(f"{api_id}: data: want a list")
    paging = meta.get("pagination") if isinstance(meta, dict) else None
    numbers = [paging.get(name) if isinstance(paging, dict) else None for name in ("total", "page", "pageSize")]
    total, page, page_size = numbers
    if not (isinstance(total, int) and isinstance(page, int) and isinstance(page_size, int)):
        raise BadResponse(f"{api_id}: meta.pagination: want total, page and pageSize")
    return data, total, page, page_size
