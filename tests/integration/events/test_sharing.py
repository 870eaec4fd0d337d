"""Several processes that share the partitions of the stream: all of them work, and none beside another."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from plugin.service.events.partitions import TTL_MS, Partitions
from tests.integration.events.site import PATIENCE_S, Running, a_site, soon
from tests.integration.events.test_killed import check
from tests.integration.events.traffic import batches, sent
from tests.waiting import allowed

pytestmark = pytest.mark.server


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    with a_site(tmp_path, f"sqlite:///{tmp_path}/var/tessera.db", "apply_events = false") as made, made.running():
        soon(made.is_up, made)
        yield made


def shares(site: Running) -> dict[str, int]:
    """How many partitions each living process holds."""
    found: dict[str, int] = defaultdict(int)
    names = {Partitions.name(one) for one in range(site.stream.partitions)}
    for lease in site.store.leases.held():
        if lease.partition in names and lease.expires > time.time() * 1000:
            found[lease.owner] += 1
    return dict(found)


def send(site: Running, into: dict[str, list[dict[str, Any]]], count: int, seed: int) -> None:
    for number, batch in enumerate(batches(count, 20, 50, int(time.time()), random.Random(seed))):
        for one in batch:
            one["id"] = f"s{seed}-{number}-{one['id']}"
            into[one["visitor_id"]].append(one)
        site.deliver([sent(one) for one in batch])


def test_processes_share_the_partitions_and_those_of_one_that_was_killed_go_on_with_the_others(site: Running) -> None:
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with ExitStack() as stack:
        workers = [stack.enter_context(site.running(port=0)) for _ in range(3)]
        soon(lambda: sorted(shares(site).values()) == [4, 6, 6], site)
        send(site, said, 300, 1)
        soon(site.is_drained, site)
        workers[0].kill()
        workers[0].wait(PATIENCE_S)
        send(site, said, 300, 2)
        began = time.monotonic()
        soon(site.is_drained, site)
        assert time.monotonic() - began < allowed(30)
        soon(lambda: sorted(shares(site).values()) == [8, 8], site)
        check(site, said)


def stop(pid: int, site: Running) -> None:
    """Stops a process between two of its transactions: one within holds the lock of SQLite's file for all others."""
    database = site.folder / "var" / "tessera.db"
    with closing(sqlite3.connect(database, timeout=1, isolation_level=None)) as beside:
        while True:
            os.kill(pid, signal.SIGSTOP)
            try:
                beside.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.01)
            else:
                beside.execute("ROLLBACK")
                return


def test_one_that_stood_still_for_longer_than_its_lease_writes_nothing_when_it_wakes(site: Running) -> None:
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with ExitStack() as stack:
        first = stack.enter_context(site.running(port=0))
        soon(lambda: list(shares(site).values()) == [16], site)
        (stalled,) = shares(site)
        stop(first.pid, site)
        stack.callback(os.kill, first.pid, signal.SIGCONT)
        send(site, said, 200, 3)
        stack.enter_context(site.running(port=0))
        soon(
            lambda: shares(site).get(stalled, 0) == 0 and sum(shares(site).values()) == 16,
            site,
            PATIENCE_S + TTL_MS / 1000,
        )
        soon(site.is_drained, site)
        os.kill(first.pid, signal.SIGCONT)
        send(site, said, 200, 4)
        soon(lambda: sorted(shares(site).values()) == [8, 8], site)
        soon(site.is_drained, site)
        check(site, said)
