"""A first sync of ten thousand entries, and what it costs Tessera itself: recorded documents, served over HTTP."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cms.strapi_server import TOKEN, StrapiServer, running

ENTRIES = 10_000
MOST_CPU_S = 60.0
MOST_MB = 300.0
MEASURED = """
import json, resource, sys
from pathlib import Path
from plugin.cli.root import tessera
try:
    tessera(sys.argv[1:], standalone_mode=False)
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Not ru_maxrss: across exec that keeps the peak of the process that started this one.
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "mb": int(peak.split()[1]) / 1024}))
"""


def many() -> StrapiServer:
    """The recorded articles again and again, each a document of its own."""
    made = StrapiServer.with_recordings()
    recorded = made.published["articles"]
    made.published["articles"] = [
        _one(copy.deepcopy(recorded[number % len(recorded)]), number) for number in range(ENTRIES)
    ]
    return made


def _one(document: dict[str, Any], number: int) -> dict[str, Any]:
    """A document of its own, published a minute after the one before."""
    moment = f"{datetime(2026, 1, 1) + timedelta(minutes=number):%Y-%m-%dT%H:%M:%S}.000Z"  # noqa: DTZ001 - its Z says UTC
    return {**document, "id": number, "documentId": f"doc{number:08d}", "updatedAt": moment, "publishedAt": moment}


def run(folder: Path, *words: str) -> list[str]:
    environ = {**os.environ, "TESSERA_CONFIG": str(folder / "tessera.toml")}
    command = [sys.executable, "-c", MEASURED, *words]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.server
def test_ten_thousand_entries_come_within_the_limits_and_one_change_with_a_request_or_two(tmp_path: Path) -> None:
    server = many()
    with running(server) as url:
        (tmp_path / "tessera.toml").write_text(
            f'data_dir = "var"\n[sources.cms]\nadapter = "strapi"\nurl = "{url}"\ntoken = "{TOKEN}"\n'
            'types = ["articles"]\nallow_private = true\n'
        )
        run(tmp_path, "db", "upgrade")
        said, figures = run(tmp_path, "cms", "sync")
        used = json.loads(figures)
        assert (used["cpu_s"] <= MOST_CPU_S, used["mb"] <= MOST_MB) == (True, True), used
        assert f"{ENTRIES} added" in said
        changed = server.published["articles"][17]
        changed |= dict.fromkeys(("updatedAt", "publishedAt"), "2030-01-01T00:00:00.000Z")
        changed["title"] = "Changed"
        (tmp_path / "figures.json").write_text(figures)
        server.requests.clear()
        said, _figures = run(tmp_path, "cms", "sync")
        assert "1 updated" in said
        assert len(server.requests) <= 2
