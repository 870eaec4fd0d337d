"""The migrations, on real databases of both kinds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, Inspector, inspect, text

from plugin.ports import SYNC, Changes, EntryProblem, Mark, Outcome, StoredEntry
from plugin.store import migrate, open_store, revision
from plugin.store.engine import make_engine, reading, writing
from plugin.store.tables import metadata

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def new_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Makes engines, each on an empty database of its own."""
    made: list[Engine] = []

    def make() -> Engine:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path}/new/{len(made)}.db"
        else:
            url = request.getfixturevalue("new_database")("template0")
        made.append(make_engine(url))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def shape(engine: Engine) -> dict[str, object]:
    """What the database says of itself: columns, keys, checks and indexes, by name."""
    seen: Inspector = inspect(engine)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(name)],
            seen.get_pk_constraint(name),
            sorted(seen.get_foreign_keys(name), key=lambda key: str(key["name"])),
            sorted(seen.get_check_constraints(name), key=lambda check: str(check["name"])),
            sorted(seen.get_indexes(name), key=lambda index: str(index["name"])),
        )
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


def test_an_empty_database_is_at_no_revision_and_check_says_what_to_do(
    new_engine: Callable[[], Engine],
) -> None:
    engine = new_engine()
    assert revision.current(engine) is None
    assert "tessera db upgrade" in migrate.check(engine)[0]
    assert tables(engine) == set()


def test_the_revision_that_the_code_expects_is_the_newest() -> None:
    assert migrate.head() == revision.NEWEST, "a new migration: set NEWEST in plugin/store/revision.py to it"


def test_up_and_down_and_up_again_leaves_no_drift(new_engine: Callable[[], Engine]) -> None:
    engine = new_engine()
    migrate.upgrade(engine)
    assert (revision.current(engine), migrate.check(engine)) == (migrate.head(), [])
    assert tables(engine) == set(metadata.tables) | {"alembic_version"}
    migrate.downgrade(engine, "base")
    assert (revision.current(engine), tables(engine)) == (None, {"alembic_version"})
    migrate.upgrade(engine)
    assert migrate.check(engine) == []


def test_the_migrations_make_just_what_the_tables_declare(new_engine: Callable[[], Engine]) -> None:
    """Closer than Alembic's comparison, which passes over checks, primary keys and collations."""
    migrated, declared = new_engine(), new_engine()
    migrate.upgrade(migrated)
    with writing(declared) as connection:
        metadata.create_all(connection)
    assert shape(migrated) == shape(declared)


def test_check_names_a_drift(new_engine: Callable[[], Engine]) -> None:
    engine = new_engine()
    migrate.upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("DROP INDEX ix_content_entries_id"))
        connection.execute(text("ALTER TABLE draft ADD COLUMN colour TEXT"))
    found = migrate.check(engine)
    assert len(found) == 2
    assert any("add index ix_content_entries_id" in sentence for sentence in found)
    assert any("remove column draft colour" in sentence for sentence in found)


def test_processes_that_start_together_migrate_once(new_engine: Callable[[], Engine]) -> None:
    engine = new_engine()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate.upgrade(engine)
        except BaseException as error:  # noqa: BLE001  # handed to the test, which has no other way to see it
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert failures == []
    assert migrate.check(engine) == []


def test_a_revision_that_fails_leaves_nothing_behind(new_engine: Callable[[], Engine]) -> None:
    """A table stands in the way of the last one that the first revision makes."""
    engine = new_engine()
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE content_problems (x INTEGER)"))
    with pytest.raises(Exception, match="content_problems"):
        migrate.upgrade(engine)
    assert tables(engine) <= {"content_problems", "alembic_version"}
    assert revision.current(engine) is None


def test_the_rows_that_there_is_one_of_are_made(new_engine: Callable[[], Engine]) -> None:
    engine = new_engine()
    migrate.upgrade(engine)
    with reading(engine) as connection:
        for table in ("ruleset_head", "content_head", "draft"):
            assert connection.execute(text(f"SELECT id FROM {table}")).scalars().all() == [1]


def test_users_are_reserved_from_the_start(new_engine: Callable[[], Engine]) -> None:
    engine = new_engine()
    migrate.upgrade(engine, "0005")
    row = "INSERT INTO visitors VALUES ('{0}', 1, '', {1}, '{0}', 1, 1, 1, 1, '', '', '')"
    with writing(engine) as tx:
        tx.execute(text(row.format("ann", "true")))
        tx.execute(text(row.format("phone", "false")))
    migrate.upgrade(engine)
    with reading(engine) as tx:
        found = tx.execute(text("SELECT source, reserved FROM visitors ORDER BY source")).all()
    assert [(name, bool(reserved)) for name, reserved in found] == [("ann", True), ("phone", False)]


def test_purges_in_line_outlive_the_way_up_and_down(new_engine: Callable[[], Engine]) -> None:
    """Up, each cache goes on where all of them were; down, all of them where the last one is."""
    engine = new_engine()
    migrate.upgrade(engine)
    store = open_store(engine.url.render_as_string(hide_password=False))
    for name in "abc":
        entry = StoredEntry("cms", name, None, "hero", (), {}, None, None, ())
        store.content.apply("cms", Changes(entries=(entry,)), now=NOON)
    a, b, c = [one.number for one in store.purges.due(now=NOON)]
    later = NOON + timedelta(seconds=15)
    store.purges.hand_over([a, b], ["one", "two"], due_at=NOON)
    for number, cache in ((a, "one"), (a, "two"), (b, "one")):
        store.purges.sent(cache, [number], passes=0, again_at=later)
    migrate.downgrade(engine, "0009")
    with reading(engine) as tx:
        found = tx.execute(text("SELECT number, passes FROM content_purges WHERE due_at IS NOT NULL ORDER BY 1")).all()
    assert [tuple(row) for row in found] == [(a, 1), (b, 0), (c, 0)]
    migrate.upgrade(engine)
    assert [one.number for one in store.purges.due(now=NOON)] == [b, c]
    store.purges.hand_over([one.number for one in store.purges.due(now=later)], ["one"], due_at=later)
    assert [(one.number, one.passes) for one in store.purges.due_to("one", now=later)] == [(a, 1), (b, 0), (c, 0)]
    store.close()


def test_content_outlives_the_way_down_and_up_again(new_engine: Callable[[], Engine]) -> None:
    """Down loses what waits; up forgets the cursor, so that what entries depend on is read anew."""
    engine = new_engine()
    migrate.upgrade(engine)
    store = open_store(engine.url.render_as_string(hide_password=False))
    entry = StoredEntry("cms", "a", "fr", "hero", ("t",), {"x": "é"}, NOON, "7", (), depends_on=("b",))
    changes = Changes(entries=(entry,), cursor="c1", problems=(EntryProblem("why", "z"),))
    store.content.apply("cms", changes, now=NOON)
    store.content.apply("cms", Changes(entries=(replace(entry, id="gone"),)), now=NOON)
    store.content.apply("cms", Changes(deleted=(("gone", None),)), now=NOON)
    store.notices.mark("cms", [Mark("a"), Mark(*SYNC)], now=NOON)
    migrate.downgrade(engine, "0001")
    with reading(engine) as tx:
        assert tx.execute(text("SELECT id, locale, version FROM content_entries")).all() == [("a", "fr", "7")]
        assert tx.execute(text("SELECT cursor, revision FROM content_sources")).all() == [("c1", 3)]
        assert tx.execute(text("SELECT reason FROM content_problems")).all() == [("why",)]
    migrate.upgrade(engine)
    assert migrate.check(engine) == []
    assert store.content.snapshot().entries == (replace(entry, depends_on=()),)
    assert (store.content.state("cms").cursor, store.notices.backlogs()) == (None, ())
    assert store.content.apply("cms", Changes(entries=(entry,)), now=NOON).unchanged == 1
    store.notices.mark("cms", [Mark("b")], now=NOON)
    job = store.notices.claim("cms", whole=False, lease="l", now=NOON, until=NOON)
    assert job is not None
    store.notices.finish(job, Outcome(spread=True), now=NOON)
    assert store.notices.backlogs()[0].waiting == 1
    store.close()
