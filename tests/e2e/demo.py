"""The demo as a newcomer runs it: `tessera demo` in a process of its own, in an empty folder, on a free port."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from plugin.resources import folder
from tests.servers import free_port

START_S = 180
STOP_S = 60


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo; `content` is the folder that it follows."""

    url: str
    folder: Path
    content: Path
    process: subprocess.Popen[str]

    @property
    def output(self) -> str:
        return (self.folder / "out.txt").read_text()

    @property
    def errors(self) -> str:
        return (self.folder / "err.txt").read_text()

    @property
    def management_key(self) -> str:
        found = re.search(r"Management key +(\S+)", self.output)
        assert found is not None
        return found[1]


def start(place: Path, *, workers: int = 2, port: int | None = None, varnish: str | None = None) -> Demo:
    """Start it, with a copy of the shipped content; returns at once."""
    content = place / "content"
    if not content.exists():
        shutil.copytree(folder("site") / "content", content)
    url = f"127.0.0.1:{port or free_port()}"
    # Where the tests run in the background, a shell has told them to ignore Ctrl-C, and children inherit that.
    command = ["env", "--default-signal=INT", str(Path(sys.executable).with_name("tessera"))]
    command += ["demo", "--data", "data", "--content", str(content), *(["--varnish", varnish] if varnish else [])]
    with (place / "out.txt").open("w") as out, (place / "err.txt").open("w") as err:
        process = subprocess.Popen(
            [*command, "--bind", url, "--workers", str(workers)],
            cwd=place,
            env={name: value for name, value in os.environ.items() if not name.startswith("TESSERA_")},
            stdout=out,
            stderr=err,
            text=True,
            start_new_session=True,  # so that it is a group of its own to interrupt
        )
    return Demo(f"http://{url}", place, content, process)


def wait_until_welcome(demo: Demo) -> None:
    """Until it says where to look, which it does once it answers."""
    until = time.monotonic() + START_S
    while "Ctrl-C ends it." not in demo.output:
        assert demo.process.poll() is None, demo.errors
        assert time.monotonic() < until, f"not ready after {START_S} s: {demo.errors}"
        time.sleep(0.05)


def interrupt(demo: Demo) -> float:
    """Ctrl-C, which a terminal sends to all of its processes; gives the seconds until it ended."""
    began = time.monotonic()
    os.killpg(demo.process.pid, signal.SIGINT)
    demo.process.wait(STOP_S)
    return time.monotonic() - began


@contextmanager
def running(place: Path, *, workers: int = 2, varnish: str | None = None) -> Iterator[Demo]:
    """A demo that answers; it is ended, whatever happens."""
    demo = start(place, workers=workers, varnish=varnish)
    try:
        wait_until_welcome(demo)
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.terminate()
            try:
                demo.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                demo.process.kill()
                demo.process.wait()


def get(demo: Demo, path: str, **more: object) -> requests.Response:
    """One request on a connection of its own, so that any worker may answer it."""
    return requests.get(f"{demo.url}{path}", timeout=60, **more)  # type: ignore[arg-type]  # requests' own options
