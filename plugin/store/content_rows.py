"""Entries as rows: what can be stored, what is stored, and the digest that tells whether it changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from plugin.ports import JSON, EntryProblem, StoredEntry
from plugin.store.canonical import NotJson, canonical, digest
from plugin.store.types import storable

LONGEST_NAME = 255  # characters; PostgreSQL's index entries end at 2,704 bytes
LONGEST_TARGET = 500  # bytes of what an entry depends on, which may be an address: it is part of a key
LONGEST_REASON = 1_000
LONGEST_FIELDS = 4_000  # characters of the names of what changed
_READ_ALWAYS = ("type", "tags", "published_at", "expires_at")

_decode = msgspec.json.Decoder().decode

Key = tuple[str, str]  # (id, locale), "" for none, as in the table


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it is bound to the statement; ``digest`` covers what a decision can see, and no more."""

    key: Key
    digest: str
    values: Mapping[str, object]


def to_row(entry: StoredEntry) -> Row:
    """Raises: ValueError with the reason why no database can hold the entry."""
    for what, name in (("source", entry.source), ("id", entry.id), ("type", entry.type)):
        if not name:
            raise ValueError(f"its {what} is empty")
    names = (entry.source, entry.id, entry.locale or "", entry.type, entry.version or "", entry.origin or "")
    if not all(map(storable, names)):
        raise ValueError("a name in it has a NUL or a lone surrogate")
    if max(map(len, names[:4])) > LONGEST_NAME:
        raise ValueError(f"a name in it is longer than {LONGEST_NAME} characters")
    if entry.locale == "":
        raise ValueError("its locale is empty; an entry without one has none")
    published_at = _instant(entry.published_at, "published_at")
    expires_at = _instant(entry.expires_at, "expires_at")
    if not all(map(storable, entry.depends_on)):
        raise ValueError("the name of something that it depends on has a NUL or a lone surrogate")
    try:
        seen: dict[str, JSON] = {"tags": list(entry.tags), "fields": entry.fields, "links": list(entry.links)}
        texts = {name: canonical(value) for name, value in seen.items()}
    except NotJson as error:
        raise ValueError(f"its fields are not JSON that can be kept: {error}") from error
    when = [None if published_at is None else published_at.isoformat()]
    when += [] if expires_at is None else [expires_at.isoformat()]
    return Row(
        key=(entry.id, entry.locale or ""),
        digest=digest("\n".join([canonical([entry.type, *when]), *texts.values()])),
        values={
            "source": entry.source,
            "id": entry.id,
            "locale": entry.locale or "",
            "type": entry.type,
            "published_at": published_at,
            "version": entry.version,
            "origin": entry.origin,
            "expires_at": expires_at,
            "depends_on": canonical(sorted(set(entry.depends_on))),
            **texts,
        },
    )


def fields_changed(before: Mapping[str, object], after: Mapping[str, object]) -> str | None:
    """The names of the fields in which two rows of an entry differ, as a JSON list; None where more differs that a
    decision can see, or so many that it does not matter which.

    A value is another where its text is: 1, 1.0 and true are equal, and are not shown alike.
    """
    if any(before[name] != after[name] for name in _READ_ALWAYS):
        return None
    one, other = (
        {name: canonical(value) for name, value in _decode(str(row["fields"])).items()} for row in (before, after)
    )
    names = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    text = canonical(names)
    return text if names and len(text) <= LONGEST_FIELDS else None


def target_of(name: str) -> str:
    """What an entry depends on, as it stands in the index of links."""
    octets = name.encode()
    return name if len(octets) <= LONGEST_TARGET else f"sha256:{hashlib.sha256(octets).hexdigest()}"


def to_entry(
    source: str,
    id_: str,
    locale: str,
    type_: str,
    tags: str,
    fields: str,
    published_at: datetime | None,
    version: str | None,
    links: str,
    origin: str | None,
    expires_at: datetime | None,
    depends_on: str,
) -> StoredEntry:
    """The entry of a row, whose columns come in the order of the entry's own: by name each takes longer to read."""
    return StoredEntry(
        source,
        id_,
        locale or None,
        type_,
        _texts(tags),
        _decode(fields),
        published_at,
        version,
        _texts(links),
        origin,
        expires_at,
        _texts(depends_on),
    )


def _texts(listed: str) -> tuple[str, ...]:
    """A list as it is kept; most are empty, and there are many."""
    return () if listed == "[]" else tuple(_decode(listed))


def to_problem(entry: StoredEntry, reason: str) -> EntryProblem:
    return clean(EntryProblem(f"it cannot be stored: {reason}", entry.id, entry.locale, entry.origin))


def clean(problem: EntryProblem) -> EntryProblem:
    """A problem often quotes what was wrong: make it storable itself."""

    def text(value: str | None, longest: int) -> str | None:
        if value is None:
            return None
        return (value if storable(value) else ascii(value))[:longest]

    return EntryProblem(
        reason=text(problem.reason, LONGEST_REASON) or "",
        id=text(problem.id, LONGEST_NAME),
        locale=text(problem.locale, LONGEST_NAME) or None,
        file=text(problem.file, LONGEST_REASON),
        line=problem.line,
    )


def _instant(value: datetime | None, name: str) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"its {name} has no time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"its {name} is beyond the calendar") from error
