"""A source in memory that editors of tests change: real behind the port, with nothing behind itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from adapters.cms.port import Changes, CmsError, Entry, Key, NotFound, Ordering, Problem, SourceSpec


@dataclass
class MemorySource:
    """Incremental: the cursor is the number of the last change."""

    previews: bool = True
    listing: bool = True
    published: dict[Key, Entry] = field(default_factory=dict)
    drafts: dict[Key, Entry] = field(default_factory=dict)
    broken: dict[Key, str] = field(default_factory=dict)
    down: CmsError | None = None
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    closed: bool = False
    _log: list[Key] = field(default_factory=list)

    @property
    def spec(self) -> SourceSpec:
        return SourceSpec("memory", Ordering("none"), incremental=True, previews=self.previews)

    def put(self, entry: Entry) -> None:
        self.published[entry.key] = entry
        self._log.append(entry.key)

    def remove(self, key: Key) -> None:
        del self.published[key]
        self._log.append(key)

    def changes(self, cursor: str | None) -> Changes:
        self._fail()
        seen = 0 if cursor is None else int(json.loads(cursor))
        touched = dict.fromkeys(self._log[seen:])
        good = [key for key in touched if key in self.published and key not in self.broken]
        return Changes(
            entries=tuple(self.published[key] for key in good),
            deleted=() if cursor is None else tuple(key for key in touched if key not in self.published),
            cursor=json.dumps(len(self._log)),
            full=cursor is None,
            problems=tuple(Problem(key.id, reason, key) for key, reason in self.broken.items()),
            present=frozenset(self.published) if self.listing or cursor is None else None,
        )

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        return self._one(self.published, entry_id, locale, content_type)

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        return self._one({**self.published, **self.drafts}, entry_id, locale, content_type)

    def _one(self, held: dict[Key, Entry], entry_id: str, locale: str | None, content_type: str | None) -> Entry:
        self.asked.append((entry_id, locale, content_type))
        self._fail()
        found = held.get(Key(entry_id, locale))
        if found is None and locale is None:
            found = next((one for key, one in held.items() if key.id == entry_id), None)
        if found is None or content_type not in (None, found.type):
            raise NotFound(f"{entry_id}: no such entry")
        return found

    def _fail(self) -> None:
        if self.down is not None:
            raise self.down

    def ping(self) -> None:
        self._fail()

    def close(self) -> None:
        self.closed = True
