"""Fixtures that every kind of test may use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from plugin.store import Store, migrate, open_store
from tests import servers

TESTS = Path(__file__).parent
PURE = ("unit", "property", "golden", "architecture")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pure tests have no network: whatever opens a socket there fails."""
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in PURE:
            item.add_marker(pytest.mark.disable_socket)


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Postgres]:
    with servers.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Redis]:
    with servers.redis() as server:
        yield server


@pytest.fixture(scope="session")
def new_database(postgres: servers.Postgres) -> Callable[[str], str]:
    """Make a PostgreSQL database as a copy of a template (``template0`` is empty); gives its URL."""
    numbers = count(1)

    def make(template: str = "template0") -> str:
        name = f"test_{next(numbers)}"
        admin = create_engine(
            postgres.url().replace("postgresql:", "postgresql+psycopg:"),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
        )
        with admin.connect() as connection:
            connection.exec_driver_sql(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return postgres.url(name)

    return make


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest revision, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    store = open_store(f"sqlite:///{file}")
    migrate.upgrade(store.engine)
    store.close()
    return file


@pytest.fixture(scope="session")
def migrated_postgres(new_database: Callable[[str], str]) -> str:
    """The name of a PostgreSQL database at the newest revision, to be copied."""
    store = open_store(new_database("template0"))
    migrate.upgrade(store.engine)
    store.close()
    return str(store.engine.url.database)


@pytest.fixture
def sqlite_store(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty store in SQLite."""
    file = shutil.copy(migrated_sqlite, tmp_path / "tessera.db")
    store = open_store(f"sqlite:///{file}")
    yield store
    store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store in each database that is supported."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    new_database = request.getfixturevalue("new_database")
    made = open_store(new_database(request.getfixturevalue("migrated_postgres")))
    yield made
    made.close()
