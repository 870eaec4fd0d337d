"""Five hundred webhooks, shuffled and doubled, and a process that is killed at each named point."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.cms.signed import sign
from plugin.store import Store, migrate, open_store
from tests.integration.webhooks.cms import Cms
from tests.servers import free_port

ROOT = Path(__file__).parents[3]
SECRET = "a-secret-of-the-cms"
ENTRIES = [f"e{number}" for number in range(40)]
POINTS = ("after accept", "after fetch", "after commit", "before purge")
SPREAD_S = 5.0
PATIENCE_S = 90.0  # of a machine that has much else to do; it takes a few seconds


@dataclass
class Site:
    """Where the process under test lives."""

    port: int
    folder: Path
    store: Store

    def command(self, point: str, times: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.integration.webhooks.process", str(self.port), point, str(times)]
        environ = {**os.environ, "TESSERA_CONFIG": str(self.folder / "tessera.toml")}
        log = (self.folder / "log.txt").open("a")
        with log:
            return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)

    def post(self, *notices: Mapping[str, object]) -> int:
        """One webhook; the status, or 0 where nobody answered."""
        body = json.dumps({"notices": notices}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/webhooks/cms/imitation",
            body,
            {"Tessera-Signature": sign(body, SECRET, time.time())},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def deliver(self, notice: Mapping[str, object], late_s: float) -> None:
        """As a CMS does that tries again until it is told that all is well."""
        time.sleep(late_s)
        ends = time.monotonic() + PATIENCE_S
        while self.post(notice) != 202:
            assert time.monotonic() < ends, "nobody takes the webhook"
            time.sleep(0.2)

    def stored(self) -> dict[str, object]:
        return {entry.id: entry.fields["title"] for entry in self.store.content.snapshot().entries}

    def settled(self) -> bool:
        return not self.store.notices.backlogs() and self.store.purges.backlogs(["console"])["console"].waiting == 0


@contextmanager
def a_site(folder: Path, url: str, *, fenced: bool) -> Iterator[Site]:
    port = free_port()
    (folder / "tessera.toml").write_text(
        "\n".join(
            [
                f'bind = "127.0.0.1:{port}"',
                'data_dir = "var"',
                "sweep_s = 0",  # nothing but notices may bring content in
                "purge_settle_ms = 100",
                "purge_wait_ms = 1000",  # for a process that was killed, and cannot say so
                "purge_again_ms = 300",
                "[edges.console]",
                'adapter = "console"',
                "[sources.imitation]",
                'adapter = "imitation"',
                f'url = "{url}"',
                f"fenced = {str(fenced).lower()}",
                "allow_private = true",
                "[sources.imitation.webhook]",
                f'secret = "{SECRET}"',
            ]
        )
    )
    store = open_store(f"sqlite:///{folder}/var/tessera.db")
    try:
        migrate.upgrade(store.engine)
        yield Site(port, folder, store)
    finally:
        store.close()


def soon(holds: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def edit(cms: Cms, dice: random.Random) -> list[Mapping[str, object]]:
    """One or three steps of an editor; the webhooks that the CMS sends for them, a third of them twice."""
    name = dice.choice(ENTRIES)
    steps = dice.choice([[cms.publish], [cms.publish], [cms.unpublish], [cms.publish, cms.unpublish, cms.publish]])
    told = []
    for step in steps:
        told += [notice(name, step(name))] * (2 if dice.random() < 0.5 else 1)
    return told


def notice(name: str, version: int | None) -> Mapping[str, object]:
    """Of a publication with the version that is to come."""
    return {"id": name} if version is None else {"id": name, "version": version}


@pytest.mark.server
@pytest.mark.parametrize("fenced", [True, False], ids=["fenced", "unfenced"])
def test_a_storm_of_webhooks_converges_though_the_process_is_killed_at_every_point(
    tmp_path: Path, fenced: bool
) -> None:
    cms = Cms(lag_s=0.15)
    dice = random.Random(7)
    for name in ENTRIES[:20]:
        cms.publish(name)
    killed = []
    with cms.served() as url, a_site(tmp_path, url, fenced=fenced) as site:
        done = threading.Event()

        def keep_alive() -> None:
            """Start the process again whenever it is gone, to be killed at the next point."""
            plan = [(point, 1 if point == "before purge" else 12) for point in POINTS]
            while not done.is_set():
                point, times = plan[0] if plan else ("never", 1)
                process = site.command(point, times)
                with process:
                    while process.poll() is None and not done.is_set():
                        time.sleep(0.02)
                    if process.poll() is None:
                        process.send_signal(signal.SIGTERM)
                        assert process.wait(PATIENCE_S) == 0
                    else:
                        assert process.returncode == -signal.SIGKILL, (tmp_path / "log.txt").read_text()[-3000:]
                        killed.append(point)
                        plan.pop(0)

        keeper = ThreadPoolExecutor(1)
        keeping = keeper.submit(keep_alive)
        try:
            soon(lambda: site.post() == 202, PATIENCE_S)
            began = time.monotonic()
            sent = 0
            with ThreadPoolExecutor(32) as senders:
                while sent < 500:
                    for told in edit(cms, dice):
                        # Shuffled: each leaves a while after what it tells of, whatever came before.
                        senders.submit(site.deliver, told, dice.uniform(0, 0.4))
                        sent += 1
                    time.sleep(max(0.0, began + SPREAD_S * sent / 500 - time.monotonic()))
            soon(lambda: len(killed) == len(POINTS) or keeping.done(), PATIENCE_S * len(POINTS))
            soon(lambda: site.settled() or keeping.done(), PATIENCE_S)
            assert site.stored() == cms.published(), "after the storm itself"
            for number, name in enumerate(ENTRIES):  # once more in a calm: each webhook is faster than the API
                site.deliver(notice(name, (cms.publish if number % 2 else cms.unpublish)(name)), 0)
            soon(lambda: (site.stored() == cms.published() and site.settled()) or keeping.done(), PATIENCE_S)
        finally:
            done.set()
            keeping.result(PATIENCE_S)
            keeper.shutdown()
        assert killed == list(POINTS)
        assert site.stored() == cms.published()
        assert site.settled()
