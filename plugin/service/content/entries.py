"""Stored entries as the rules see them, and the JSON of each that never changes between requests."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from plugin.ports import StoredEntry
from rules.decision import RESERVED_FIELDS

_encoder = msgspec.json.Encoder()


def as_content(entry: StoredEntry) -> dict[str, object]:
    """`{id, type, tags, locale, published_at, expires_at, **fields}`; a field never takes the place of one of these."""
    found: dict[str, object] = {name: value for name, value in entry.fields.items() if name not in RESERVED_FIELDS}
    found["id"] = entry.id
    found["type"] = entry.type
    found["tags"] = tuple(entry.tags)
    found["locale"] = entry.locale
    found["published_at"] = entry.published_at
    if entry.expires_at is not None:
        found["expires_at"] = entry.expires_at
    return found


def block_text(entry: Mapping[str, object]) -> bytes:
    """The part of a block's JSON that is the entry's own: an object without its closing brace."""
    own = {
        "id": entry.get("id"),
        "type": entry.get("type"),
        "fields": {name: value for name, value in entry.items() if name not in RESERVED_FIELDS},
        "tags": list(tags) if isinstance(tags := entry.get("tags"), list | tuple) else [],
    }
    # A copy of exactly the size needed: what an encoder returns may hold a larger buffer.
    return bytes(memoryview(_encoder.encode(own))[:-1])
