"""What a cursor remembers of each listing (a type in a language), as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from adapters.cms import cursor_text
from adapters.cms.port import Key

VERSION = 2  # 1 was of entries that could hold the titles of unpublished parents


@dataclass(frozen=True, slots=True)
class Listing:
    """One type in one language, as it was last seen.

    Attributes:
        newest: the latest `modified_gmt`, at most the site's clock when the reading began: a date in the future hides
            nothing; None where the listing was empty.
        keys: every entry of it.
        hidden: what WordPress lists and is not for everybody, such as posts with a password; it counts them, too.
        recent: `modified_gmt` (as WordPress wrote it) of what was seen within the overlap: it is not sent again.
    """

    newest: datetime | None = None
    keys: frozenset[Key] = frozenset()
    hidden: frozenset[Key] = frozenset()
    recent: Mapping[Key, str] = field(default_factory=dict)


def dump(listings: Mapping[str, Listing], fingerprint: str) -> str:
    """Compact JSON; `fingerprint` is of the options that shape entries."""
    made = {
        name: {
            "newest": listing.newest.isoformat() if listing.newest else None,
            "keys": _by_locale(listing.keys),
            "hidden": _by_locale(listing.hidden),
            "recent": [[key.id, key.locale, stamp] for key, stamp in sorted(listing.recent.items(), key=str)],
        }
        for name, listing in sorted(listings.items())
    }
    return cursor_text.dump(VERSION, fingerprint, {"listings": made})


def load(text: str | None, fingerprint: str) -> dict[str, Listing] | None:
    """The listings in a text; None for none, one of another version or other options, or a broken one."""
    return cursor_text.load(text, VERSION, fingerprint, _listings)


def _listings(whole: Mapping[str, Any]) -> dict[str, Listing]:
    return {name: _listing(raw) for name, raw in whole["listings"].items()}


def _by_locale(keys: frozenset[Key]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for key in sorted(keys, key=str):
        made.setdefault(key.locale or "", []).append(key.id)
    return made


def _listing(raw: Mapping[str, object]) -> Listing:
    newest, recent = raw["newest"], raw["recent"]
    if not isinstance(recent, list):
        raise TypeError("recent")
    return Listing(
        newest=datetime.fromisoformat(newest) if isinstance(newest, str) else None,
        keys=_keys(raw["keys"]),
        hidden=_keys(raw["hidden"]),
        recent={Key(one, locale): stamp for one, locale, stamp in recent},
    )


def _keys(raw: object) -> frozenset[Key]:
    if not isinstance(raw, dict):
        raise TypeError("keys")
    return frozenset(Key(one, locale or None) for locale, ids in raw.items() for one in ids)
