"""The web layer over an empty SQLite store."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from plugin.store import Store
from tests.unit.plugin.web.small_app import Small, small_app


@pytest.fixture
def small(sqlite_store: Store) -> Small:
    return small_app(sqlite_store)


@pytest.fixture
def client(small: Small) -> FlaskClient:
    """A client with every right."""
    return small.client()
