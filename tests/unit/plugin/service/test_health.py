"""Readiness: what is down is an answer, never an error."""

from __future__ import annotations

from datetime import timedelta

import pytest

from plugin.errors import ServiceUnavailable
from plugin.ports import Changes, EntryProblem
from plugin.service.health import Health, Readiness
from plugin.settings import Plugged
from plugin.store import Store
from tests.unit.plugin.service.conftest import NOW


def look(store: Store, *, serving: int | None = 1, fails: bool = False) -> Health:
    def ping() -> None:
        if fails:
            raise ServiceUnavailable("The database does not answer.")

    return Readiness(
        ping=ping,
        rulesets=store.rulesets,
        content=store.content,
        notices=store.notices,
        purges=store.purges,
        sources=[Plugged("files", "files", {}), Plugged("cms", "strapi", {})],
        webhooks={"cms"},
        serving=lambda: serving,
        clock=lambda: NOW,
    ).look()


def test_a_process_that_serves_a_version_is_ready(sqlite_store: Store) -> None:
    assert look(sqlite_store).ready
    assert not look(sqlite_store, serving=None).ready


def test_a_database_that_is_down_is_told_and_not_raised(sqlite_store: Store) -> None:
    health = look(sqlite_store, fails=True)
    assert (health.ready, health.database, health.serving) == (True, "The database does not answer.", 1)


def test_each_configured_source_says_how_its_sync_stands(sqlite_store: Store) -> None:
    sqlite_store.content.apply(
        "files", Changes(problems=(EntryProblem("broken", id="a"),)), now=NOW - timedelta(minutes=2)
    )
    sqlite_store.content.failed("files", "no such folder", now=NOW)
    sqlite_store.content.apply("api", Changes(), now=NOW - timedelta(days=9))
    cms, files = look(sqlite_store).sources
    assert (cms.name, cms.ok, cms.age) == ("cms", False, None)
    assert (files.ok, files.age, files.failures, files.problems) == (False, timedelta(minutes=2), 1, 1)
    assert files.error == "no such folder"
    assert look(sqlite_store).content_age == timedelta(minutes=2)


def test_a_source_that_recovered_shows_no_old_error(sqlite_store: Store) -> None:
    sqlite_store.content.failed("files", "no such folder", now=NOW)
    sqlite_store.content.apply("files", Changes(), now=NOW)
    _, files = look(sqlite_store).sources
    assert (files.ok, files.error) == (True, None)


@pytest.mark.parametrize("number", [1, 2])
def test_the_published_version_is_named_beside_the_one_served(sqlite_store: Store, number: int) -> None:
    for _ in range(2):
        sqlite_store.rulesets.save({"version": 1}, author="ada", now=NOW)
    sqlite_store.rulesets.publish(number, author="ada", now=NOW)
    health = look(sqlite_store, serving=1)
    assert (health.published, health.serving) == (number, 1)
