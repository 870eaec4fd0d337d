"""A generated world in a database of its own, published, as a site's would be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from plugin.bench.generator import START, World
from plugin.ports import Changes, StoredEntry
from plugin.store import migrate, open_store
from rules.decision import RESERVED_FIELDS

SOURCE = "bench"


def store_world(world: World, database: Path) -> None:
    """Migrate a new SQLite database, publish the rules as version 1, and keep the content."""
    store = open_store(f"sqlite:///{database}")
    try:
        migrate.upgrade(store.engine)
        document: Mapping[str, Any] = world.document
        version = store.rulesets.save(document, author="bench", now=START)
        store.rulesets.publish(version.number, author="bench", now=START)
        changes = Changes(entries=tuple(map(_stored, world.content)), full=True)
        store.content.apply(SOURCE, changes, now=START)
    finally:
        store.close()


def _stored(entry: Mapping[str, Any]) -> StoredEntry:
    return StoredEntry(
        source=SOURCE,
        id=entry["id"],
        locale=None,
        type=entry["type"],
        tags=tuple(entry["tags"]),
        fields={name: value for name, value in entry.items() if name not in RESERVED_FIELDS},
        published_at=datetime.fromisoformat(entry["published_at"]),
        version=None,
        links=(),
    )
