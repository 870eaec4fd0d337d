"""The source over Payload: full and incremental listings, deletions by count, related collections."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from adapters.cms.client import Client
from adapters.cms.payload import cursor as cursors
from adapters.cms.payload.cursor import DIGEST_CHARS, Cursor, Listing, Variants
from adapters.cms.payload.entries import Documents, document_id, moment_of
from adapters.cms.payload.reader import Asking, Document, Reader
from adapters.cms.port import BadResponse, Changes, Entry, Key, NotFound, Ordering, Problem, SourceSpec, digest
from adapters.cms.shaping import fingerprint, mapping_defaults

LEAST_RESOLUTION = timedelta(milliseconds=1)
MAX_PAGES = 100_000
# A listing that changes under each of so many readings is read again at the next sync.
RESTARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is read; see the options in the package."""

    collections: tuple[str, ...]
    related: tuple[str, ...] = ()
    overlap: timedelta = timedelta(seconds=60)
    clock_skew: timedelta = timedelta(0)


@dataclass
class _Found:
    """What was read of one collection: by entry id, the digest of each variant."""

    entries: list[Entry] = field(default_factory=list)
    documents: dict[str, Variants] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    shared: dict[str, str] = field(default_factory=dict)
    newest: datetime | None = None
    read: datetime | None = None


class PayloadSource:
    """Published documents of a Payload site. See the package."""

    mapping_defaults = mapping_defaults("payload")

    def __init__(
        self,
        client: Client,
        asking: Asking,
        scope: Scope,
        documents: Documents,
        monotonic: Callable[[], float],
    ) -> None:
        self._client = client
        self._reader = Reader(client, asking, monotonic)
        self._scope = scope
        self._documents = documents
        resolution = max(LEAST_RESOLUTION, scope.clock_skew)
        self._spec = SourceSpec("payload", Ordering("timestamp", resolution), True, previews=asking.has_key)
        self._fingerprint = fingerprint(documents, scope.collections, scope.related, asking.link_depth)

    @property
    def spec(self) -> SourceSpec:
        """Versions are fenced by time; drafts are shown where there is a key."""
        return self._spec

    def changes(self, cursor: str | None) -> Changes:
        """Everything, or what changed since the cursor."""
        before = cursors.load(cursor, self._fingerprint)
        # Read before the listings: a change meanwhile is then seen the next time.
        related = {name: self._reader.stamp(name) for name in self._scope.related}
        if before is not None and related == before.related:
            return self._since(before, related)
        return self._everything(related)

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One published variant; without a locale, the first of `locales` in which there is one.

        Args:
            content_type: the collection, where known; it matters with `ids: plain` alone.
        """
        return self._one(entry_id, locale, content_type, drafts=False)

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """The latest version of one variant, published or not."""
        if not self._spec.previews:
            raise NotFound(f"{entry_id}: drafts are shown to an API key only, and there is none")
        return self._one(entry_id, locale, content_type, drafts=True)

    def ping(self) -> None:
        """Checks the key, and reads one document of every collection, so that a missing permission shows."""
        self._reader.check_key()
        for name in dict.fromkeys((*self._scope.collections, *self._scope.related)):
            self._reader.stamp(name)

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _one(self, entry_id: str, locale: str | None, hint: str | None, *, drafts: bool) -> Entry:
        wanted = locale if locale is None else self._documents.locales.get(locale, locale)  # a code of the site will do
        for collection, raw_id in self._documents.identity.places(entry_id, self._scope.collections, hint):
            document = self._reader.one(collection, raw_id, draft=drafts)
            if document is None:
                continue
            made = self._documents.variants(document, collection, f"{collection}/{raw_id}", drafts=drafts)
            for entry in made.entries:
                if wanted in (None, entry.locale) or entry.locale is None:
                    self._reader.check_key(now=False)
                    return entry
            for problem in made.problems:
                if problem.key is not None and wanted in (None, problem.key.locale):
                    raise BadResponse(problem.reason)
        self._reader.check_key()  # to strangers Payload shows less, and it is not gone because of that
        raise NotFound(f"{entry_id} ({locale or 'any locale'}): no such {'' if drafts else 'published '}entry")

    def _everything(self, related: dict[str, str]) -> Changes:
        self._reader.check_key()
        entries: dict[Key, Entry] = {}
        problems: list[Problem] = []
        listings = {}
        for name in self._scope.collections:
            found = _Found()
            for page in self._reader.by_id(name):
                found.read = found.read or page.served
                for document, where in page.items:
                    self._take(document, name, where, found)
            problems += found.problems
            for entry in found.entries:
                if entry.key in entries:
                    problems.append(Problem(f"{name}/{entry.id}", "another collection has this id: use qualified ids"))
                entries.setdefault(entry.key, entry)
            listings[name] = self._listing(name, found, found.newest, found.documents)
        present = frozenset(key for listing in listings.values() for key in listing.held())
        text = cursors.dump(Cursor(listings, related), self._fingerprint)
        return Changes(tuple(entries.values()), (), text, True, _once(problems), present)

    def _since(self, before: Cursor, related: dict[str, str]) -> Changes:
        entries: dict[Key, Entry] = {}
        problems: list[Problem] = []
        listings = {}
        gone: set[Key] = set()
        for name in self._scope.collections:
            old = before.listings.get(name, Listing())
            if not old.drafts:
                self._reader.without_drafts.add(name)
            found, total = self._newest_first(name, old)
            documents: dict[str, Variants] = {**old.documents, **found.documents}
            if total != len(documents):
                documents = self._reconcile(name, documents, found)
            listings[name] = self._listing(name, found, found.newest or old.newest, documents)
            problems += found.problems
            gone |= old.held() - listings[name].held()
            for entry in found.entries:
                if entry.id in documents and old.documents.get(entry.id, {}).get(entry.locale or "") != _short(entry):
                    entries[entry.key] = entry
        gone -= {key for listing in listings.values() for key in listing.held()}
        if entries or gone:
            self._reader.check_key(now=bool(gone))
        text = cursors.dump(Cursor(listings, related), self._fingerprint)
        return Changes(tuple(entries.values()), tuple(sorted(gone, key=str)), text, False, _once(problems))

    def _newest_first(self, name: str, old: Listing) -> tuple[_Found, int]:
        """What may have changed since the cursor; and how many there are in all."""
        floor = old.floor(self._scope.overlap)
        for _ in range(RESTARTS):
            found = _Found()
            total = -1
            for number in range(1, MAX_PAGES):
                page = self._reader.newest_first(name, number)
                if total not in (-1, page.total):
                    break  # documents came or went between two pages: some may have slipped through
                total = page.total
                found.read = found.read or page.served
                reached = False
                for document, where in page.items:
                    moment = _moment(document, where)
                    reached = floor is not None and moment is not None and moment < floor
                    if reached:
                        break
                    self._take(document, name, where, found)
                if reached or page.last:
                    return found, total
        raise BadResponse(f"{name}: the number of documents kept changing between pages")

    def _reconcile(self, name: str, known: dict[str, Variants], found: _Found) -> dict[str, Variants]:
        """Those of the known documents that there are; what nobody told of is fetched into `found`."""
        raw = {
            self._documents.identity.of(name, document_id(document, where)): str(document["id"])
            for page in self._reader.by_id(name, ids_only=True)
            for document, where in page.items
        }
        fresh = [raw[one] for one in sorted(raw.keys() - known.keys())]
        for document, where in self._reader.some(name, fresh):
            self._take(document, name, where, found)
        # One of them that went since it was listed is missed by the next answer's count.
        return {one: variants for one, variants in {**known, **found.documents}.items() if one in raw}

    def _take(self, document: Document, name: str, where: str, found: _Found) -> None:
        """Adds a listed document to what was found; a variant that cannot be an entry becomes a problem."""
        made = self._documents.variants(document, name, where, shared=found.shared)
        digests = {key.locale or "": "" for key in made.held()}
        digests.update({entry.locale or "": _short(entry) for entry in made.entries})
        found.documents[made.id] = digests
        found.entries += made.entries
        found.problems += made.problems
        if (moment := _moment(document, where)) is not None:
            found.newest = max(found.newest or moment, moment)

    def _listing(self, name: str, found: _Found, newest: datetime | None, documents: Mapping[str, Variants]) -> Listing:
        return Listing(newest, found.read, documents, drafts=name not in self._reader.without_drafts)


def _moment(document: Document, where: str) -> datetime | None:
    """When it was changed; None where that cannot be read, which is a problem of its variants already."""
    try:
        return moment_of(document, "updatedAt", where)
    except BadResponse:
        return None


def _short(entry: Entry) -> str:
    return digest(entry)[:DIGEST_CHARS]


def _once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(dict.fromkeys(problems))
