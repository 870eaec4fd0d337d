"""Packages from npm by a lock file, installed once into a folder of their own and kept."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.servers import program

CACHE = Path(__file__).parents[1] / ".cache"
INSTALL_S = 600


def modules(name: str, folder: Path) -> Path:
    """The `node_modules` of a folder with a `package.json` and a lock file; the first time npm brings what is in it."""
    wanted = (folder / "package-lock.json").read_bytes()
    node = subprocess.run([program("node"), "--version"], check=True, capture_output=True, timeout=90).stdout
    home = CACHE / f"{name}-{hashlib.sha256(wanted + node).hexdigest()[:12]}"
    CACHE.mkdir(exist_ok=True)
    with home.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: the second waits for the first one's
        if not home.exists():
            _install(folder, home.with_suffix(".part"), home)
    return home / "node_modules"


def _install(folder: Path, part: Path, home: Path) -> None:
    """Installs beside, and renames: a folder that stands is a whole one."""
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, part)
    command = [program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(
        command, cwd=part, stdin=subprocess.DEVNULL, capture_output=True, timeout=INSTALL_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm ci failed:\n{done.stderr.decode(errors='replace')[-2_000:]}")
    part.rename(home)
