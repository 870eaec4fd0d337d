"""One process that holds the pattern engine: started, asked, and ended by its own number."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import rules
from rules.patterns.durable_wire import HEAD, Done, Request, framed, length_of, read_done

_ROOM = 65_536
Command = tuple[str, ...]


class EngineEndedError(Exception):
    """The process crashed, hung, or said what is none of its words; it is gone now."""


def command(deadline_s: float, megabytes: int) -> Command:
    """What starts the engine's process, which ends itself a little after the deadline if nobody else does."""
    return (sys.executable, "-m", "rules.patterns.durable_child", str(deadline_s * 2 + 1), str(megabytes))


class EngineProcess:
    """A child over two pipes, used by one thread. Any failure kills it, and every later call fails."""

    def __init__(self, arguments: Command, clock: Callable[[], float]) -> None:
        """Start. Raises OSError where no process can be started.

        Args:
            clock: monotonic seconds, for deadlines.
        """
        # Our `rules`, whatever is installed; no settings or secrets of this process.
        home = {"PYTHONPATH": str(Path(rules.__file__).resolve().parents[1]), "PYTHONDONTWRITEBYTECODE": "1"}
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            arguments,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=home,
            start_new_session=True,  # an interrupt at the terminal is for us to handle
        )
        if self._child.stdin is None or self._child.stdout is None:
            raise OSError("the process has no pipes")
        self._pipes = (self._child.stdin, self._child.stdout)
        self._into, self._out = (pipe.fileno() for pipe in self._pipes)
        os.set_blocking(self._into, False)
        os.set_blocking(self._out, False)
        self._clock = clock
        self._read = bytearray()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._child.pid

    def send(self, request: Request, timeout_s: float) -> None:
        """Hand over a request. Raises EngineEndedError."""
        left = memoryview(framed(request))
        until = self._clock() + timeout_s
        while left:
            self._wait(self._into, selectors.EVENT_WRITE, until)
            try:
                left = left[os.write(self._into, left[:_ROOM]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._ended("it takes no more requests") from error

    def receive(self, timeout_s: float) -> Done:
        """The next answer; the time counts from now. Raises EngineEndedError."""
        until = self._clock() + timeout_s
        body = self._take(HEAD, until)
        try:
            return read_done(self._take(length_of(body), until))
        except ValueError as error:
            raise self._ended("its answer cannot be read") from error

    def _take(self, size: int, until: float) -> bytes:
        while len(self._read) < size:
            self._wait(self._out, selectors.EVENT_READ, until)
            try:
                more = os.read(self._out, _ROOM)
            except BlockingIOError:
                continue
            if not more:
                raise self._ended("it closed its answers")
            self._read += more
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken

    def _wait(self, pipe: int, event: int, until: float) -> None:
        left = until - self._clock()
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, event)
            if left <= 0 or not selector.select(left):
                raise self._ended("it did not answer in time")

    def _ended(self, why: str) -> EngineEndedError:
        self.kill()
        return EngineEndedError(f"the pattern engine's process ended: {why} (exit {self._child.returncode})")

    def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        self._child.kill()
        self._child.wait()
        for pipe in self._pipes:
            pipe.close()

    def close(self, timeout_s: float) -> None:
        """Let it end by itself, for there is nothing more to come; kill it where it does not."""
        self._pipes[0].close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
        self.kill()
