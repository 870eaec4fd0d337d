"""Strapi from npm, installed once into a folder of its own and kept: its SQLite driver takes minutes to compile."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"
INSTALL_S = 1_800
DEPENDENCIES = {
    5: {
        "@strapi/plugin-users-permissions": "5.54.0",
        "@strapi/strapi": "5.54.0",
        "better-sqlite3": "12.8.0",
        "react": "^18.0.0",
        "react-dom": "^18.0.0",
        "react-router-dom": "^6.0.0",
        "styled-components": "^6.0.0",
    },
    4: {
        "@strapi/plugin-i18n": "4.26.2",
        "@strapi/plugin-users-permissions": "4.26.2",
        "@strapi/strapi": "4.26.2",
        "better-sqlite3": "8.6.0",
        "react": "^18.0.0",
        "react-dom": "^18.0.0",
        "react-router-dom": "5.3.4",
        "styled-components": "5.3.3",
    },
}
# The image library that Strapi 4 asks for loads a binary from elsewhere than npm; the next one does not.
OVERRIDES: dict[int, dict[str, str]] = {4: {"sharp": "0.33.5"}, 5: {}}


def package(version: int) -> dict[str, object]:
    """The site's `package.json`."""
    asked = {"dependencies": DEPENDENCIES[version], "overrides": OVERRIDES[version]}
    return {"name": "site", "version": "0.0.0", "private": True, **asked}


def modules(version: int) -> Path:
    """The `node_modules` with Strapi 4 or 5 in it; installs them the first time, which takes five minutes or more.

    Raises:
        CalledProcessError, TimeoutExpired: npm failed; what it wrote stands in `install.log` of the folder.
    """
    node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True, timeout=30).stdout
    wanted = json.dumps(package(version))
    name = f"strapi-{hashlib.sha256(f'{wanted} {node}'.encode()).hexdigest()[:12]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: the second waits for the first one's
        if not (CACHE / name).exists():
            _install(wanted, CACHE / f"{name}.part", CACHE / name)
    return CACHE / name / "node_modules"


def _install(wanted: str, part: Path, home: Path) -> None:
    """Installs beside, and renames: a folder that stands is a whole one."""
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    (part / "package.json").write_text(wanted, "utf-8")
    with (part / "install.log").open("wb") as log:
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=warn"],
            cwd=part,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=INSTALL_S,
            env={**os.environ, "CI": "1", "STRAPI_TELEMETRY_DISABLED": "true"},
        )
    part.rename(home)
