"""What a store does when its database is busy, gone, or not what it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import exc, func, select

from plugin.errors import ServiceUnavailable, SettingsError
from plugin.ports import Changes
from plugin.store import Store, engine, open_store
from plugin.store.engine import reading, writing
from tests import servers

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SOON = timedelta(milliseconds=300)


@contextmanager
def impatient(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The same database through a store that waits only briefly."""
    monkeypatch.setattr(engine, "LOCK_TIMEOUT", SOON)
    monkeypatch.setattr(engine, "STATEMENT_TIMEOUT", 2 * SOON)
    other = open_store(store.engine.url.render_as_string(hide_password=False))
    yield other
    other.close()


def test_a_store_answers_a_ping_and_can_be_used_again_after_it_was_closed(store: Store) -> None:
    store.ping()
    store.close()
    assert store.rulesets.epoch() == 0


def test_a_writer_that_is_kept_waiting_gives_up_and_says_when_to_come_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.content.apply("cms", Changes(), now=NOON)
    with impatient(store, monkeypatch) as other, writing(store.engine) as holder:
        holder.exec_driver_sql("UPDATE content_sources SET failures = 1")
        with pytest.raises(ServiceUnavailable) as caught:
            other.content.apply("cms", Changes(), now=NOON)
        assert caught.value.headers() == {"Retry-After": "1"}
        assert other.content.epoch() == 0, "reading is never in the way"
    assert store.content.state("cms").revision == 1


@pytest.mark.server
def test_a_statement_that_takes_too_long_is_cancelled(
    postgres: servers.Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with impatient(open_store(postgres.url()), monkeypatch) as store:
        with pytest.raises(ServiceUnavailable), reading(store.engine) as connection:
            connection.execute(select(func.pg_sleep(20)))
        store.ping()


@pytest.mark.server
def test_a_pool_that_is_used_up_is_said(postgres: servers.Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CONNECT_TIMEOUT", timedelta(seconds=1))
    store = open_store(postgres.url())
    with ExitStack() as held:
        for _ in range(15):  # the pool's five, and SQLAlchemy's ten on top
            held.enter_context(store.engine.connect())
        with pytest.raises(ServiceUnavailable, match="in use"):
            store.ping()
    store.ping()
    store.close()


def test_a_server_that_is_down_is_said_without_its_address_or_password() -> None:
    store = open_store(f"postgresql://ann:hunter2@127.0.0.1:{servers.free_port()}/tessera")
    with pytest.raises(ServiceUnavailable) as caught:
        store.ping()
    assert str(caught.value) == "The database is busy or out of reach."
    assert "hunter2" not in repr(store)
    store.close()


@pytest.mark.server
def test_connections_that_the_server_ended_are_replaced(new_database: Callable[[str], str]) -> None:
    url = new_database("template0")
    store, other = open_store(url), open_store(url)
    store.ping()
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    with pytest.raises(ServiceUnavailable), writing(other.engine) as connection:
        connection.exec_driver_sql(end_all)
    store.ping()
    other.ping()
    store.close()
    other.close()


def test_a_database_without_tables_is_a_fault_and_no_passing_trouble(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/deep/er/empty.db")
    with pytest.raises(exc.OperationalError, match="no such table"):
        store.rulesets.epoch()
    store.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = open_store(f"sqlite:///{tmp_path}/file/x.db")
    with pytest.raises(SettingsError, match="folder"):
        store.ping()


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://root:hunter2@db/x", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://db/x"]
)
def test_a_database_that_is_not_supported_is_refused_without_showing_its_url(url: str) -> None:
    with pytest.raises(SettingsError, match="database_url") as caught:
        open_store(url)
    assert "hunter2" not in str(caught.value)


def test_sqlite_holds_its_references_and_does_not_lock_out_readers(sqlite_store: Store) -> None:
    with reading(sqlite_store.engine) as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5_000}
