"""Fixtures that every kind of test may use."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import hypothesis
import pytest
from hypothesis import HealthCheck
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
from xdist.remote import Producer

from plugin.store import Store, migrate, open_store
from tests import keeper, servers
from tests.sharing_out import Balance, Groups, in_order

TESTS = Path(__file__).parent
PURE = ("unit", "property", "golden", "architecture")
# Time is measured where it is the point: how long values take to be drawn tells how busy the machine is.
hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.settings.load_profile("tests")
KEEPER = pytest.StashKey[subprocess.Popen[bytes]]()
FROZEN = pytest.StashKey[int]()
MOST_FROZEN = 120_000


def pytest_configure(config: pytest.Config) -> None:
    """Whatever this run starts ends with it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(Balance())
        if Path("/proc/self/environ").exists():
            config.stash[KEEPER] = keeper.watch()


def pytest_unconfigure(config: pytest.Config) -> None:
    """What is left is ended now."""
    if KEEPER in config.stash:
        keeper.release(config.stash[KEEPER])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups | None:
    """Who runs what, with `--dist loadgroup`."""
    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False
    return Groups(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pure tests have no network: whatever opens a socket there fails."""
    in_order(items, TESTS)
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in PURE:
            item.add_marker(pytest.mark.disable_socket)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was collected stays until the end: the collector need not walk it again and again."""
    gc.collect()
    gc.freeze()
    session.config.stash[FROZEN] = gc.get_freeze_count()
    gc.freeze = _Noted(gc.freeze)  # to count what is frozen is to walk over all of it: a tenth of what tests take


class _Noted:
    """A call that notes that it was made."""

    was_made = False

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def __call__(self) -> None:
        self.was_made = True
        self._call()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Each application takes what it has published out of the collector's sight; here, many of them come and go."""
    stash, froze = item.config.stash, gc.freeze
    if not isinstance(froze, _Noted) or not froze.was_made:
        return
    froze.was_made = False
    if gc.get_freeze_count() > stash[FROZEN] + MOST_FROZEN:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        froze.was_made = False
        stash[FROZEN] = gc.get_freeze_count()


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
