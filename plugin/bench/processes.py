"""Server processes to measure: started, awaited, and their CPU time read from the kernel."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep

BODY_BYTES = "BENCH_BODY_BYTES"
READY_WITHIN_S = 60.0


class NotServingError(RuntimeError):
    """A server did not come up; the message ends with what it logged last."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its main process and where it listens on 127.0.0.1."""

    pid: int
    port: int

    def cpu_us(self) -> float:
        """User and system time in µs of the process and everything it started, threads that run now included."""
        return sum(_cpu_ns(pid) for pid in _tree(self.pid)) / 1000


@contextmanager
def serving(target: str, environ: Mapping[str, str], log: Path) -> Iterator[Server]:
    """A granian with one worker and one thread, the way `tessera serve` runs it, until the block ends.

    Args:
        target: `module:factory`.
        environ: beside the variables of this process.
    Raises:
        NotServingError: it does not answer within a minute.
    """
    port = _free_port()
    code = (
        "import sys; from plugin.cli.serve import run;"
        " run(sys.argv[1], '127.0.0.1', int(sys.argv[2]), log_level='warning')"
    )
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", code, target, str(port)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environ},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(process, port, log)
        yield Server(process.pid, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = monotonic() + READY_WITHIN_S
    while monotonic() < deadline and process.poll() is None:
        asking = HTTPConnection("127.0.0.1", port, timeout=READY_WITHIN_S)
        with suppress(OSError, HTTPException), closing(asking):
            asking.request("GET", "/healthz")
            asking.getresponse().read()
            return
        sleep(0.1)
    raise NotServingError(f"the server on port {port} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tree(pid: int) -> list[int]:
    """The process and what descends from it."""
    found = [pid]
    for one in found:
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                found.extend(map(int, children.read_text().split()))
    return found


def _cpu_ns(pid: int) -> int:
    """Of one process, over its threads: the scheduler's nanoseconds, else the ticks of `stat`."""
    total = 0
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    except OSError:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks = os.sysconf("SC_CLK_TCK")
        return (int(fields[11]) + int(fields[12])) * 1_000_000_000 // ticks
    return total
