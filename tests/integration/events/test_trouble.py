"""Too much, nothing to write to, and an event that cannot be applied: nothing is lost, and nothing is claimed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from adapters.streams.port import Record, partition_of
from plugin.profiles.events import Event, encode
from tests.integration.events.recount import differences, recount
from tests.integration.events.site import ROOT, TOPICS, Running, a_site, soon
from tests.integration.events.traffic import sent

pytestmark = pytest.mark.server


def some(count: int, name: str = "e", **rest: Any) -> list[dict[str, Any]]:
    at = int(time.time()) - 100
    return [{"id": f"{name}-{n}", "type": "view", "visitor_id": "ann", "at": at, **rest} for n in range(count)]


def tessera(site: Running, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "plugin.cli", *words]
    return subprocess.run(
        command,
        cwd=site.folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_an_event_that_cannot_be_applied_ends_among_the_dead_letters_and_those_around_it_are_applied(
    tmp_path: Path,
) -> None:
    with a_site(tmp_path, f"sqlite:///{tmp_path}/var/tessera.db") as site, site.running():
        soon(site.is_up, site)
        source = site.hasher.source("ann")
        around = some(40)
        site.deliver([sent(one) for one in around[:20]])
        partition = partition_of(source, site.stream.partitions)
        # As a disk would leave it: one that is no event, and one whose text no database takes.
        whole = _last_payload(site)
        site.stream.append([Record(partition, source, b"\x93broken"), Record(partition, source, whole)])
        site.deliver([sent(one) for one in around[20:]])
        soon(site.is_drained, site)
        now_s = int(time.time())
        assert differences(site.store, source, recount(around, TOPICS, now_s), now_s) == []
        soon(lambda: site.store.dead_letters.waiting() == 2, site)
        told = site.ask("/v1/dead-letters", None, method="GET", key="admin-key-0123456789")
        assert told[0] == 200, told
        reasons = {one["why"]: one["id"] for one in told[1]["items"]}
        assert len(reasons) == 2, reasons
        (unfit,) = (one["id"] for one in told[1]["items"] if "unreadable_bytes" not in one["event"])
        (broken,) = (one["id"] for one in told[1]["items"] if "unreadable_bytes" in one["event"])
        again = site.ask(f"/v1/dead-letters/{unfit}/replay", None, method="POST", key="admin-key-0123456789")
        assert again[0] == 200, again
        assert site.ask(f"/v1/dead-letters/{broken}/replay", None, method="POST", key="admin-key-0123456789")[0] == 409
        soon(lambda: site.store.dead_letters.waiting() == 2 and site.is_drained(), site)  # it is as bad as it was
        assert broken in tessera(site, "events", "dead", "list").stdout
        assert tessera(site, "events", "dead", "drop", broken, unfit).returncode == 0
        assert site.store.dead_letters.waiting() == 0
        assert "stream of events" in tessera(site, "doctor").stdout


def _last_payload(site: Running) -> bytes:
    source, uid = site.hasher.source("ann"), site.hasher.uid("ann")
    now = int(time.time() * 1000)
    event = Event("bad", "view", source, site.hasher.version, uid, now, now, b"d" * 16, "personalization", "a\0b")
    return encode(event)


def test_what_is_too_much_is_refused_with_a_time_to_come_again_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    settings = ("apply_events = false", "[stream]", 'adapter = "local"', "max_records = 1000")
    with a_site(tmp_path, f"sqlite:///{tmp_path}/var/tessera.db", *settings) as site, site.running():
        soon(site.is_up, site)
        for part in range(2):
            site.deliver([sent(one) for one in some(490, f"p{part}")])
        status, _answer, headers = site.post([sent(one) for one in some(50, "more")])
        assert (status, int(headers["Retry-After"]) >= 1) == (429, True)
        assert site.stream.backlog().count == 980
        with site.running(port=0):
            soon(site.is_drained, site)
        site.deliver([sent(one) for one in some(50, "more")])


def test_a_file_that_may_not_grow_is_answered_503_and_what_was_accepted_is_there(tmp_path: Path) -> None:
    settings = ("apply_events = false", "[stream]", 'adapter = "local"', "max_file_bytes = 1048576")
    with a_site(tmp_path, f"sqlite:///{tmp_path}/var/tessera.db", *settings) as site, site.running():
        soon(site.is_up, site)
        accepted, status = 0, 202
        while status == 202:
            status, _answer, headers = site.post([sent(one) for one in some(100, f"f{accepted}", properties=LONG)])
            accepted += 100 if status == 202 else 0
        assert (status, int(headers["Retry-After"]) >= 1) == (503, True)
        assert site.stream.backlog().count == accepted > 0


LONG = {"x": "y" * 1_000}


def test_while_the_database_is_away_events_are_accepted_and_applied_when_it_is_back(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    with a_site(tmp_path, new_database("template0")) as site, site.running():
        soon(site.is_up, site)
        first, meanwhile = some(5, "before"), some(60, "meanwhile")
        site.deliver([sent(one) for one in first])
        soon(site.is_drained, site)
        with locked_out(site):
            site.deliver([sent(one) for one in meanwhile])
            assert site.stream.backlog().count == 60
        soon(site.is_drained, site)
        now_s = int(time.time())
        source = site.hasher.source("ann")
        assert differences(site.store, source, recount([*first, *meanwhile], TOPICS, now_s), now_s) == []
        assert site.store.dead_letters.waiting() == 0


@contextmanager
def locked_out(site: Running) -> Iterator[None]:
    """Nobody may connect to the database, and who was is cut off."""
    url = site.store.engine.url
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false')
        connection.exec_driver_sql(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{url.database}'"
        )
        try:
            yield
        finally:
            connection.exec_driver_sql(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS true')
