"""The source over Contentful: everything once, then what the Sync API tells, and what is made of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from adapters.cms.contentful import cursor as cursors
from adapters.cms.contentful.api import Api, Synced, TokenRefused
from adapters.cms.contentful.cursor import Cursor, Known
from adapters.cms.contentful.entries import Maker, Shape, place_of
from adapters.cms.contentful.model import Item, Model, id_of, kind_of, linked, sys_text
from adapters.cms.contentful.shelf import Shelf, targets
from adapters.cms.port import (
    BadResponse,
    Changes,
    Entry,
    Key,
    NotFound,
    Ordering,
    Problem,
    SourceSpec,
    digest,
)
from adapters.cms.shaping import mapping_defaults
from adapters.runtime import Runtime

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# 12 hexadecimal digits tell two versions of one variant apart, and a cursor holds as many of them as there are entries.
DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the API is read; see the options in the package."""

    page_size: int = 200
    model_ttl_s: float = 600.0


@dataclass
class _Found:
    """What one pass made."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)


class ContentfulSource:
    """Published entries of one environment. See the package."""

    mapping_defaults = mapping_defaults("contentful")

    def __init__(
        self, delivery: Api, preview: Api | None, shape: Shape, reading: Reading, runtime: Runtime, fingerprint: str
    ) -> None:
        """Nothing is asked yet.

        Args:
            preview: for drafts; None: they are not shown.
            fingerprint: of the options; a cursor of others is void.
        """
        # Published content never goes back a revision, not even over an unpublishing. Two readings of one revision
        # may differ in what is embedded; they are not ordered, so the one that was read last counts.
        self.spec = SourceSpec("contentful", Ordering("integer"), incremental=True, previews=preview is not None)
        self._delivery = delivery
        self._preview = preview
        self._shape = shape
        self._reading = reading
        self._runtime = runtime
        self._fingerprint = fingerprint
        self._model: Model | None = None
        self._read_at = 0.0
        self._fetched: tuple[str, tuple[str, ...]] = ("", ())

    def changes(self, cursor: str | None) -> Changes:
        """Everything, or what changed since the cursor."""
        before = cursors.load(cursor, self._fingerprint)
        if before is None:
            return self._everything()
        known = self._model
        if known is None or before.read_at > self._read_at or (before.model.concepts and not known.concepts):
            self._model, self._read_at = before.model, before.read_at
        try:
            delta = self._delivery.sync(before.token, self._reading.page_size)
        except TokenRefused:
            return self._everything()
        model = self._current(delta.items)
        # Other locales, fields or names of tags concern entries that did not change.
        return self._since(before, delta, model) if before.model.agrees(model) else self._everything(model)

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:  # noqa: ARG002 - ids are unique in a space
        """One published variant, by one request, whose answer has all the others too; see `languages`."""
        return self._one(self._delivery, entry_id, locale, draft=False)

    def languages(self, entry_id: str) -> tuple[str, ...]:
        """See `adapters.cms.port.Multilingual`."""
        return self._fetched[1] if self._fetched[0] == entry_id else ()

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:  # noqa: ARG002 - as above
        """One variant as its editor sees it, from the Preview API."""
        if self._preview is None:
            raise NotFound(f"{entry_id} ({locale or 'default locale'}): there is no preview_token to see drafts with")
        return self._one(self._preview, entry_id, locale, draft=True)

    def ping(self) -> None:
        """Reads a list with each token."""
        self._delivery.ping()
        if self._preview is not None:
            self._preview.ping()

    def close(self) -> None:
        """Closes the connections."""
        self._delivery.close()
        if self._preview is not None:
            self._preview.close()

    def _everything(self, model: Model | None = None) -> Changes:
        """`model`: one that was just read."""
        synced = self._delivery.sync(None, self._reading.page_size)
        maker = Maker(Shelf(synced.items), model or self._current(synced.items, again=True), self._shape)
        found = _Found()
        for item in maker.shelf.entries.values():
            self._take(maker, item, {}, found)
        present = frozenset(Key(one, locale) for one, known in found.known.items() for locale in known.variants)
        text = self._dump(synced.token, maker.model, found.known)
        return Changes(tuple(found.entries), (), text, True, tuple(found.problems), present)

    def _since(self, before: Cursor, delta: Synced, model: Model) -> Changes:
        # The same thing may come more than once; its last state counts.
        last = {_what(item): sys_text(item, "type") for item in delta.items}
        gone = {what for what, kind in last.items() if kind in ("DeletedEntry", "DeletedAsset")}
        maker = Maker(Shelf(delta.items, gone), model, self._shape)
        known = {one: was for one, was in before.entries.items() if ("Entry", one) not in gone}
        changed = list(maker.shelf.entries)
        touched = {one for _, one in last}
        holders = [one for one, was in known.items() if was.depends & touched]
        linking = [one for one in changed if self._links(maker.shelf.entries[one])]
        asked = list(dict.fromkeys(linking + holders))
        if asked:
            maker.shelf.add(self._delivery.entries(asked, self._shape.link_depth))
        found = _Found(known=known)
        for one in dict.fromkeys(changed + asked):
            item = maker.shelf.entries.get(one)
            if item is not None:  # unpublished a moment ago: the next delta says so
                self._take(maker, item, before.entries[one].variants if one in before.entries else {}, found)
        deleted = [
            Key(one, locale)
            for one, was in before.entries.items()
            for locale in was.variants
            if one not in found.known or locale not in found.known[one].variants
        ]
        text = self._dump(delta.token, model, found.known)
        return Changes(tuple(found.entries), tuple(deleted), text, False, tuple(found.problems))

    def _links(self, item: Item) -> bool:
        return self._shape.link_depth > 0 and any(True for _ in targets(item.get("fields")))

    def _take(self, maker: Maker, item: Item, before: Mapping[str | None, str], found: _Found) -> None:
        """Adds the variants of an entry that differ from before; one that cannot be made becomes a problem."""
        one = str(id_of(item))
        variants: dict[str | None, str] = {}
        depends: set[str] = set()
        for code in maker.locales(item):
            key = Key(one, maker.tag(code))
            where = place_of(item, code)
            try:
                made = maker.make(item, code)
            except BadResponse as fault:
                # What it links to may be what is wrong with it, and mended there.
                depends.update(targets(item.get("fields")))
                variants[key.locale] = ""
                found.problems.append(Problem(where, str(fault).removeprefix(f"{where}: "), key))
                continue
            variants[key.locale] = digest(made.entry)[:DIGITS]
            depends |= made.depends
            found.problems.extend(Problem(where, remark, key, blocking=False) for remark in made.remarks)
            if before.get(key.locale) != variants[key.locale]:
                found.entries.append(made.entry)
        found.known[one] = Known(variants, frozenset(depends))

    def _one(self, api: Api, entry_id: str, locale: str | None, *, draft: bool) -> Entry:
        missing = f"{entry_id} ({locale or 'default locale'}): no such {'entry' if draft else 'published entry'}"
        if not _ID.fullmatch(entry_id):  # it becomes part of a list in a query
            raise NotFound(f"{entry_id!r} is no id")
        self._fetched = ("", ())
        items = api.entries([entry_id], self._shape.link_depth)
        maker = Maker(Shelf(items), self._current(items), self._shape)
        item = maker.shelf.entries.get(entry_id)
        if item is None:
            raise NotFound(missing)
        codes = {maker.tag(code): code for code in maker.locales(item)}
        if not draft:
            self._fetched = (entry_id, tuple(tag for tag in codes if tag is not None))
        default = maker.tag(maker.model.default)
        for wanted in (locale, None) if locale is not None else (None, default, *codes):
            if wanted in codes:
                return maker.make(item, codes[wanted], draft=draft).entry
        raise NotFound(missing)

    def _current(self, items: Iterable[Item], *, again: bool = False) -> Model:
        """The space's model, read `again` in any case, or where it is old or does not know what is in these items."""
        entries = [item for item in items if sys_text(item, "type") == "Entry"]
        now, model, rules = self._runtime.now(), self._model, self._shape.tags
        young = not again and now - self._read_at < self._reading.model_ttl_s
        if model is not None and young and all(self._covers(model, item) for item in entries):
            return model
        # Labels that were once needed are needed still: without them older entries would seem to have changed.
        concepts = bool(model and model.concepts) or any(linked(item, "concepts") for item in entries)
        model = self._delivery.model(tags=rules.by == "name", concepts=concepts and rules.concepts == "label")
        self._model, self._read_at = model, now
        return model

    def _covers(self, model: Model, item: Item) -> bool:
        rules, kind, fields = self._shape.tags, model.kinds.get(kind_of(item) or ""), item.get("fields")
        if kind is None or not isinstance(fields, Mapping):
            return kind is not None
        return (
            (rules.by != "name" or all(one in model.tags for one in linked(item, "tags")))
            and (rules.concepts != "label" or all(one in model.concepts for one in linked(item, "concepts")))
            and all(name in kind.fields for name in fields)
            and all(values.keys() <= model.fallbacks.keys() for values in fields.values() if isinstance(values, dict))
        )

    def _dump(self, token: str, model: Model, known: Mapping[str, Known]) -> str:
        return cursors.dump(Cursor(token, model, self._read_at, known), self._fingerprint)


def _what(item: Item) -> tuple[str, str]:
    """Kind and id; an entry and an asset may have the same id."""
    return (sys_text(item, "type") or "").removeprefix("Deleted"), str(id_of(item))
