"""What a cursor remembers of each collection, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from adapters.cms import cursor_text
from adapters.cms.port import Key

VERSION = 1
DIGEST_CHARS = 16  # 64 bits: that a change keeps them by chance does not happen

Variants = Mapping[str, str]
"""The first characters of each variant's digest by its locale, "" for none; an empty digest: it could not be read."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One collection, as it was last seen.

    Attributes:
        newest: the latest `updatedAt`; None where it was empty.
        read: when that was, by the site's clock; None where the site does not say.
        documents: by the entries' id; one that gives no entry is there with no variants.
        drafts: whether the collection has drafts, so that what is published must be asked for.
    """

    newest: datetime | None = None
    read: datetime | None = None
    documents: Mapping[str, Variants] = field(default_factory=dict)
    drafts: bool = True

    def floor(self, overlap: timedelta) -> datetime | None:
        """Before which moment nothing can have become visible since; None: at any.

        Args:
            overlap: how long after its `updatedAt` a document may become visible, when its transaction ends.
        """
        if self.newest is None or self.read is None:
            return self.newest and self.newest - overlap
        return min(self.newest, self.read - overlap)

    def held(self) -> frozenset[Key]:
        """Every variant that was there."""
        return frozenset(Key(one, locale or None) for one, variants in self.documents.items() for locale in variants)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Listings by collection, and stamps of the related collections."""

    listings: Mapping[str, Listing]
    related: Mapping[str, str]


def dump(cursor: Cursor, fingerprint: str) -> str:
    """Compact JSON; `fingerprint` is of the options that shape entries."""
    listings = {
        name: {
            "newest": listing.newest.isoformat() if listing.newest else None,
            "read": listing.read.isoformat() if listing.read else None,
            "documents": {one: dict(variants) for one, variants in listing.documents.items()},
            "drafts": listing.drafts,
        }
        for name, listing in cursor.listings.items()
    }
    return cursor_text.dump(VERSION, fingerprint, {"listings": listings, "related": dict(cursor.related)})


def load(text: str | None, fingerprint: str) -> Cursor | None:
    """The cursor in a text; None for none, one of another version or other options, or a broken one."""
    return cursor_text.load(text, VERSION, fingerprint, _cursor)


def _cursor(whole: Mapping[str, Any]) -> Cursor:
    listings = {name: _listing(raw) for name, raw in whole["listings"].items()}
    return Cursor(listings, {str(name): str(stamp) for name, stamp in whole["related"].items()})


def _listing(raw: Mapping[str, object]) -> Listing:
    newest, read, documents, drafts = raw["newest"], raw["read"], raw["documents"], raw["drafts"]
    if not isinstance(documents, dict) or not isinstance(drafts, bool):
        raise TypeError("documents and drafts")
    return Listing(
        datetime.fromisoformat(newest) if isinstance(newest, str) else None,
        datetime.fromisoformat(read) if isinstance(read, str) else None,
        {one: {locale: str(digest) for locale, digest in variants.items()} for one, variants in documents.items()},
        drafts,
    )
