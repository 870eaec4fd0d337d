"""What a process says of itself, how often, and who is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from plugin.errors import ServiceUnavailable
from plugin.flow.types import Site
from plugin.ports.serving import Serving
from plugin.service.delivery.serving import Fleet, Fleets, Reporting
from plugin.service.delivery.sites import Sites
from plugin.store import Store
from tests.unit.plugin.service.site_support import NOW, a_site, entry, publish, put


class Rows:
    """A store that counts what is written."""

    def __init__(self) -> None:
        self.written: list[Serving] = []
        self.left: list[str] = []
        self.fails = False

    def report(self, serving: Serving) -> None:
        if self.fails:
            raise ServiceUnavailable("The database does not answer.")
        self.written.append(serving)

    def leave(self, process: str) -> None:
        self.left.append(process)

    def live(self, since: object) -> tuple[Serving, ...]:
        raise AssertionError(since)

    def forget(self, before: object) -> None:
        raise AssertionError(before)


class Bench:
    def __init__(self, site: Site) -> None:
        self.rows = Rows()
        self.site = site
        self.seconds = 0.0
        self.reporting = Reporting(
            self.rows,
            process="p",
            clock=lambda: NOW + timedelta(seconds=self.seconds),
            monotonic=lambda: self.seconds,
        )

    def tell(self, at: float, revision: str) -> int:
        """How much was written by then."""
        self.seconds = at
        self.reporting.tell(replace(self.site, revision=revision))
        return len(self.rows.written)


@pytest.fixture
def site(sqlite_store: Store) -> Site:
    publish(sqlite_store, a_site())
    sites = Sites(sqlite_store.rulesets, sqlite_store.content, poll_s=60)
    return sites.current()


def test_a_process_writes_once_for_a_change_and_once_for_a_heartbeat(site: Site) -> None:
    bench = Bench(site)
    bench.reporting.tell(None)
    counts = [bench.tell(at, "1.1") for at in (0, 0.25, 9.9)] + [bench.tell(9.95, "1.2")]
    counts += [bench.tell(at, "1.2") for at in (10, 19.9, 19.95, 20)]
    assert counts == [1, 1, 1, 2, 2, 2, 3, 3]
    last = bench.rows.written[-1]
    assert (last.process, last.version, last.rules, last.content) == ("p", site.version, 1, 2)
    assert (last.since, last.seen_at) == (NOW + timedelta(seconds=9.95), NOW + timedelta(seconds=19.95))


def test_a_database_that_is_down_is_asked_again_after_a_second_and_complained_of_once(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(site)
    bench.rows.fails = True
    for tenth in range(30):
        bench.tell(tenth / 10, "1.1")
    assert len(caplog.records) == 1
    bench.rows.fails = False
    assert [bench.tell(at, "1.1") for at in (2.99, 3.0, 3.25)] == [0, 1, 1]


def test_a_process_that_ends_says_so_if_it_ever_said_anything(site: Site) -> None:
    bench = Bench(site)
    bench.reporting.leave()
    assert bench.rows.left == []
    bench.tell(0, "1.1")
    bench.reporting.leave()
    assert bench.rows.left == ["p"]


def test_rules_and_content_are_waited_for_alike() -> None:
    ahead, behind = (Serving(name, 1, rules, content, NOW, NOW) for name, rules, content in (("a", 2, 9), ("b", 1, 8)))
    fleet = Fleet((ahead, behind))
    assert fleet.behind() == ()
    assert fleet.behind(rules=2) == (behind,)
    assert fleet.behind(content=9) == (behind,)
    assert fleet.behind(rules=1, content=8) == ()
    assert fleet.behind(content=10) == (ahead, behind)


def test_processes_that_look_seldom_live_longer(sqlite_store: Store) -> None:
    sqlite_store.serving.report(Serving("p", 1, 1, 1, NOW, NOW - timedelta(minutes=2)))
    assert Fleets(sqlite_store.serving, clock=lambda: NOW).look().processes == ()
    assert Fleets(sqlite_store.serving, clock=lambda: NOW, poll=timedelta(minutes=1)).look().processes


@contextmanager
def running(sites: Sites) -> Iterator[None]:
    sites.start()
    try:
        yield
    finally:
        sites.stop()


def test_what_is_put_in_place_is_told_by_the_thread_that_put_it_there(sqlite_store: Store) -> None:
    publish(sqlite_store, a_site())
    sites = Sites(sqlite_store.rulesets, sqlite_store.content, poll_s=0.01)
    told: list[str] = []
    news = Event()

    def look(site: Site | None) -> None:
        assert site is not None
        if site.revision not in told:
            told.append(site.revision)
            news.set()

    sites.on_look.append(look)
    with running(sites):
        assert news.wait(90)
        news.clear()
        put(sqlite_store, entry("a"))
        assert news.wait(90)
    assert told == ["1.0", "1.1"]
