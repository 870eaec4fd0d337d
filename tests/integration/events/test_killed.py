"""Tens of thousands of events, and processes that are killed at each named point and at random.

Whatever was accepted is applied exactly once in its effect: every profile is recounted from the events alone. The full
run, `make test-events`, has 100,000 events and ten kills at random; in the suite it is a tenth of it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.integration.events.recount import differences, recount
from tests.integration.events.site import PATIENCE_S, TOPICS, Running, a_site, drained, soon
from tests.integration.events.traffic import batches, sent

FULL = "TESSERA_TEST_EVENTS" in os.environ
EVENTS = 100_000 if FULL else 6_000
VISITORS = EVENTS // 60
AT_RANDOM = 10 if FULL else 1
POINTS = ("after append", "after read", "before commit", "after commit", "after copy", "amid acknowledgement")
SENDERS = 4
LASTS_S = 60.0 if FULL else 8.0


def storm(site: Running, dice: random.Random, between: Callable[[int], None]) -> dict[str, list[dict[str, Any]]]:
    """Sends everything, and keeps the processes alive meanwhile; the events by visitor."""
    now_s = int(time.time())
    by_visitor: dict[str, list[dict[str, Any]]] = defaultdict(list)
    plan = [(point, 3) for point in POINTS] + [("at random", 0)] * AT_RANDOM
    dice.shuffle(plan)
    killed: list[str] = []
    done = threading.Event()

    def keep_alive() -> None:
        left = list(plan)
        while not done.is_set():
            point, times = left[0] if left else ("never", 1)
            with site.running("never" if point == "at random" else point, max(times, 1)) as process:
                if point == "at random":
                    soon(lambda: site.is_up() or done.is_set(), site)
                    done.wait(dice.uniform(0.0, 2.0))
                    process.kill()
                while process.poll() is None and not done.is_set():
                    time.sleep(0.02)
                if process.poll() is not None:
                    assert process.returncode == -signal.SIGKILL, site.log()
                    killed.append(point)
                    left.pop(0)

    with ThreadPoolExecutor(1) as keeper, ThreadPoolExecutor(SENDERS) as senders:
        keeping = keeper.submit(keep_alive)
        try:
            began, sending = time.monotonic(), []
            for number, batch in enumerate(batches(EVENTS, VISITORS, 50, now_s, dice)):
                for one in batch:
                    by_visitor[one["visitor_id"]].append(one)
                sending.append(senders.submit(site.deliver, [sent(one) for one in batch], done.is_set))
                if dice.random() < 0.05:  # a sender who did not hear the answer sends again
                    sending.append(senders.submit(site.deliver, [sent(one) for one in batch], done.is_set))
                between(number * 50)
                assert not keeping.done(), keeping.exception()
                time.sleep(max(0.0, began + LASTS_S * number * 50 / EVENTS - time.monotonic()))
            for delivery in sending:
                delivery.result(PATIENCE_S * 2)
            # Each has to start, and to wait until the lease of the one before is over.
            ends = time.monotonic() + PATIENCE_S * (len(plan) - len(killed))
            while len(killed) < len(plan):  # those that need events to come by get some
                assert time.monotonic() < ends, (killed, site.log())
                assert not keeping.done(), keeping.exception()
                extra = {"id": f"x-{time.monotonic_ns()}", "type": "view", "visitor_id": "v-0", "at": now_s - 50}
                by_visitor["v-0"].append(extra)
                site.deliver([sent(extra)])
                time.sleep(0.02)
            drained(site, keeping.done)
        finally:
            done.set()
            senders.shutdown(cancel_futures=True)  # where it failed, nobody takes the rest
            keeping.result(PATIENCE_S)
    assert sorted(killed) == sorted(point for point, _times in plan)
    return by_visitor


def check(site: Running, by_visitor: dict[str, list[dict[str, Any]]]) -> None:
    """Compares every profile, and the log, with what was sent."""
    now_s = int(time.time())
    wrong = {}
    for visitor, events in by_visitor.items():
        source = site.hasher.source(visitor)
        if found := differences(site.store, source, recount(events, TOPICS, now_s), now_s):
            wrong[visitor] = found
        held = {one.segment for one in site.store.visitors.memberships([source])}
        carts = sum(one["type"] == "add_to_cart" for one in events)
        if (carts >= 3) is not ("carts" in held):
            wrong.setdefault(visitor, []).append(f"in {held}, with {carts} carts")
    assert not wrong, f"{len(wrong)} of {len(by_visitor)}: {list(wrong.items())[:3]}"
    with site.store.engine.connect() as connection:
        logged = [row[0] for row in connection.exec_driver_sql("SELECT id FROM events")]
    assert sorted(logged) == sorted(one["id"] for events in by_visitor.values() for one in events)
    assert site.store.dead_letters.waiting() == 0


@pytest.mark.server
def test_with_sqlite_and_the_stream_in_a_file(tmp_path: Path) -> None:
    with a_site(tmp_path, f"sqlite:///{tmp_path}/var/tessera.db") as site:
        check(site, storm(site, random.Random(11), lambda _sent: None))


@pytest.mark.server
def test_with_postgresql_and_redis_which_is_restarted_twice(tmp_path: Path, new_database: Callable[[str], str]) -> None:
    with durable_redis(tmp_path / "redis") as redis:
        settings = (f'redis_url = "{redis.url}"', "[stream]", 'adapter = "redis"', f'url = "{redis.url}"')
        restarts = [EVENTS // 3, EVENTS * 2 // 3]

        def between(sent_: int) -> None:
            if restarts and sent_ >= restarts[0]:
                restarts.pop(0)
                redis.restart()

        with a_site(tmp_path, new_database("template0"), *settings) as site:
            check(site, storm(site, random.Random(12), between))
            assert not restarts


class DurableRedis:
    """Redis as accepted events need it, that can be killed and comes back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = servers.free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        command = [servers.program("redis-server"), "--bind", "127.0.0.1", "--port", str(self._port)]
        command += ["--dir", str(self._folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        ends = time.monotonic() + 30
        while not servers._answers(self._port, b"PING\r\n", b"+PONG"):
            assert time.monotonic() < ends
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(90)

    def restart(self) -> None:
        self.stop()
        self.start()


@contextmanager
def durable_redis(folder: Path) -> Iterator[DurableRedis]:
    folder.mkdir()
    with ExitStack() as closing:
        redis = DurableRedis(folder)
        closing.callback(redis.stop)
        redis.start()
        yield redis
