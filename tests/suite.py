"""The suite. What failed in a few modules with real servers, on a machine they keep busy, is run once more, alone.

    python -m tests.suite -n 3

A promise about time, or about the order in which processes get somewhere, can be missed where many of them share two
processors. Such a test passes when it is run alone; a defect fails again. Nothing is hidden: both runs are printed, and
whatever passed only then is named at the end, to be looked into. Pure tests have no second run, nor have many modules.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

MOST = 3
"""Modules."""
REAL = ("tests/contract/", "tests/e2e/", "tests/edge/", "tests/integration/")
LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
FAILED = 1  # pytest's exit code where tests failed, and nothing else went wrong

Run = Callable[[Sequence[str]], int]


def run(arguments: Sequence[str], pytest: Run, failed: Callable[[], Sequence[str]]) -> tuple[int, Sequence[str]]:
    """The exit code, and what passed in its second run alone.

    Args:
        pytest: runs it with these arguments and returns its exit code.
        failed: the tests that failed in its last run, by id.
    """
    code = pytest(["-q", "--dist", "loadgroup", *arguments])
    again = failed() if code == FAILED else ()
    if (
        not again
        or len({one.partition("::")[0] for one in again}) > MOST
        or not all(one.startswith(REAL) for one in again)
    ):
        return code, ()
    code = pytest(["-q", "-n", "0", *again])
    return code, () if code else again


def _pytest(arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def _failed() -> Sequence[str]:
    return sorted(json.loads(LAST_FAILED.read_text())) if LAST_FAILED.exists() else ()


if __name__ == "__main__":
    ended, passed_alone = run(sys.argv[1:], _pytest, _failed)
    for test in passed_alone:
        sys.stdout.write(f"PASSED ONLY ALONE, to be looked into: {test}\n")
    sys.exit(ended)
