"""A real Redis that syncs every append, and that a test may kill and start again on the same files."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.servers import free_port, program

START_S = 90


class DurableRedis:
    """Starts when made; `stop` at the end."""

    def __init__(self, folder: Path, *, fsync: str = "always") -> None:
        self._folder = folder
        self._fsync = fsync
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        command = [program("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        if self._fsync == "none":
            command += ["--appendonly", "no"]
        else:
            command += ["--appendonly", "yes", "--appendfsync", self._fsync]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*command, "--save", ""], stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def kill(self) -> None:
        """At once: nothing is written that was not."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGINT)

    def freeze(self) -> None:
        """It takes connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _end(self, sign: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(90)
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
