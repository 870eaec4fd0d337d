"""Ends what a run of the tests leaves behind, even where the run itself was killed.

Whatever is started while tests run inherits a mark in its environment: other workers, servers, browsers, and what they
start. A process of its own waits for the end of the run, which a pipe tells it however that came about, gives the rest
a few seconds to end by itself, and kills what still has the mark.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

MARK = "TESTS_OF_RUN"
GRACE_S = 10.0
TRIES = 20


def watch(grace_s: float = GRACE_S) -> subprocess.Popen[bytes]:
    """Marks this process for all that it starts, and has its end watched; for the process that began the run."""
    mark = uuid.uuid4().hex
    # A session of its own: Ctrl-C in a terminal ends the tests, and then the keeper has its work to do.
    keeper = subprocess.Popen(
        [sys.executable, "-S", str(Path(__file__)), mark, str(grace_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # who reads what the run says need not wait for the keeper, too
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.environ[MARK] = mark  # after the start: the keeper itself is not marked
    return keeper


def release(keeper: subprocess.Popen[bytes]) -> None:
    """The run is over; returns at once, and so does the keeper where nothing is left."""
    del os.environ[MARK]
    assert keeper.stdin is not None
    keeper.stdin.close()
    keeper.wait(GRACE_S + 2 * TRIES)


def marked(mark: str) -> list[int]:
    """The processes that were started in a run."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            held = environ.read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile, or is somebody else's
            continue
        if wanted in held:
            found.append(int(environ.parent.name))
    return found


def end(mark: str, grace_s: float) -> None:
    """Waits for them, then kills them, and what they had time to start."""
    given_up = time.monotonic() + grace_s
    while marked(mark) and time.monotonic() < given_up:
        time.sleep(0.1)
    for _try in range(TRIES):
        left = marked(mark)
        if not left:
            return
        for process in left:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)


if __name__ == "__main__":
    sys.stdin.buffer.read()  # until nobody holds the other end
    end(sys.argv[1], float(sys.argv[2]))
