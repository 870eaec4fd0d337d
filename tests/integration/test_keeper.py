"""Whatever the tests start ends with them, even where they are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import keeper
from tests.waiting import until

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
RUN = """
import subprocess, sys, time
from tests import keeper
kept = keeper.watch(0.2)
for session in (False, True):
    one = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=session)
    print(one.pid, flush=True)
print("started", flush=True)
sys.stdin.readline()
keeper.release(kept)
"""


@pytest.mark.parametrize("is_killed", [True, False])
def test_what_a_run_started_ends_with_it(is_killed: bool) -> None:
    """One in the run's own session, and one that made itself another."""
    environ = {name: value for name, value in os.environ.items() if name != keeper.MARK}
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(
        command, cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdin is not None
        started = [int(line) for line in iter(run.stdout.readline, "started\n")]
        assert len(started) == 2
        assert all(_runs(one) for one in started)
        if is_killed:
            run.send_signal(signal.SIGKILL)
        else:
            run.stdin.write("\n")
            run.stdin.flush()
        until(lambda: not any(_runs(one) for one in started))


def test_only_those_of_the_run_are_found() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert other.pid not in keeper.marked("another run")
        assert other.stdin is not None
        other.stdin.close()
        other.kill()


def _runs(process: int) -> bool:
    """Whether it is there, and not only its remains, which nobody waited for."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
