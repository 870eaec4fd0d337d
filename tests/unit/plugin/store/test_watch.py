"""What is kept of a statement for as long as nobody commits anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, MetaData, Table, func, select

from plugin.errors import ServiceUnavailable
from plugin.store.engine import glancing, make_engine, writing
from plugin.store.types import Instant, Plain
from plugin.store.watch import Kept, Watch

_AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
_dates = Table("dates", MetaData(), Column("at", Instant), Column("name", Plain))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path / 'watched.db'}")
    with writing(made) as tx:
        tx.exec_driver_sql("CREATE TABLE numbers (number INTEGER)")
    yield made
    made.dispose()


def test_a_statement_runs_again_only_once_something_was_committed(engine: Engine) -> None:
    watch, runs = Watch(engine), list[int]()

    def count() -> int:
        with glancing(engine) as tx:
            runs.append(tx.exec_driver_sql("SELECT count(*) FROM numbers").scalar_one())
        return runs[-1]

    kept = Kept(watch, count)
    assert [kept(), kept(), kept()] == [0, 0, 0]
    assert runs == [0]
    with writing(engine) as tx:
        tx.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        assert kept() == 0  # not committed yet
    assert [kept(), kept()] == [1, 1]
    assert runs == [0, 1]
    watch.close()


def test_commits_of_other_processes_count(engine: Engine) -> None:
    watch, other = Watch(engine), make_engine(engine.url)
    before = watch.mark()
    assert before == watch.mark()
    with writing(other) as tx:
        tx.exec_driver_sql("INSERT INTO numbers VALUES (1)")
    assert watch.mark() != before
    other.dispose()
    watch.close()


def test_what_is_committed_while_reading_is_seen_the_next_time(engine: Engine) -> None:
    """The mark is older than what was read, never newer."""
    watch, seen = Watch(engine), list[int]()

    def count() -> int:
        with glancing(engine) as tx:
            seen.append(tx.exec_driver_sql("SELECT count(*) FROM numbers").scalar_one())
        if len(seen) == 1:
            with writing(engine) as tx:
                tx.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        return seen[-1]

    kept = Kept(watch, count)
    assert [kept(), kept()] == [0, 1]
    watch.close()


def test_a_failure_is_not_kept_and_a_closed_watch_connects_anew(engine: Engine) -> None:
    watch, answers = Watch(engine), iter([OSError("gone"), 7])

    def read() -> int:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    kept = Kept(watch, read)
    with pytest.raises(OSError, match="gone"):
        kept()
    assert kept() == 7
    before = watch.mark()
    watch.close()
    assert watch.mark() not in (None, before)
    watch.close()


def test_a_look_gives_values_as_a_statement_does(engine: Engine) -> None:
    with writing(engine) as tx:
        _dates.create(tx)
        tx.execute(_dates.insert(), [{"at": _AT, "name": "first"}, {"at": None, "name": "it's"}])
    watch = Watch(engine)
    wanted = select(func.min(_dates.c.at), _dates.c.name, _dates.c.at).where(_dates.c.name != "it's")
    look = watch.look(wanted)
    with glancing(engine) as tx:
        assert look() == [tuple(row) for row in tx.execute(wanted)] == [(_AT, "first", _AT)]
    with writing(engine) as tx:
        tx.execute(_dates.update().values(name="second"))
    assert look() == [(_AT, "second", _AT)], "it is read outside of any transaction"
    watch.close()
    assert look() == [(_AT, "second", _AT)], "it connects anew"
    watch.close()


def test_what_a_look_cannot_say_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    engine = make_engine(f"sqlite:///{tmp_path / 'folder.db'}")
    look = Watch(engine).look(select(_dates.c.name))
    with pytest.raises(ServiceUnavailable):
        look()
    engine.dispose()


def test_postgresql_cannot_tell_so_that_everybody_looks() -> None:
    engine = make_engine("postgresql://nobody@127.0.0.1:1/none")
    watch, runs = Watch(engine), iter(range(1, 9))
    kept = Kept(watch, lambda: next(runs))
    assert watch.mark() is None
    assert [kept(), kept()] == [1, 2]
    engine.dispose()
