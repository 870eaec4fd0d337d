"""What a cursor remembers of a source: each variant's digest and whom it embeds, and how far the source was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.cms import cursor_text
from adapters.cms.port import Key

VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One variant as it was last seen.

    Attributes:
        digest: of its item; "" where it could not be taken, so that it is tried again.
        met: ids that its links led to, directly or through others.
    """

    digest: str
    met: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cursor:
    """All variants, the latest `updated_at`, and when everything was last listed (seconds since the epoch)."""

    rows: Mapping[Key, Row]
    newest: datetime | None
    listed: float


def dump(cursor: Cursor, fingerprint: str) -> str:
    """Compact JSON; `fingerprint` is of the options that shape entries."""
    rows = [[key.id, key.locale, row.digest, *row.met] for key, row in sorted(cursor.rows.items(), key=_by_text)]
    newest = cursor.newest.isoformat() if cursor.newest else None
    return cursor_text.dump(VERSION, fingerprint, {"listed": cursor.listed, "newest": newest, "rows": rows})


def load(text: str | None, fingerprint: str) -> Cursor | None:
    """The cursor in a text; None for none, one of another version or other options, or a broken one."""
    return cursor_text.load(text, VERSION, fingerprint, _cursor)


def _cursor(whole: Mapping[str, Any]) -> Cursor:
    newest = datetime.fromisoformat(whole["newest"]).astimezone(UTC) if whole["newest"] else None
    return Cursor(dict(_row(*row) for row in whole["rows"]), newest, float(whole["listed"]))


def _row(entry_id: str, locale: str | None, digest: str, *met: str) -> tuple[Key, Row]:
    return Key(entry_id, locale), Row(digest, met)


def _by_text(item: tuple[Key, Row]) -> tuple[str, str]:
    return item[0].id, item[0].locale or ""
