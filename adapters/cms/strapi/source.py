"""The source over Strapi: full and incremental listings, deletions by count, related types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.cms.port import BadResponse, Changes, Entry, Key, NotFound, Ordering, Problem, SourceSpec
from adapters.cms.shaping import fingerprint, mapping_defaults
from adapters.cms.strapi import cursor as cursors
from adapters.cms.strapi.cursor import Cursor, Listing
from adapters.cms.strapi.entries import DocumentMapping, Draft, moment_of, text_of
from adapters.cms.strapi.wire import Page, Wire, as_document

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

    def listings(self) -> Iterator[tuple[str, str, str | None]]:
        """Name, type and locale of each listing: every type in every locale."""
        for api_id in self.types:
            for locale in self.locales or (None,):
                yield f"{api_id} {locale or ''}".strip(), api_id, locale


@dataclass
class _Found:
    """What one listing brought; `began`: the site's clock at its first answer."""

    entries: list[Entry] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    stamps: dict[Key, str] = field(default_factory=dict)
    newest: datetime | None = None
    began: datetime | None = None


class StrapiSource:
    """Documents of a Strapi site. See the package."""

    spec = SourceSpec(
        name="strapi", ordering=Ordering("timestamp", timedelta(milliseconds=1)), incremental=True, previews=True
    )

    mapping_defaults = mapping_defaults("strapi")

    def __init__(self, wire: Wire, scope: Scope, mapping: DocumentMapping) -> None:
        self._wire = wire
        self._scope = scope
        self._mapping = mapping
        populated = sorted(scope.populate.items())
        self._fingerprint = fingerprint(wire.shape, mapping, scope.types, scope.locales, scope.related, populated)

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
        return self._one(entry_id, locale, content_type, draft=False)

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One document as its editor sees it; see `fetch`. The token must be allowed to read it, as any does."""
        return self._one(entry_id, locale, content_type, draft=True)

    def ping(self) -> None:
        """Reads one entry of every type, so that a missing permission shows."""
        for api_id in dict.fromkeys((*self._scope.types, *self._scope.related)):
            self._wire.page(api_id, {**self._wire.published(None), "pagination[pageSize]": "1"})

    def close(self) -> None:
        """Closes the connection."""
        self._wire.close()

    def _one(self, entry_id: str, locale: str | None, content_type: str | None, *, draft: bool) -> Entry:
        kind = "entry" if draft else "published entry"
        missing = NotFound(f"{entry_id[:100]} ({locale or 'any locale'}): no such {kind}")
        locales, types = self._scope.locales, self._scope.types
        if (locales and locale not in (None, *locales)) or (
            content_type in self._scope.related and content_type not in types
        ):
            raise missing  # it is not among what is listed
        wanted: tuple[str | None, ...] = (locale,) if locale is not None else locales
        if not locales:
            wanted = (None,)  # the default locale, whatever its name
        for api_id in (content_type,) if content_type in types else types:
            where = f"{api_id}/{entry_id}: data"
            for asked in wanted:
                try:
                    document = self._wire.one(api_id, entry_id, asked, self._scope.populate, draft=draft)
                    entry = self._mapping.entry(document, api_id, where, drafts=draft)
                except (NotFound, Draft):
                    continue
                if locale is None or entry.locale in (None, locale):
                    return entry
        raise missing

    def _everything(self, related: Mapping[str, str]) -> Changes:
        entries: dict[Key, Entry] = {}
        present: set[Key] = set()
        problems: list[Problem] = []
        listings = {}
        for name, api_id, locale in self._scope.listings():
            found = _Found()
            for page in self._in_order(api_id, {**self._wire.published(locale), **self._scope.populate}):
                found.began = found.began or page.served
                for item, where in _placed(page, api_id):
                    self._take(item, api_id, where, found, problems)
            entries.update((entry.key, entry) for entry in found.entries)
            present |= found.keys
            listings[name] = self._listing(found, None, found.keys, found.stamps)
        text = cursors.dump(Cursor(listings, related), self._fingerprint)
        return Changes(tuple(entries.values()), (), text, True, tuple(problems), frozenset(present))

    def _since(self, before: Cursor, related: Mapping[str, str]) -> Changes:
        problems: list[Problem] = []
        olds: dict[str, Listing] = {}
        founds: dict[str, _Found] = {}
        odd: set[str] = set()
        scope = list(self._scope.listings())
        for name, api_id, locale in scope:
            old = olds[name] = before.listings.get(name, Listing())
            found, total = self._newest_first(api_id, locale, old, problems)
            founds[name] = found
            if total != len(old.keys | found.keys):
                odd.add(api_id if self._wire.regroups else name)
        entries: dict[Key, Entry] = {}
        listings: dict[str, Listing] = {}
        gone: set[Key] = set()
        for name, api_id, locale in scope:
            old, found = olds[name], founds[name]
            keys = old.keys | found.keys
            if name in odd or api_id in odd:
                keys = self._reconcile(api_id, locale, old, found, problems)
            gone |= old.keys - keys
            entries.update((entry.key, entry) for entry in found.entries if entry.key in keys)
            stamps = {**old.recent, **found.stamps}
            listings[name] = self._listing(found, old.newest, keys, stamps)
        still = {key for listing in listings.values() for key in listing.keys}
        text = cursors.dump(Cursor(listings, related), self._fingerprint)
        deleted = tuple(sorted(gone - still, key=str))
        return Changes(tuple(entries.values()), deleted, text, False, tuple(problems))

    def _newest_first(
        self, api_id: str, locale: str | None, old: Listing, problems: list[Problem]
    ) -> tuple[_Found, int]:
        """What is newer than the cursor, less the overlap; and how many there are in all."""
        floor = old.newest - self._scope.overlap if old.newest else None
        stamp = self._wire.stamp
        order = {"sort[0]": f"{stamp}:desc", "sort[1]": f"{self._wire.order}:asc"}
        query = {**self._wire.published(locale), **self._scope.populate, **order}
        for _ in range(RESTARTS):
            found = _Found()
            remarks: list[Problem] = []
            total = -1
            for number in range(1, MAX_PAGES):
                page, last = self._list(api_id, {**query, "pagination[page]": str(number)}, number)
                if total not in (-1, page.total):
                    break  # entries came or went between two pages: some may have slipped through
                total = page.total
                found.began = found.began or page.served
                reached = False
                for item, where in _placed(page, api_id):
                    moment = _moment(as_document(item, where), stamp, where)
                    reached = floor is not None and moment is not None and moment < floor
                    if reached:
                        break
                    self._take(item, api_id, where, found, remarks, seen=old.recent)
                if reached or last:
                    problems.extend(remarks)
                    return found, total
        raise BadResponse(f"{api_id}: the number of entries kept changing between pages")

    def _reconcile(
        self, api_id: str, locale: str | None, old: Listing, found: _Found, problems: list[Problem]
    ) -> frozenset[Key]:
        """The keys there are, by listing all ids; what nobody told of is fetched into `found`."""
        fields = {f"fields[{place}]": name for place, name in enumerate(self._wire.keys)}
        listed = {
            _key(as_document(item, where), where)
            for page in self._in_order(api_id, {**self._wire.published(locale), **fields})
            for item, where in _placed(page, api_id)
        }
        for key in sorted(listed - old.keys - found.keys, key=str):
            try:
                found.entries.append(self.fetch(key.id, key.locale, content_type=api_id))
            except NotFound:
                problems.append(Problem(f"{api_id}/{key.id}", "listed, and gone when asked for", key))
                listed.discard(key)
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
        key, stamp = _key(document, where), document.get(self._wire.stamp)
        moment = _moment(document, self._wire.stamp, where)
        if moment is not None:
            found.newest = max(found.newest or moment, moment)
        found.keys.add(key)
        if seen is not None and seen.get(key) == stamp:
            return
        try:
            found.entries.append(self._mapping.entry(item, api_id, where))
            found.stamps[key] = text_of(document, self._wire.stamp, where)
        except Draft:
            problems.append(Problem(f"{api_id}/{key.id}", "listed as published, but has no publishedAt", key))
            found.keys.discard(key)
        except BadResponse as fault:
            problems.append(Problem(f"{api_id}/{key.id}", str(fault), key))

    def _listing(
        self, found: _Found, before: datetime | None, keys: set[Key] | frozenset[Key], stamps: Mapping[Key, str]
    ) -> Listing:
        newest = found.newest or before
        # A date in the future would hide what is published until then.
        newest = min(newest, found.began) if newest and found.began else newest
        floor = newest - self._scope.overlap if newest else None
        recent = {
            key: stamp
            for key, stamp in stamps.items()
            if key in keys and floor is not None and datetime.fromisoformat(stamp) >= floor
        }
        return Listing(newest, frozenset(keys), recent)

    def _in_order(self, api_id: str, query: Mapping[str, str]) -> Iterator[Page]:
        """Every page, each beginning after the last id of the one before."""
        order = self._wire.order
        after: int | str | None = None
        for number in range(1, MAX_PAGES):
            begin = {} if after is None else {f"filters[{order}][$gt]": str(after)}
            page, last = self._list(api_id, {**query, **begin, "sort[0]": f"{order}:asc"}, number)
            yield page
            if last:
                return
            *_, (item, where) = _placed(page, api_id)
            final = self._wire.after(as_document(item, where), where)
            if after is not None and not _goes_on(after, final):
                raise BadResponse(f"{api_id}: page {number} does not go on after {after}: sort or filter ignored")
            after = final
        raise BadResponse(f"{api_id}: more than {MAX_PAGES} pages")

    def _list(self, api_id: str, query: Mapping[str, str], number: int) -> tuple[Page, bool]:
        """A page, and whether it is the last."""
        paging = {"pagination[pageSize]": str(self._scope.page_size), "pagination[withCount]": "true"}
        page: Page = self._wire.page(api_id, {**query, **paging})
        # The server may allow smaller pages than asked for; its own numbers count.
        last = (page.number - 1) * page.size + len(page.documents) >= page.total
        if not page.documents and not last:
            raise BadResponse(f"{api_id}: page {number} is empty, but {page.total} entries are announced")
        return page, last

    def _stamp(self, api_id: str) -> str:
        """Changes whenever an entry of a related type is changed, added or removed, in whichever locale."""
        query = {
            **self._wire.published(self._wire.every_locale),
            "sort[0]": f"{self._wire.stamp}:desc",
            "pagination[pageSize]": "1",
            "pagination[withCount]": "true",
        }
        page, where = self._wire.page(api_id, query), f"{api_id}: data[0]"
        newest = text_of(as_document(page.documents[0], where), self._wire.stamp, where) if page.documents else ""
        return f"{page.total} {newest}"


def _placed(page: Page, api_id: str) -> Iterator[tuple[object, str]]:
    """The documents of a page with their places."""
    for number, item in enumerate(page.documents):
        yield item, f"{api_id} page {page.number}: data[{number}]"


def _key(document: Mapping[str, object], where: str) -> Key:
    locale = document.get("locale")
    return Key(text_of(document, "documentId", where), locale if isinstance(locale, str) else None)


def _moment(document: Mapping[str, object], name: str, where: str) -> datetime | None:
    """A date-time; None where there is none that can be read: that entry is told when it is taken."""
    try:
        return moment_of(document, name, where)
    except BadResponse:
        return None


def _goes_on(after: int | str, final: int | str) -> bool:
    return (final > after) if isinstance(final, int) and isinstance(after, int) else str(final) > str(after)
