"""The peers' environment: made once, from versions that are pinned with their hashes, in a folder that git ignores."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
REQUIREMENTS = HERE / "requirements.txt"
INSTALL_S = 900


def peers_python() -> Path:
    """The Python of an environment with the peers in it, installed the first time from the package registry.

    Raises:
        RuntimeError, TimeoutExpired: they could not be installed.
    """
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / f"peers-{sys.version_info.major}.{sys.version_info.minor}-{digest}"
    python = folder / "bin" / "python"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=INSTALL_S)
            quiet = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            install = [*quiet, "--require-hashes", "--requirement", str(REQUIREMENTS)]
            made = subprocess.run(install, check=False, timeout=INSTALL_S, capture_output=True, text=True)
            if made.returncode:
                raise RuntimeError(f"the peers could not be installed:\n{made.stderr[-4000:]}")
            (folder / "complete").touch()
    return python
