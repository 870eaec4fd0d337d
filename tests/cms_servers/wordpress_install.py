"""WordPress and MariaDB from Debian's packages, where they are missing. Needs root, or sudo.

Nothing of what the packages start is used: the tests start their own processes, in folders of their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

WORDPRESS = Path("/usr/share/wordpress")
EXTENSIONS = {"curl": "php-curl", "mysqli": "php-mysql"}
INSTALL_S = 900


def missing() -> list[str]:
    """The packages that are to be installed."""
    wanted = []
    if not (WORDPRESS / "wp-load.php").exists():
        wanted.append("wordpress")
    if shutil.which("mariadbd") is None and not Path("/usr/sbin/mariadbd").exists():
        wanted.append("mariadb-server")
    if shutil.which("php") is None:
        return [*wanted, "php-cli", *EXTENSIONS.values()]
    loaded = (
        subprocess.run(["php", "-m"], check=True, capture_output=True, text=True, timeout=60).stdout.lower().split()
    )
    return wanted + [package for name, package in EXTENSIONS.items() if name not in loaded]


def main() -> int:
    """Installs what is missing; 1 where that cannot be done here."""
    wanted = missing()
    if not wanted:
        return 0
    if shutil.which("apt-get") is None:
        sys.stderr.write(f"please install: {', '.join(wanted)}\n")
        return 1
    root = [] if os.geteuid() == 0 else ["sudo"]
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*root, "apt-get", "-qq", "update"], check=True, env=quiet, timeout=INSTALL_S)
    install = [*root, "apt-get", "-qq", "install", "--yes", "--no-install-recommends", *wanted]
    subprocess.run(install, check=True, env=quiet, timeout=INSTALL_S, stdout=subprocess.DEVNULL)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
