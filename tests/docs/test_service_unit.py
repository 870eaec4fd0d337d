"""docs/examples/tessera.service: what it has systemd run does run, is replaced on a reload, and ends in time."""

from __future__ import annotations

import configparser
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.docs.pages import DOCS
from tests.servers import free_port
from tests.waiting import until

pytestmark = pytest.mark.server

UNIT = DOCS / "examples" / "tessera.service"
INSTALLED = "/opt/tessera/bin/"
RELOAD = {"-HUP": signal.SIGHUP}


@pytest.fixture
def unit() -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text("utf-8"))
    return parser["Service"]


def command(line: str) -> list[str]:
    """As systemd splits it, with the installation that runs this test."""
    program, *arguments = shlex.split(line)
    assert program.startswith(INSTALLED)
    return [str(Path(sys.executable).with_name(program.removeprefix(INSTALLED))), *arguments]


def answers(url: str) -> Callable[[], bool]:
    def asked() -> bool:
        try:
            return requests.get(f"{url}/healthz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    return asked


def children(pid: int) -> set[int]:
    found = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(one) for each in found for one in each.read_text().split()}


def test_what_the_unit_says_serves_reloads_and_ends(unit: configparser.SectionProxy, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    (tmp_path / "tessera.toml").write_text(f'bind = "127.0.0.1:{port}"\n', "utf-8")
    name, _, _folder = unit["Environment"].partition("=")
    environ = {**os.environ, name: str(tmp_path / "state")}
    subprocess.run(command(unit["ExecStartPre"]), cwd=tmp_path, env=environ, check=True, timeout=120)
    assert (tmp_path / "state").is_dir(), f"{name} is where the state goes"
    with (tmp_path / "log").open("wb") as log:
        served = subprocess.Popen(command(unit["ExecStart"]), cwd=tmp_path, env=environ, stdout=log, stderr=log)
    try:
        until(answers(url))
        before = children(served.pid)
        _kill, sent, target = shlex.split(unit["ExecReload"])
        assert target == "$MAINPID"
        served.send_signal(RELOAD[sent])
        until(lambda: children(served.pid) - before and before - children(served.pid))
        until(answers(url))
        start = time.monotonic()
        served.terminate()
        assert served.wait(timeout=float(unit["TimeoutStopSec"])) == 0, "Restart=on-failure would start it again"
        assert time.monotonic() - start < float(unit["TimeoutStopSec"])
    finally:
        if served.poll() is None:
            served.kill()
            served.wait()
