"""What a cursor remembers of each listing (a type in a locale), as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.cms import cursor_text
from adapters.cms.port import Key

VERSION = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """One type in one locale, as it was last seen.

    Attributes:
        newest: the latest `updatedAt`; None where it was empty.
        keys: every entry of it.
        recent: `updatedAt` (as Strapi wrote it) of what was seen within the overlap, so that it is not
            sent again.
    """

    newest: datetime | None = None
    keys: frozenset[Key] = frozenset()
    recent: Mapping[Key, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Listings by "type locale", and stamps of the related types."""

    listings: Mapping[str, Listing]
    related: Mapping[str, str]


def dump(cursor: Cursor, fingerprint: str) -> str:
    """Compact JSON; `fingerprint` is of the options that shape entries."""
    listings = {}
    for name, listing in sorted(cursor.listings.items()):
        by_locale: dict[str, list[str]] = {}
        for key in sorted(listing.keys, key=str):
            by_locale.setdefault(key.locale or "", []).append(key.id)
        recent = [[key.id, key.locale, stamp] for key, stamp in sorted(listing.recent.items(), key=str)]
        newest = listing.newest.isoformat() if listing.newest else None
        listings[name] = {"newest": newest, "keys": by_locale, "recent": recent}
    return cursor_text.dump(VERSION, fingerprint, {"listings": listings, "related": dict(cursor.related)})


def load(text: str | None, fingerprint: str) -> Cursor | None:
    """The cursor in a text; None for none, one of another version or other options, or a broken one."""
    return cursor_text.load(text, VERSION, fingerprint, _cursor)


def _cursor(whole: Mapping[str, Any]) -> Cursor:
    listings = {name: _listing(raw) for name, raw in whole["listings"].items()}
    return Cursor(listings, {str(name): str(stamp) for name, stamp in whole["related"].items()})


def _listing(raw: Mapping[str, object]) -> Listing:
    newest, keys, recent = raw["newest"], raw["keys"], raw["recent"]
    if not isinstance(keys, dict) or not isinstance(recent, list):
        raise TypeError("keys and recent")
    return Listing(
        newest=datetime.fromisoformat(newest) if isinstance(newest, str) else None,
        keys=frozenset(Key(one, locale or None) for locale, ids in keys.items() for one in ids),
        recent={Key(one, locale): stamp for one, locale, stamp in recent},
    )
