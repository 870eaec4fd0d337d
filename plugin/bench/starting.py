"""Process start: from the stored canonical form to the first answer, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from plugin.bench.generator import make
from plugin.bench.storing import store_world

SLOTS = 20
"""As many as a large site has; the rules and the entries are spread over them."""
_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Starting:
    """Medians over so many starts.

    Attributes:
        cpu_s: user and system seconds of the process, from its first instruction to its first answer.
        peak_mb: the most memory it held (VmHWM), in 10^6 bytes.
        bare_mb: the same for a process that has only imported the application.
    """

    rules: int
    entries: int
    runs: int
    cpu_s: float
    peak_mb: float
    bare_mb: float


def start(*, size: int, entries: int, runs: int = 3) -> Starting:
    """Start the application upon a database with so many rules and entries, and answer one request."""
    world = make("equalities", rules=size, slots=SLOTS, candidates=max(1, entries // SLOTS))
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as named:
        folder = Path(named)
        store_world(world, folder / "bench.db")
        _once(folder, "")  # writes the bytecode that there is not yet, as installing does
        found = [_once(folder, world.slots[0]) for _run in range(runs)]
        bare = _once(folder, "")
    return Starting(
        size,
        len(world.content),
        runs,
        median(cpu for cpu, _peak in found),
        median(peak for _cpu, peak in found),
        bare[1],
    )


def _once(folder: Path, slot: str) -> tuple[float, float]:
    """CPU seconds and peak memory of one start; an empty slot: only imports."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TESSERA_")}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)  # else each start would compile the same anew
    environ = {
        **inherited,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TESSERA_DATA_DIR": str(folder),
        "TESSERA_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "TESSERA_DELIVERY_KEYS": json.dumps([{"key": "bench"}]),
    }
    command = [sys.executable, "-m", "plugin.bench.starter", slot]
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        command, env=environ, cwd=folder, check=True, capture_output=True, timeout=_TIMEOUT_S
    )
    answer = json.loads(done.stdout)
    return float(answer["cpu_s"]), float(answer["peak_mb"])
