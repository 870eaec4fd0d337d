"""The command line with real processes: the server that it runs, and the benchmark over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from plugin.bench import http as bench_http
from plugin.bench.http import BESIDE, REDIS, HttpEffort
from plugin.bench.starting import start
from tests.servers import free_port
from tests.waiting import allowed

ROOT = Path(__file__).resolve().parents[2]
RULES = "slots: [{id: hero, select: {content.type: hero}}]\nrules: [{id: r, slot: hero, then: [{pin: {id: %s}}]}]\n"

pytestmark = pytest.mark.server


class Site:
    """A folder with a site, and `tessera` run in it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TESSERA_")}
        self.environ = {**kept, "PYTHONPATH": str(ROOT)}

    def command(self, *arguments: str, flags: Sequence[str] = ()) -> list[str]:
        return [sys.executable, *flags, "-m", "plugin.cli", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def publish(self, first: str) -> None:
        (self.folder / "rules.yaml").write_text(RULES % first)
        done = self.run("rules", "publish", "rules.yaml")
        assert done.returncode == 0, done.stderr

    def ask(self) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            body = json.dumps({"slots": [{"id": "hero"}]})
            connection.request("POST", "/v1/personalize", body, {"X-Tessera-Key": "pub"})
            answer = connection.getresponse()
            found: dict[str, Any] = json.loads(answer.read())
        finally:
            connection.close()
        assert answer.status == 200, found
        return found

    def first(self) -> tuple[int, str]:
        """The version that decided, and what it shows first with its title."""
        found = self.ask()
        block = found["slots"]["hero"]["blocks"][0]
        return found["ruleset"], f"{block['id']}: {block['fields']['title']}"


def make_site(folder: Path, workers: int) -> Site:
    """Two entries in a folder, a database, and rules that show the first."""
    port = free_port()
    (folder / "content" / "hero").mkdir(parents=True)
    for name in ("day", "night"):
        (folder / "content" / "hero" / f"{name}.yaml").write_text(f"title: By {name}\n")
    (folder / "tessera.toml").write_text(
        f'bind = "127.0.0.1:{port}"\nworkers = {workers}\ncontent_poll_ms = 200\n'
        'delivery_keys = [{key = "pub"}]\n[sources.site]\nadapter = "files"\npath = "content"\n'
    )
    found = Site(folder, port)
    for arguments in (("db", "upgrade"), ("cms", "sync")):
        done = found.run(*arguments)
        assert done.returncode == 0, done.stderr
    found.publish("day")
    return found


@contextmanager
def serving(site: Site, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """`tessera serve` until the block ends, once it answers.

    Args:
        flags: of the interpreter; `-P` has it look for modules as the installed command does.
    """
    command = site.command("serve", flags=flags)
    with (site.folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=site.folder, env=site.environ, stdout=log, stderr=log)
        try:
            eventually(lambda: site.first()[0] == 1, within_s=60)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that two workers serve; the tests change it one after the other, each from what it finds."""
    found = make_site(tmp_path_factory.mktemp("site"), workers=2)
    with serving(found):
        yield found


def eventually(holds: Callable[[], bool], *, within_s: float) -> None:
    deadline = time.monotonic() + allowed(within_s)
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


def test_a_published_version_reaches_every_worker_without_a_restart(site: Site) -> None:
    """Every answer on the way is of one version or the other, whole."""
    before, shown = site.first()
    name = "night" if shown.startswith("day") else "day"
    site.publish(name)
    seen: set[tuple[int, str]] = set()

    def everywhere() -> bool:
        found = [site.first() for _ in range(12)]
        seen.update((number, text.partition(":")[0]) for number, text in found)
        return all(number == before + 1 for number, _text in found)

    eventually(everywhere, within_s=5)
    assert seen <= {(before, shown.partition(":")[0]), (before + 1, name)}


def test_a_changed_file_is_served_without_a_command(site: Site) -> None:
    for name in ("day", "night"):
        (site.folder / "content" / "hero" / f"{name}.yaml").write_text("title: Changed while serving\n")
    eventually(lambda: site.first()[1].endswith(": Changed while serving"), within_s=15)


def test_a_second_server_on_the_same_port_is_refused(site: Site) -> None:
    """The port is shared between workers, so the kernel alone would let it come up beside the first."""
    done = site.run("serve")
    assert done.returncode == 1
    assert f"cannot listen at 127.0.0.1:{site.port}" in done.stderr


def test_decide_prints_what_the_server_answers(site: Site) -> None:
    """The same JSON, but for what only a server can give: there it is null."""
    served = site.ask()
    done = site.run("decide", "--rules", "rules.yaml", "--content", "content", "--slot", "hero")
    assert done.returncode == 0, done.stderr
    offline = json.loads(done.stdout)
    for name in ("ruleset", "decision_id"):
        assert served.pop(name) is not None
        assert offline.pop(name) is None
    for slot, given in served["slots"].items():
        assert given.pop("decision_token").count(".") == 2
        assert offline["slots"][slot].pop("decision_token") is None
    assert offline == served


def test_the_end_is_orderly_though_a_connection_is_kept_open(tmp_path: Path) -> None:
    """SIGTERM ends the server with code 0."""
    site = make_site(tmp_path, workers=1)
    with serving(site) as server:
        kept = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        try:
            kept.request("GET", "/healthz")
            assert kept.getresponse().read()
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=60) == 0
        finally:
            kept.close()


def test_what_lies_in_the_folder_is_not_taken_for_a_package(tmp_path: Path) -> None:
    """Not even a folder of rules, which has the name of a package of ours: people keep them beside their settings."""
    site = make_site(tmp_path, workers=1)
    (site.folder / "rules").mkdir()
    (site.folder / "rules.yaml").rename(site.folder / "rules" / "site.yaml")
    (site.folder / "flask.py").write_text("raise SystemExit('imported from the folder')\n")
    with serving(site, "-P"):
        assert site.first()[1] == "day: By day"


def test_a_server_without_tables_says_what_to_do(tmp_path: Path) -> None:
    done = Site(tmp_path, 0).run("serve")
    assert done.returncode == 1
    assert "run 'tessera db upgrade'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_benchmark_measures_every_way_of_asking_in_the_same_run() -> None:
    found = bench_http.measure(HttpEffort(rounds=2, requests=20, visitors=20), slots=2, size=60)
    assert {*BESIDE, *BESIDE.values()} - {REDIS} <= set(found.served)
    assert (REDIS in found.served) is (shutil.which("redis-server") is not None)
    assert all(found.ratio(name) > 0 for name in BESIDE if name in found.served)
    for one in found.served.values():
        assert len(one.cpu_us) == 2
        assert all(cpu > 10 for cpu in one.cpu_us)
        assert len(one.latencies_us) == 40
    assert found.body_bytes > 500


def test_the_benchmark_starts_a_process_from_the_database() -> None:
    found = start(size=60, entries=60, runs=1)
    assert found.entries == 60
    assert 0.1 < found.cpu_s < 30
    assert 20 < found.bare_mb < found.peak_mb + 50
