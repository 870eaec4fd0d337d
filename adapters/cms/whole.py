"""The rest of the content port for a source that reads all it has whenever it is asked: a file, a table, a short list.

A subclass says what it is (`spec`) and reads (`read`). What changed is found by digests, which the cursor holds: about
50 bytes an entry. An adapter that can ask its CMS for changes only implements `adapters.cms.port.Source` itself.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from adapters.cms.locales import target_key
from adapters.cms.port import Changes, Entry, Key, NotFound, Problem, SourceSpec, digest
from adapters.cms.shaping import mapping_defaults

VERSION = 1
DIGITS = 24


class WholeSource(ABC):
    """A `Source` by its `read` alone. `spec.incremental` is True: answers hold only what changed."""

    spec: ClassVar[SourceSpec]
    mapping_defaults: ClassVar[Mapping[str, object]] = mapping_defaults()

    @abstractmethod
    def read(self) -> tuple[Iterable[Entry], Iterable[Problem]]:
        """Everything that is published now, and what cannot be read.

        A blocking problem with a key keeps the last good version of that entry. One without holds up every removal,
        for it may be about any entry that is missing.

        Raises:
            CmsError: nothing can be said of the source; what was read before stays.
        """

    def changes(self, cursor: str | None) -> Changes:
        """Everything, or what differs from the cursor."""
        entries, problems = self._read()
        before = _load(cursor)
        marks = {key: digest(entry)[:DIGITS] for key, entry in entries.items()}
        broken = {problem.key for problem in problems if problem.blocking and problem.key is not None}
        nameless = any(problem.blocking and problem.key is None for problem in problems)
        changed = [entries[key] for key, mark in marks.items() if before is None or before.get(key) != mark]
        present = frozenset(marks.keys() | broken)
        return Changes(
            entries=tuple(changed),
            deleted=(),  # `present` says it
            cursor=_dump(marks),
            full=before is None,
            problems=tuple(problems),
            present=None if nameless else present,
        )

    def fetch(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """One entry, from all of them. Without a locale: the variant that has none, else the first by its tag."""
        entries, _problems = self._read()
        wanted: Key | None = Key(entry_id, locale)
        if locale is None:
            locales = sorted((key.locale for key in entries if key.id == entry_id), key=lambda one: one or "")
            wanted = target_key(entry_id, None, locales, [one for one in locales if one])
        if wanted is None or wanted not in entries or content_type not in (None, entries[wanted].type):
            raise NotFound(f"{entry_id} ({locale or 'any language'}): no such entry")
        return entries[wanted]

    def draft(self, entry_id: str, locale: str | None = None, *, content_type: str | None = None) -> Entry:
        """Nothing: what is not published is not read."""
        raise NotFound(f"{entry_id} ({locale or content_type or 'any'}): this source shows no drafts")

    def ping(self) -> None:
        """Reads everything once."""
        self._read()

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Holds nothing open between calls; a subclass that does frees it here."""

    def _read(self) -> tuple[dict[Key, Entry], list[Problem]]:
        read, told = self.read()
        problems = list(told)
        entries: dict[Key, Entry] = {}
        for entry in read:
            if entries.setdefault(entry.key, entry) is not entry:
                reason = "the same id and language twice; the first is taken"
                problems.append(Problem(f"{entry.type}/{entry.id}", reason, entry.key, blocking=False))
        return entries, problems


def _dump(marks: Mapping[Key, str]) -> str:
    rows = [[key.id, key.locale, mark] for key, mark in marks.items()]
    return json.dumps({"v": VERSION, "marks": rows}, separators=(",", ":"))


def _load(cursor: str | None) -> dict[Key, str] | None:
    if cursor is None:
        return None
    try:
        whole = json.loads(cursor)
        if whole["v"] != VERSION:
            return None
        return {Key(entry_id, locale): mark for entry_id, locale, mark in whole["marks"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        # A cursor only saves work: one that cannot be read costs a full answer and nothing else.
        return None
