"""The process that `plugin.bench.starting` starts: it comes up, answers one request, and says what that cost."""

from __future__ import annotations

import importlib
import json
import re
import resource
import sys
from pathlib import Path

from plugin import create_app


def main(slot: str) -> None:
    """Print CPU seconds and peak memory as JSON; with an empty slot, of the imports alone."""
    if slot:
        client = create_app().test_client()
        answer = client.post("/v1/personalize", json={"slots": [{"id": slot}]}, headers={"X-Tessera-Key": "bench"})
        if answer.status_code != 200 or not answer.get_json()["slots"][slot]["blocks"]:
            raise SystemExit(f"no answer: {answer.status_code} {answer.get_data(as_text=True)[:500]}")
    else:
        importlib.import_module("plugin.app")
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Not ru_maxrss: across exec that keeps the parent's peak.
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    peak = int(found[1]) * 1024 / 1e6 if found else 0.0
    sys.stdout.write(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "peak_mb": peak}))


if __name__ == "__main__":
    main(sys.argv[1])
