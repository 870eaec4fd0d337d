"""The source over anything that gives items: everything, what changed, and one entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from adapters.cms.generic import cursor as cursors
from adapters.cms.generic.cursor import Cursor, Row
from adapters.cms.generic.embedding import Find, Rendered, make
from adapters.cms.generic.mapping import Variant
from adapters.cms.generic.reading import Reader, Reading
from adapters.cms.generic.values import ItemFault
from adapters.cms.port import BadResponse, Changes, Entry, Key, NotFound, SourceSpec
from adapters.cms.shaping import mapping_defaults
from adapters.runtime import Runtime

SinceForm = Literal["iso", "epoch", "epoch_ms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """How to ask for changes only; see the options in the package."""

    param: str
    form: SinceForm = "iso"
    overlap: timedelta = timedelta(seconds=60)
    full_every_s: float = 3600.0

    def query(self, newest: datetime) -> dict[str, str]:
        """The parameter for changes since the newest one seen, less the overlap."""
        start = newest - self.overlap
        if self.form == "iso":
            return {self.param: start.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        return {self.param: str(int(start.timestamp() * (1000 if self.form == "epoch_ms" else 1)))}


@dataclass
class _Making:
    """Makes entries of a reading, each once, and the rows of a cursor."""

    reading: Reading
    reader: Reader
    find: Find
    entries: list[Entry] = field(default_factory=list)
    rows: dict[Key, Row] = field(default_factory=dict)
    rendered: Rendered = field(default_factory=dict)

    def changed(self, before: Mapping[Key, Row], gone: Iterable[Key]) -> None:
        """What differs from before, and what embeds it."""
        marks = {key: _mark(variant) for key, variant in self.reading.variants.items()}
        changed = {key for key, mark in marks.items() if not mark or key not in before or before[key].digest != mark}
        touched = {key.id for key in (*changed, *gone)}
        for key, variant in self.reading.variants.items():
            if key in changed or touched & set(before[key].met):
                self.take(variant)
            else:
                self.rows[key] = before[key]

    def take(self, variant: Variant) -> None:
        """Adds the entry of an item; one that cannot be an entry becomes a problem."""
        try:
            made = make(self.reader.mapping, variant, self.find, self.rendered)
            self.rows[variant.key] = Row(variant.digest(), made.met)
        except ItemFault as fault:
            self.rows[variant.key] = Row("")
            self.reading.complain(variant.place, str(fault), variant.key)
            return
        self.entries.append(made.entry)
        for remark in made.remarks:
            self.reading.complain(variant.place, remark, variant.key, blocking=False)


class GenericSource:
    """Published entries of any JSON. See the package."""

    mapping_defaults = mapping_defaults("generic")

    def __init__(
        self,
        reader: Reader,
        runtime: Runtime,
        *,
        spec: SourceSpec,
        since: Since | None,
        draft_params: Mapping[str, str],
        fingerprint: str,
    ) -> None:
        self.spec = spec
        self._reader = reader
        self._runtime = runtime
        self._since = since
        self._draft_params = draft_params
        self._fingerprint = fingerprint

    def changes(self, cursor: str | None) -> Changes:
        """Everything, or what changed since the cursor, with entries that embed what changed."""
        before = cursors.load(cursor, self._fingerprint)
        if self._since is not None and before is not None and before.newest is not None:
            age = self._runtime.now() - before.listed
            if 0 <= age < self._since.full_every_s:
                return self._changed(before, self._since.query(before.newest))
        return self._listed(before)

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:  # noqa: ARG002
        """One entry by its address, or from the list where there is none."""
        return self._one(entry_id, locale, draft=False)

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:  # noqa: ARG002
        """The same with `draft_params`, whatever `keep` says; only where `previews` is set."""
        if not self.spec.previews:
            raise NotFound(f"{entry_id} ({locale or 'any language'}): this source shows no drafts")
        return self._one(entry_id, locale, draft=True)

    def ping(self) -> None:
        """Reads the list's first page."""
        self._reader.origin.ping()

    def close(self) -> None:
        """Closes the connection."""
        self._reader.origin.close()

    def _listed(self, before: Cursor | None) -> Changes:
        rows = before.rows if before else {}
        reading = self._reader.everything(rows)
        # What cannot be named may be any of those that are missing: they stay until it is mended.
        gone = frozenset[Key]() if reading.nameless else rows.keys() - reading.present
        making = _Making(reading, self._reader, self._finder(reading, complete=True))
        making.changed(rows, gone)
        kept = {key: row for key, row in rows.items() if key not in gone}
        broken = dict.fromkeys(reading.broken, Row(""))
        cursor = Cursor({**kept, **broken, **making.rows}, self._past(reading.newest), self._runtime.now())
        return Changes(
            entries=tuple(making.entries),
            deleted=_sorted(gone),
            cursor=cursors.dump(cursor, self._fingerprint),
            full=before is None,
            problems=tuple(reading.problems),
            present=None if reading.nameless else reading.present,
        )

    def _changed(self, before: Cursor, query: Mapping[str, str]) -> Changes:
        reading = self._reader.once(query)
        gone = (reading.dropped & before.rows.keys()) - reading.present
        making = _Making(reading, self._reader, self._finder(reading, complete=False))
        making.changed(before.rows, gone)
        touched = {entry.id for entry in making.entries} | {key.id for key in gone}
        lost = set[Key]()
        for key in _sorted(key for key, row in before.rows.items() if touched & set(row.met)):
            if key in making.rows or key in gone:
                continue
            try:
                variant = self._ask(key.id, key.locale, draft=False)
            except NotFound:
                lost.add(key)
                continue
            if variant is not None:
                making.take(variant)
        rows = {key: row for key, row in before.rows.items() if key not in gone | lost}
        broken = dict.fromkeys(reading.broken, Row(""))
        newest = max(filter(None, (reading.newest, before.newest)), default=None)
        cursor = Cursor({**rows, **broken, **making.rows}, self._past(newest), before.listed)
        text = cursors.dump(cursor, self._fingerprint)
        return Changes(tuple(making.entries), _sorted(gone | lost), text, False, tuple(reading.problems))

    def _past(self, newest: datetime | None) -> datetime | None:
        """A date in the future would hide what changes until then."""
        return min(newest, datetime.fromtimestamp(self._runtime.now(), UTC)) if newest else None

    def _one(self, entry_id: str, locale: str | None, *, draft: bool) -> Entry:
        variant, reading = self._ask(entry_id, locale, draft=draft), None
        if variant is None:
            reading = self._reader.once(self._draft_params if draft else {}, drafts=draft)
            variant = self._meant(reading, entry_id, locale)
        if variant is None:
            raise NotFound(f"{entry_id} ({locale or 'any language'}): no such entry")
        find = self._finder(reading or Reading(), complete=reading is not None)
        try:
            return make(self._reader.mapping, variant, find, {}).entry
        except ItemFault as fault:
            raise BadResponse(f"{variant.place}: {fault}") from fault

    def _ask(self, entry_id: str, locale: str | None, *, draft: bool) -> Variant | None:
        """One item by its address; None where entries have none. Raises NotFound."""
        listed_in = self._reader.listed_in
        by_language = listed_in != (None,)
        if by_language and locale is not None and locale not in listed_in:
            raise NotFound(f"{entry_id} ({locale}): not a language of this source")
        for one in listed_in if by_language and locale is None else (locale,):
            try:
                item = self._reader.origin.entry(entry_id, one, self._draft_params if draft else {})
            except NotFound:
                continue
            if item is None:
                return None
            reading = Reading()
            self._reader.look(*item, one if by_language else None, reading, drafts=draft)
            if reading.problems:
                raise BadResponse(f"{reading.problems[0].where}: {reading.problems[0].reason}")
            if other := next((key.id for key in reading.present | reading.dropped if key.id != entry_id), None):
                raise BadResponse(f"{item[1]}: asked for {entry_id[:80]}, and got {other[:80]}")
            if found := self._meant(reading, entry_id, locale):
                return found
        raise NotFound(f"{entry_id} ({locale or 'any language'}): no such entry")

    def _meant(self, reading: Reading, entry_id: str, locale: str | None) -> Variant | None:
        if locale is not None:
            return reading.variants.get(Key(entry_id, locale))
        return reading.find(entry_id, None, self._reader.mapping.locales or reading.languages(entry_id))

    def _finder(self, reading: Reading, *, complete: bool) -> Find:
        """Finds what links name: in a reading, and where that is not everything, by asking."""
        asked: dict[Key, Variant | None] = {}

        def find(target: str, wanted: str | None) -> Variant | None:
            if complete:
                return reading.find(target, wanted, self._reader.mapping.locales)
            key = Key(target, wanted)
            if key in reading.variants:
                return reading.variants[key]
            if key not in asked:
                asked[key] = self._linked(target, wanted)
            return asked[key]

        return find

    def _linked(self, target: str, wanted: str | None) -> Variant | None:
        for locale in dict.fromkeys((wanted, None)):
            try:
                return self._ask(target, locale, draft=False)
            except (NotFound, BadResponse):
                continue  # the link is told as one that leads nowhere
        return None


def _mark(variant: Variant) -> str:
    """An item's digest; "" where it has none, which is told where its entry is made."""
    try:
        return variant.digest()
    except ItemFault:
        return ""


def _sorted(keys: Iterable[Key]) -> tuple[Key, ...]:
    return tuple(sorted(keys, key=lambda key: (key.id, key.locale or "")))
