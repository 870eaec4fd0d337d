"""The source over WordPress: full and incremental answers, single posts, drafts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from adapters.cms.port import BadResponse, Changes, Entry, Key, NotFound, Ordering, Problem, SourceSpec
from adapters.cms.shaping import fingerprint, mapping_defaults
from adapters.cms.wordpress import cursor as cursors
from adapters.cms.wordpress.beside import Beside
from adapters.cms.wordpress.cursor import Listing
from adapters.cms.wordpress.entries import Hidden, Shape
from adapters.cms.wordpress.rows import moment_of, translations, visible
from adapters.cms.wordpress.scope import Place, Scope, Seen
from adapters.cms.wordpress.site import LARGEST_PAGE, Row, Site, id_of

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
# Between what a post was read as and the site's clock in the answer.
SETTLED = timedelta(seconds=10)


class WordPressSource:
    """Published posts of a WordPress site. See the package."""

    mapping_defaults = mapping_defaults("wordpress")

    def __init__(self, site: Site, scope: Scope, shape: Shape) -> None:
        self.spec = SourceSpec(
            name="wordpress",
            ordering=Ordering("timestamp", timedelta(seconds=1)),
            incremental=True,
            previews=scope.with_password,
        )
        self._site = site
        self._scope = scope
        self._shape = shape
        self._fingerprint = fingerprint(shape, scope.types, sorted(scope.locales.items()), scope.raw)

    def changes(self, cursor: str | None) -> Changes:
        """Everything, or what changed since the cursor."""
        before = cursors.load(cursor, self._fingerprint)
        return self._everything() if before is None else self._since(before)

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One published post; of several types, each is asked until one has it.

        It is read from a list that is narrowed to it, and not by its own address: there WordPress refuses readers
        without rights what is a draft, and a refusal of the credentials would look the same.

        Args:
            content_type: the rest_base of the type, where known.
        """
        for route in self._routes(content_type) if _NUMBER.fullmatch(entry_id) else ():
            row = self._row(route, int(entry_id), locale)
            if row is None:
                continue
            beside = self._beside([row])
            try:
                entry = self._shape.entry(row, route, locale or self._first_locale, f"{route}/{entry_id}", beside)
            except Hidden:
                continue
            # By the number of a translation that is not the first of its group there is no entry.
            if entry.id == entry_id and (locale is None or entry.locale in (None, locale)):
                return entry
        raise NotFound(f"{entry_id} ({locale or 'any language'}): no such published entry")

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One post as its editors see it: whatever its state, with what was saved by itself since."""
        if not self._scope.with_password:
            raise NotFound(f"{entry_id}: without an application password this source shows no drafts")
        for route in self._routes(content_type) if _NUMBER.fullmatch(entry_id) else ():
            try:
                row = self._edited(route, int(entry_id), locale)
            except NotFound:
                continue
            if row.get("status") in ("trash", "auto-draft"):
                continue
            where = f"{route}/{entry_id} (draft)"
            return self._shape.draft(row, route, locale or self._first_locale, where, self._beside([row]))
        raise NotFound(f"{entry_id} ({locale or 'any language'}): no such entry")

    def ping(self) -> None:
        """Reads one entry of every type, so that a missing permission shows; and who we are, where we are someone."""
        self._prove()
        for route in self._scope.types:
            self._site.page(route, {"per_page": "1", "_fields": "id", **self._scope.context})

    def close(self) -> None:
        """Closes the connection."""
        self._site.close()

    def _prove(self) -> None:
        """That the site knows us: to a wrong password WordPress can answer as if there were none, and show less."""
        if self._scope.with_password:
            self._site.item("users/me", {"_fields": "id"})

    def _everything(self) -> Changes:
        self._prove()
        entries: dict[Key, Entry] = {}
        problems: list[Problem] = []
        present: set[Key] = set()
        listings = {}
        for place in self._scope.listings():
            seen = Seen()
            self._read(place, {}, seen, {})
            entries.update((entry.key, entry) for entry in seen.entries)
            problems += seen.problems
            present |= seen.keys
            listings[place.name] = self._listing(seen, seen.keys, seen.hidden, {})
        text = cursors.dump(listings, self._fingerprint)
        return Changes(tuple(entries.values()), (), text, True, tuple(problems), frozenset(present))

    def _since(self, before: Mapping[str, Listing]) -> Changes:
        entries: dict[Key, Entry] = {}
        problems: list[Problem] = []
        gone: set[Key] = set()
        listings = {}
        for place in self._scope.listings():
            old = before.get(place.name, Listing())
            seen = Seen(keys=set(old.keys), hidden=set(old.hidden))
            floor = old.newest - self._scope.overlap if old.newest else None
            self._read(place, {"modified_after": _utc(floor)} if floor else {}, seen, old.recent)
            self._compare(place, seen)
            gone |= old.keys - seen.keys
            entries.update((entry.key, entry) for entry in seen.entries if entry.key in seen.keys)
            problems += seen.problems
            seen.newest = seen.newest or old.newest
            listings[place.name] = self._listing(seen, seen.keys, seen.hidden, old.recent)
        if gone:
            self._prove()
        still = {key for listing in listings.values() for key in listing.keys}
        text = cursors.dump(listings, self._fingerprint)
        return Changes(tuple(entries.values()), tuple(sorted(gone - still, key=str)), text, False, tuple(problems))

    def _read(self, place: Place, query: Mapping[str, str], seen: Seen, recent: Mapping[Key, str]) -> None:
        """Takes every post that the query finds, but for those that were seen as they are."""
        asked = {**place.narrow, **self._scope.query, **query}
        for page in self._site.walk(place.route, asked, self._scope.page_size):
            seen.began = seen.began or page.at
            self._take(place, page.rows, seen, recent)

    def _compare(self, place: Place, seen: Seen) -> None:
        """Finds what `modified_after` does not tell: what has gone, and what is public without having been touched.

        The latest by date come first: a post whose time had come keeps the `modified` of its last edit.
        """
        query = {**place.narrow, **self._scope.ids, "orderby": "date", "order": "desc", "per_page": str(LARGEST_PAGE)}
        page = self._site.page(place.route, query)
        self._take_missing(place, page.rows, seen)
        listed, rows = len(page.rows) >= page.total, list(page.rows)
        if not listed and page.total == len(seen.keys) + len(seen.hidden):
            return
        if not listed:
            asked = {**place.narrow, **self._scope.ids}
            rows = [row for part in self._site.walk(place.route, asked, LARGEST_PAGE) for row in part.rows]
            self._take_missing(place, rows, seen)
        there = {self._shape.key(row, place.locale, place.route) for row in rows}
        seen.keys &= there
        seen.hidden &= there

    def _take_missing(self, place: Place, rows: Iterable[Row], seen: Seen) -> None:
        """Fetches the posts among these that are not known."""
        wanted = []
        for row in rows:
            key = self._shape.key(row, place.locale, place.route)
            if not visible(row, place.route):
                seen.note(key, None, hidden=True)
            elif key not in seen.keys:
                wanted.append(id_of(row, place.route))
        for start in range(0, len(wanted), LARGEST_PAGE):
            named = {"include": ",".join(map(str, wanted[start : start + LARGEST_PAGE])), "per_page": str(LARGEST_PAGE)}
            page = self._site.page(place.route, {**place.narrow, **self._scope.query, **named})
            self._take(place, page.rows, seen, {})

    def _take(self, place: Place, rows: Sequence[Row], seen: Seen, recent: Mapping[Key, str]) -> None:
        """Adds posts to what was seen; one that cannot be an entry becomes a problem."""
        fresh = []
        for row in rows:
            where = f"{place.route}/{id_of(row, place.route)}"
            key, stamp = self._shape.key(row, place.locale, where), str(row.get("modified_gmt"))
            try:
                seen.note(key, moment_of(row, "modified_gmt", where), hidden=not visible(row, where))
            except BadResponse as fault:
                seen.note(key, None, hidden=False)  # its last good version stays
                seen.problems.append(Problem(where, str(fault), key))
                continue
            if recent.get(key) != stamp:
                fresh.append((row, key, stamp, where))
        beside = self._beside([row for row, *_ in fresh])
        for row, key, stamp, where in fresh:
            try:
                seen.entries.append(self._shape.entry(row, place.route, place.locale, where, beside))
                seen.stamps[key] = stamp
            except Hidden:
                continue  # noted above
            except BadResponse as fault:
                seen.problems.append(Problem(where, str(fault), key))

    def _listing(self, seen: Seen, keys: set[Key], hidden: set[Key], recent: Mapping[Key, str]) -> Listing:
        # A date in the future would hide what is edited until then; what is edited while this reads comes again.
        newest = min(seen.newest, seen.began) if seen.newest and seen.began else seen.newest
        floor = newest - self._scope.overlap if newest else None
        # WordPress counts whole seconds: what was edited just before can have been edited again in the same one.
        settled = seen.began - SETTLED if seen.began else None
        stamps = {}
        for key, stamp in {**recent, **seen.stamps}.items():
            moment = datetime.fromisoformat(stamp).replace(tzinfo=UTC)
            if key in keys and floor is not None and moment >= floor and (settled is None or moment < settled):
                stamps[key] = stamp
        return Listing(newest, frozenset(keys), frozenset(hidden), stamps)

    def _beside(self, rows: Sequence[Row]) -> Beside:
        beside = Beside(self._site, self._shape, self._scope.query, embedded=not self._scope.with_password)
        beside.load(rows)
        return beside

    def _routes(self, content_type: str | None) -> tuple[str, ...]:
        return (content_type,) if content_type in self._scope.types else self._scope.types

    @property
    def _first_locale(self) -> str | None:
        return next(iter(self._scope.locales), None)

    def _row(self, route: str, number: int, locale: str | None) -> Row | None:
        """The published post, or its translation; None where there is none."""
        code = self._scope.locales.get(locale or "")
        row = self._listed(route, number, {"lang": code} if code else {})
        if row is None and code:
            other = self._listed(route, number, {})
            sibling = translations(other).get(code) if other else None
            row = self._listed(route, sibling, {"lang": code}) if sibling else None
        return row

    def _listed(self, route: str, number: int, narrow: Mapping[str, str]) -> Row | None:
        query = {**narrow, **self._scope.query, "include": str(number), "per_page": "1"}
        return next(iter(self._site.page(route, query).rows), None)

    def _edited(self, route: str, number: int, locale: str | None) -> Row:
        """The post of that number, or its translation, overlaid with what the editor saved by itself since."""
        code = self._scope.locales.get(locale or "")
        query = {**self._scope.embed, "context": "edit", **({"lang": code} if code else {})}
        row = self._site.item(f"{route}/{number}", query)
        sibling = translations(row).get(code) if code else None
        if sibling not in (None, number):
            row = self._site.item(f"{route}/{sibling}", query)
        try:
            saved = self._site.ask(f"{route}/{id_of(row, route)}/autosaves", {"context": "edit"}).body
        except NotFound:
            return row  # types without an editor have no such route
        drafts = [one for one in saved if isinstance(one, dict)] if isinstance(saved, list) else []
        newest = max(drafts, key=lambda one: str(one.get("modified_gmt")), default=None)
        if newest is None or moment_of(newest, "modified_gmt", route) <= moment_of(row, "modified_gmt", route):
            return row
        parts = {name: newest[name] for name in ("title", "content", "excerpt") if name in newest}
        return {**row, **parts, "modified_gmt": newest["modified_gmt"]}


def _utc(moment: datetime) -> str:
    """As WordPress understands it whatever the time zone of the site."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
