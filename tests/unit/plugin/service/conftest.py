"""The services over an empty SQLite store, with a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from plugin.service.content.management import Contents
from plugin.service.rulesets.draft import Drafting
from plugin.service.rulesets.publish import Publishing
from plugin.store import Store

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def publishing(sqlite_store: Store) -> Publishing:
    return Publishing(
        sqlite_store.rulesets, sqlite_store.draft, sqlite_store.content, models={"hero-linear"}, clock=lambda: NOW
    )


@pytest.fixture
def drafting(sqlite_store: Store) -> Drafting:
    return Drafting(sqlite_store.draft, sqlite_store.rulesets, sqlite_store.content, clock=lambda: NOW)


@pytest.fixture
def contents(sqlite_store: Store) -> Contents:
    return Contents(sqlite_store.content, clock=lambda: NOW)
