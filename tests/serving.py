"""A running Tessera for tests: the commands that an operator types, in a folder of its own, and the server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parents[1]
COMMANDS = (["db", "upgrade"], ["cms", "sync"], ["rules", "publish", "rules.yaml"])
COMMAND_S = 180
START_S = 180
STOP_S = 60


@contextmanager
def serving(folder: Path, url: str, *, settings: str, rules: str) -> Iterator[None]:
    """Migrates, syncs, publishes and serves, until the block ends.

    Args:
        folder: empty; gets the settings, the rules, the database and the log.
        url: where the settings bind it.
    """
    (folder / "tessera.toml").write_text(settings)
    (folder / "rules.yaml").write_text(rules)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TESSERA_")}
    environ["PYTHONPATH"] = str(ROOT)
    tessera = [sys.executable, "-m", "plugin.cli"]
    for words in COMMANDS:
        done = subprocess.run(
            [*tessera, *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=COMMAND_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*tessera, "serve"], cwd=folder, env=environ, stdout=log, stderr=log)
        try:
            _wait(url, server, folder / "log")
            yield
        finally:
            server.terminate()
            try:
                server.wait(STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(STOP_S)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not _ready(url):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Tessera did not start:\n{log.read_text(errors='replace')[-3_000:]}")
        time.sleep(0.1)


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        return False
